import { type CommandOutcome, type LoginStep, newSealKeyPair } from "@flotilla/contracts";
import { parseUserId } from "@flotilla/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { say } from "../src/kit/words/said.ts";
import { FLEET_TIMES } from "../src/kit/words/times.ts";
import { loginScreen } from "../src/login/login-screen.ts";
import { afterOutcome, keep, typedCode } from "../src/login/reducer.ts";
import { refusalSaid } from "../src/login/refusals.ts";
import { WizardStep } from "../src/login/wizard-state.ts";
import { EN, NOW, saying, WORKER } from "./support.ts";
import { checkCard, labels } from "./telegram-html.ts";

const CODE = "90817";
const orNull = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { nil: null });
const REASONS = [
  "phone-invalid",
  "flood-wait",
  "network",
  "password-flood",
  "phone-banned",
  "timeout",
  "no-login",
  "new-one",
  "import-bot",
  "parcel-gone",
];

const refused = fc.record({
  kind: fc.constant("refused" as const),
  reason: fc.constantFrom(...REASONS),
  fault: fc.constant(null),
  waitS: orNull(fc.nat(100_000)),
  final: fc.boolean(),
});
const loginSteps: fc.Arbitrary<LoginStep> = fc.oneof(
  fc.record({
    kind: fc.constant("began" as const),
    publicKey: fc.constant(newSealKeyPair().publicKey),
    knownPhoneMasked: orNull(fc.constant("+49 … 12")),
    expiresAt: fc.constant(NOW),
  }),
  fc.record({
    kind: fc.constant("code-sent" as const),
    via: fc.constantFrom("app", "sms"),
    length: fc.integer({ min: 1, max: 8 }),
    nextVia: orNull(fc.constant("sms")),
    resendAt: orNull(fc.constant(NOW + 1000)),
    expiresAt: fc.constant(NOW + 60_000),
  }),
  fc.record({ kind: fc.constant("wrong-code" as const), triesLeft: fc.nat(5) }),
  fc.constant({ kind: "code-expired" as const }),
  fc.record({ kind: fc.constant("password-needed" as const), hint: orNull(fc.constant("a pet")) }),
  fc.record({ kind: fc.constant("wrong-password" as const), triesLeft: fc.nat(5) }),
  fc.constant({ kind: "cancelled" as const }),
  fc.constant({
    kind: "done" as const,
    account: { userId: parseUserId("1"), name: "Ann", username: null, phoneMasked: null },
  }),
  refused,
  fc.record({
    kind: fc.constant("session-found" as const),
    format: fc.constantFrom("telethon-file", "pyrogram-string", "new-one"),
    userId: orNull(fc.constant("7000001")),
    resumes: fc.boolean(),
    otherApiId: orNull(fc.constant(4)),
  }),
  fc.constant({ kind: "session-taken" as const, userId: null }),
);
const outcomes: fc.Arbitrary<CommandOutcome> = fc.oneof(
  loginSteps.map((step) => ({ kind: "login" as const, step })),
  fc.constant({ kind: "expired" as const }),
  fc.constant({ kind: "failed" as const, code: "x", message: "It did not work." }),
  fc.constant({ kind: "done" as const }),
);
/** What an admin does next: the busy step that the wizard saves before it sends. */
const acts = fc.constantFrom("submit", "wait");

function act(step: WizardStep): WizardStep {
  if (step.kind === "ask-phone") return { kind: "sending-code" };
  // The wizard is kept as JSON between two steps.
  if (step.kind === "ask-code")
    return WizardStep.parse(JSON.parse(JSON.stringify({ kind: "checking-code", before: step })));
  return step.kind === "ask-password" ? { kind: "checking-password", hint: step.hint } : step;
}

const askCode: WizardStep = {
  kind: "ask-code",
  via: "sms",
  length: 6,
  nextVia: null,
  resendAt: null,
  expiresAt: NOW + 1,
  note: null,
  dead: false,
};
const allSteps: readonly WizardStep[] = [
  { kind: "preparing" },
  { kind: "ask-phone", known: "+49 … 12", note: null },
  { kind: "sending-code" },
  askCode,
  { kind: "checking-code", before: askCode },
  { kind: "ask-password", hint: "a pet", note: null },
  { kind: "checking-password", hint: "a pet" },
  { kind: "ask-session", known: null, note: saying("no") },
  { kind: "reading-session", known: "+49 … 12" },
  {
    kind: "confirm-session",
    known: null,
    format: "telethon-file",
    userId: "7000001",
    resumes: true,
    otherApiId: null,
  },
  { kind: "taking-session", known: null },
  { kind: "confirm-account", now: "@bob", before: "@ann", note: null },
  { kind: "keeping-account", now: "@bob", before: "@ann" },
  { kind: "ended", text: saying("over") },
];

test("no sequence of answers leaves the admin without a way on", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(outcomes, acts)), (story) => {
      let step: WizardStep = { kind: "preparing" };
      for (const [outcome, next] of story) {
        step = WizardStep.parse(afterOutcome(step, outcome, NOW));
        const card = loginScreen({ words: EN, worker: WORKER, step: step, digits: 0, now: NOW });
        checkCard(card);
        const ways = labels(card).filter(
          (label) => label === "✖️ Cancel" || label === "⬅️ Back" || label.includes("New code"),
        );
        expect(ways.length).toBeGreaterThan(0);
        if (next === "submit") step = act(step);
      }
    }),
  );
});

test("only an end ends a login: a final refusal, done, cancelled, or a start that failed", () => {
  fc.assert(
    fc.property(fc.constantFrom(...allSteps), outcomes, (step, outcome) => {
      const after = afterOutcome(step, outcome, NOW);
      if (after.kind !== "ended" || step.kind === "ended") return;
      const login = outcome.kind === "login" ? outcome.step : null;
      const isEnd =
        login?.kind === "done" ||
        login?.kind === "session-taken" ||
        login?.kind === "cancelled" ||
        (login?.kind === "refused" && login.final);
      expect(isEnd || step.kind === "preparing").toBe(true);
    }),
  );
});

test("a login that is over stays over, whatever still arrives", () => {
  fc.assert(
    fc.property(outcomes, (outcome) => {
      const over: WizardStep = { kind: "ended", text: saying("over") };
      expect(afterOutcome(over, outcome, NOW).kind).toBe("ended");
    }),
  );
});

describe("a mistake keeps the step that the admin is at", () => {
  const small: LoginStep = {
    kind: "refused",
    reason: "network",
    fault: null,
    waitS: null,
    final: false,
  };
  test.each([
    ["sending-code", "ask-phone"],
    ["ask-session", "ask-session"],
    ["reading-session", "ask-session"],
    ["confirm-session", "ask-session"],
    ["taking-session", "ask-session"],
    ["confirm-account", "confirm-account"],
    ["keeping-account", "confirm-account"],
    ["ask-phone", "ask-phone"],
    ["ask-code", "ask-code"],
    ["checking-code", "ask-code"],
    ["ask-password", "ask-password"],
    ["checking-password", "ask-password"],
  ])("%s is asked again as %s, with what went wrong", (from, to) => {
    const step = allSteps.find((each) => each.kind === from) as WizardStep;
    for (const outcome of [
      { kind: "login", step: small },
      { kind: "expired" },
      { kind: "failed", code: "x", message: "It did not work." },
    ] as const) {
      const after = afterOutcome(step, outcome, NOW);
      expect(after).toMatchObject({ kind: to });
      expect(EN.said("note" in after && after.note ? after.note : saying("")).text).toMatch(
        /^❌ \S/,
      );
    }
  });

  test(
    "a wrong code is asked for again with the same length and way, also after a way through " +
      "the database",
    () => {
      const busy = WizardStep.parse(
        JSON.parse(JSON.stringify({ kind: "checking-code", before: askCode })),
      );
      const after = afterOutcome(
        busy,
        { kind: "login", step: { kind: "wrong-code", triesLeft: 2 } },
        NOW,
      );
      expect(after).toEqual({ ...askCode, note: say("login-wrong-code", { tries: 2 }) });
    },
  );

  test("a wrong password keeps the hint", () => {
    const after = afterOutcome(
      { kind: "checking-password", hint: "a pet" },
      { kind: "login", step: { kind: "wrong-password", triesLeft: 1 } },
      NOW,
    );
    expect(after).toMatchObject({ kind: "ask-password", hint: "a pet" });
  });

  test("a code that expired leaves a new code and the QR code", () => {
    const after = afterOutcome(
      { kind: "checking-code", before: askCode },
      { kind: "login", step: { kind: "code-expired" } },
      NOW,
    );
    expect(after).toMatchObject({ kind: "ask-code", dead: true, length: 6 });
    expect(
      labels(loginScreen({ words: EN, worker: WORKER, step: after, digits: 0, now: NOW })),
    ).toEqual(["🔁 New code", "📷 QR instead", "✖️ Cancel"]);
  });
});

test("no step of the wizard has room for the digits of a code or a password", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(outcomes, acts), { minLength: 1 }), (story) => {
      let step: WizardStep = { kind: "ask-phone", known: null, note: null };
      for (const [outcome, next] of story) {
        step = afterOutcome(step, outcome, NOW);
        const stuffed = WizardStep.parse({
          ...step,
          code: CODE,
          digits: CODE,
          password: CODE,
          phone: CODE,
        });
        expect(JSON.stringify(stuffed)).not.toContain(CODE);
        if (next === "submit") step = act(step);
      }
    }),
  );
});

test("every reason of a refusal has words of its own, and a new one is still a sentence", () => {
  const reasons = [
    "phone-invalid",
    "phone-banned",
    "no-account",
    "phone-flood",
    "password-flood",
    "too-many-codes",
    "too-many-passwords",
    "flood-wait",
  ];
  const more = [
    "send-code-unavailable",
    "api-id",
    "update-app",
    "network",
    "email-setup-needed",
    "already-used",
    "timeout",
    "no-login",
  ];
  const refusal = (reason: string, waitS: number | null, message: string | null): string => {
    const fault = message === null ? null : { class: "REQUEST" as const, code: "X", message };
    return EN.said(refusalSaid({ kind: "refused", reason, fault, waitS, final: false }, NOW)).text;
  };
  const texts = [...reasons, ...more].map((reason) => refusal(reason, null, null));
  expect(new Set(texts).size).toBe(reasons.length + more.length);
  for (const text of texts) expect(text).toMatch(/^❌ (?!Telegram refused)[A-Z][^{]+$/);
  expect(refusal("brand-new", null, "A sentence in English")).toBe("❌ Telegram refused: X.");
  expect(refusal("flood-wait", 60, null)).toContain(FLEET_TIMES.date(NOW + 60_000).slice(0, 10));
});

test("a step with a note says the newest one", () => {
  expect(keep(keep(askCode, saying("one")), saying("two"))).toMatchObject({ note: saying("two") });
});

test.each(["12345", "١٢٣٤٥", "１２３４５", "१ २ ३ ४ ५", "\u200b1\u200b2345"])(
  "a code that is typed as %j is dead",
  (text) => {
    const more = {
      length: 5,
      nextVia: null,
      resendAt: null,
      expiresAt: 9e15,
      note: null,
      dead: false,
    };
    const step: WizardStep = { kind: "ask-code", via: "app", ...more };
    expect(typedCode(step, text)).toMatchObject({ dead: true });
    expect(typedCode(step, "hello")).toBeNull();
  },
);

import fc from "fast-check";
import { Api } from "telegram";
import { expect, test } from "vitest";
import {
  type LoginEvent,
  type LoginState,
  NOT_BEGUN,
  transition,
} from "../src/login/login-state.ts";

const sent = (hash: string): Api.auth.SentCode =>
  new Api.auth.SentCode({
    type: new Api.auth.SentCodeTypeSms({ length: 5 }),
    phoneCodeHash: hash,
  });

const event: fc.Arbitrary<LoginEvent> = fc.oneof(
  fc.record({ kind: fc.constant("phone-given" as const), phone: fc.constantFrom("1", "2") }),
  fc.record({ kind: fc.constant("code-sent" as const), sent: fc.string().map(sent) }),
  fc.record({
    kind: fc.constantFrom(
      "code-wrong" as const,
      "code-expired" as const,
      "password-needed" as const,
      "password-wrong" as const,
    ),
  }),
  fc.record({ kind: fc.constantFrom("signed-in" as const, "change-accepted" as const) }),
  fc.record({ kind: fc.constant("ended" as const) }),
);

/** Calls `each` for every event that is not refused, and returns the last state. */
function through(
  events: readonly LoginEvent[],
  each: (before: LoginState, happened: LoginEvent, after: LoginState) => void = () => {},
): LoginState {
  let state = NOT_BEGUN;
  for (const happened of events) {
    const next = transition(state, happened);
    if ("refused" in next) continue;
    each(state, happened, next);
    state = next;
  }
  return state;
}

function overAnySeries(
  each: (before: LoginState, happened: LoginEvent, after: LoginState) => void,
): void {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => void through(events, each)),
  );
}

test("over any series of events nothing follows the end", () => {
  overAnySeries((before, _, after) => {
    if (before.at === "ended") expect(after.at).toBe("ended");
  });
});

test("over any series of events only an authorisation signs in, and only an admin accepts another account", () => {
  overAnySeries((before, happened, after) => {
    if (before.at !== "signed-in" && after.at === "signed-in") {
      expect(happened.kind).toBe("signed-in");
      expect(after.mayChange).toBe(false);
    }
    if (before.at === "signed-in") expect(["signed-in", "ended"]).toContain(after.at);
    if (after.at === "signed-in" && after.mayChange && before.at === "signed-in")
      expect(before.mayChange || happened.kind === "change-accepted").toBe(true);
  });
});

test("over any series of events a code belongs to the phone it was sent to, and starts with no wrong try", () => {
  overAnySeries((before, happened, after) => {
    if (!("code" in before) || !("code" in after)) return;
    if (before.code.kind === "sent" && after.code.kind === "sent")
      expect(after.code.phone).toBe(before.code.phone);
    if (happened.kind === "code-sent")
      expect(after.code).toMatchObject({ kind: "sent", sent: happened.sent, wrong: 0 });
  });
});

test("over any series of events wrong passwords only add up", () => {
  overAnySeries((before, happened, after) => {
    if (!("code" in before) || !("code" in after)) return;
    const added = after.wrongPasswords - before.wrongPasswords;
    expect(added).toBe(happened.kind === "password-wrong" ? 1 : 0);
  });
});

test("a code is kept while a new one is requested for its phone, and dropped for another phone", () => {
  const given = (phone: string): LoginEvent => ({ kind: "phone-given", phone });
  const first: readonly LoginEvent[] = [given("1"), { kind: "code-sent", sent: sent("a") }];
  expect(through([...first, given("1")])).toMatchObject({ code: { kind: "sent", phone: "1" } });
  expect(through([...first, given("2")])).toMatchObject({ code: { kind: "due", phone: "2" } });
});

test("what cannot happen is refused: a wrong try without a code or a question, a change without an account", () => {
  for (const kind of ["code-wrong", "code-expired", "password-wrong", "change-accepted"] as const)
    expect(transition(NOT_BEGUN, { kind })).toEqual({ refused: true, at: "code", event: kind });
});

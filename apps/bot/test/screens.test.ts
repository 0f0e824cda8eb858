import { decodePress, ErrorClass, WorkerState } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AlertRow, alertCard, resolvedText } from "../src/alerts/alert-card.ts";
import { workerScreen } from "../src/screens/details.ts";
import { html } from "../src/screens/html.ts";
import { logScreen } from "../src/screens/log.ts";
import { loginScreen } from "../src/screens/login.ts";
import { addScreen, menuScreen, workersScreen } from "../src/screens/menu.ts";
import { noticeScreen } from "../src/screens/notice.ts";
import type { Card } from "../src/screens/screen.ts";
import type { WizardStep } from "../src/wizard/wizard-state.ts";
import { anyWorker, hostile, hostileUpTo, NOW, viewOf, workerView } from "./support.ts";
import { checkCard, labels, plainText } from "./telegram-html.ts";

const LONGEST = parseWorkerId("w".repeat(32));
const orNull = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { nil: null });
const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `worker-${String(n).padStart(2, "0")}`);

const steps: fc.Arbitrary<WizardStep> = fc.oneof(
  fc.constantFrom(
    { kind: "preparing" as const },
    { kind: "sending-code" as const },
    { kind: "checking-code" as const, before: null },
  ),
  fc.record({ kind: fc.constant("ask-phone" as const), known: orNull(hostileUpTo(20)), note: orNull(hostile) }),
  fc.record({
    kind: fc.constant("ask-code" as const),
    via: fc.oneof(fc.constantFrom("app", "sms", "call"), hostile),
    length: fc.integer({ min: 1, max: 8 }),
    nextVia: orNull(hostile),
    resendAt: orNull(fc.integer({ min: NOW - 1000, max: NOW + 100_000 })),
    expiresAt: fc.constant(NOW + 60_000),
    note: orNull(hostile),
    dead: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("ask-password" as const), hint: orNull(hostile), note: orNull(hostile) }),
  fc.record({ kind: fc.constant("checking-password" as const), hint: orNull(hostile) }),
  fc.record({ kind: fc.constant("ended" as const), text: hostile.map((text) => `x${text}`) }),
);

const alerts: fc.Arbitrary<AlertRow> = fc.record({
  n: fc.nat(9999),
  state: fc.constantFrom("open" as const, "resolved" as const),
  openedAt: fc.constant(NOW),
  resolvedAt: orNull(fc.constant(NOW + 5000)),
  resolvedBy: orNull(hostile),
  revision: fc.constant(1),
  body: fc.oneof(
    fc.record({
      kind: fc.constant("crash" as const),
      worker: fc.constant(LONGEST),
      host: hostile,
      how: hostile,
      uptimeMs: fc.nat(),
      firstErrorLine: orNull(hostileUpTo(300)),
      class: fc.constantFrom(...ErrorClass.options),
      count: fc.nat(99),
      next: hostile,
      gaveUp: fc.boolean(),
      action: orNull(hostile),
    }),
    fc.record({
      kind: fc.constant("needs-login" as const),
      worker: fc.constant(LONGEST),
      host: hostile,
      code: hostile,
      action: orNull(hostile),
    }),
  ),
});

describe("whatever names, errors and answers hold, Telegram takes", () => {
  const fleets = fc.uniqueArray(anyWorker, { selector: (worker) => worker.id, maxLength: 20 });

  test("the menu and each page of the list", () => {
    fc.assert(
      fc.property(fleets, fc.boolean(), fc.nat(5), (workers, fresh, page) => {
        checkCard(menuScreen(viewOf(workers, { fresh })));
        checkCard(workersScreen(viewOf(workers, { fresh }), page));
      }),
    );
  });

  test("the details of each worker, and every one of them can be left", () => {
    fc.assert(
      fc.property(anyWorker, fc.boolean(), (worker, fresh) => {
        const card = workerScreen(viewOf([worker], { fresh }), worker.id);
        checkCard(card);
        expect(labels(card)).toContain("⬅️ Back");
      }),
    );
  });

  test("the details of a worker with the longest texts that there can be", () => {
    const long = "<&>".repeat(200).slice(0, 500);
    const worker = workerView(LONGEST, { fault: { class: "CRASH", code: long.slice(0, 120), message: long } });
    const command = {
      id: "c",
      worker: LONGEST,
      verb: "restart",
      askerId: "1",
      askerName: long.slice(0, 64),
      askedAt: NOW,
    } as const;
    const failed = { ...command, state: "failed", endedAt: NOW, result: long } as const;
    expect(checkCard(workerScreen(viewOf([{ ...worker, command: failed }]), LONGEST))).toContain(long);
  });

  test("a log of any length, with its newest line", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(hostile, fc.constant("<&>".repeat(500))), { maxLength: 200 }), (log) => {
        const text = checkCard(logScreen(LONGEST, log, null));
        const last = log.at(-1)?.slice(0, 400).trim();
        if (last) expect(text).toContain(last);
      }),
    );
  });

  test("every step of a login, with a way on or out", () => {
    fc.assert(
      fc.property(steps, fc.nat(8), (step, digits) => {
        const card = loginScreen(LONGEST, step, digits, NOW);
        checkCard(card);
        expect(labels(card).some((label) => label === "✖️ Cancel" || label === "⬅️ Back")).toBe(true);
      }),
    );
  });

  test("every alert and its end", () => {
    fc.assert(
      fc.property(alerts, (alert) => {
        checkCard(alertCard(alert));
        plainText(resolvedText(alert));
        if (alert.state === "resolved") expect(labels(alertCard(alert))).toEqual([]);
      }),
    );
  });

  test("a question that was answered badly, and a notice", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(checkCard(addScreen(text))).toContain(text.trim());
        checkCard(noticeScreen(html`x${text}`, LONGEST));
      }),
    );
  });

  test("any text as the text that it is", () => {
    fc.assert(fc.property(hostile, (text) => void expect(plainText(html`<b>${text}</b>`.text)).toBe(text)));
  });
});

test("every button of every screen is a press of ours, with the longest name", () => {
  const states = WorkerState.options.map((state) => workerScreen(viewOf([workerView(LONGEST, { state })]), LONGEST));
  const many = viewOf(names(17).map((name) => workerView(name)));
  const cards: Card[] = [
    ...states,
    menuScreen(many),
    ...[0, 1, 2].map((page) => workersScreen(many, page)),
    workersScreen(viewOf([workerView(LONGEST)]), 0),
    addScreen(null),
    logScreen(LONGEST, [], null),
    noticeScreen(html`x`, LONGEST),
    ...fc.sample(steps, 300).map((step) => loginScreen(LONGEST, step, 0, NOW)),
    ...fc.sample(alerts, 50).map(alertCard),
  ];
  for (const card of cards) {
    checkCard(card);
    for (const button of card.keyboard.flat())
      expect(decodePress("callback_data" in button ? button.callback_data : "")).not.toBeNull();
  }
});

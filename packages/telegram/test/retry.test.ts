import { ErrorClass, type Fault } from "@flotilla/contracts";
import { DEFAULT_TIMINGS } from "@flotilla/telegram";
import fc from "fast-check";
import { expect, test } from "vitest";
import { failedAgain, NO_FAILURES, nextStep } from "../src/account/retry.ts";

const fault = (of: Partial<Fault>): Fault => ({ class: "NETWORK", code: "x", message: "x", ...of });
const failures = (all: number, unknownKey = 0, fatal = 3) => ({ all, unknownKey, fatal });
const MIDDLE = 0.5;

test("network faults are retried for ever: 10, 20, 40, 80, then 120 seconds", () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 1000].map((all) =>
    nextStep(fault({}), failures(all), DEFAULT_TIMINGS, MIDDLE),
  );
  expect(delays).toEqual(
    [10, 20, 40, 80, 120, 120, 120, 120].map((s) => ({ kind: "wait", delayMs: s * 1000 })),
  );
});

test("jitter stays within 20 percent", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (all, random) => {
        const exact = nextStep(fault({}), failures(all), DEFAULT_TIMINGS, MIDDLE);
        const step = nextStep(fault({}), failures(all), DEFAULT_TIMINGS, random);
        if (exact.kind === "dead" || step.kind === "dead")
          throw new Error("a network fault is never final");
        expect(step.delayMs).toBeGreaterThanOrEqual(exact.delayMs * 0.8 - 1);
        expect(step.delayMs).toBeLessThanOrEqual(exact.delayMs * 1.2 + 1);
      },
    ),
  );
});

test("a flood wait is never shortened", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1_000_000 }),
      fc.integer({ min: 1, max: 50 }),
      (waitS, all) => {
        const step = nextStep(fault({ class: "FLOOD", waitS }), failures(all), DEFAULT_TIMINGS);
        expect(step.kind === "wait" && step.delayMs >= (waitS + 1) * 1000).toBe(true);
      },
    ),
  );
});

test("dead keys and bans that were confirmed, and wrong configuration, are never retried", () => {
  const dead = ErrorClass.options.filter(
    (each) => nextStep(fault({ class: each }), failures(1), DEFAULT_TIMINGS).kind === "dead",
  );
  expect(dead.toSorted()).toEqual(["AUTH_DEAD", "BANNED", "CONFIG", "DB_BROKEN", "IN_USE"]);
});

test("an unknown key gets two more chances, spread over more than ten minutes", () => {
  const unknown = fault({ class: "AUTH_DEAD", code: "unknown-key" });
  const steps = [1, 2, 3].map((n) => nextStep(unknown, failures(n, n), DEFAULT_TIMINGS));
  expect(steps).toEqual([
    { kind: "wait", delayMs: 60_000 },
    { kind: "wait", delayMs: 600_000 },
    { kind: "dead" },
  ]);
});

test.each([
  "AUTH_KEY_UNREGISTERED",
  "SESSION_REVOKED",
  "SESSION_EXPIRED",
  "USER_DEACTIVATED_BAN",
  "AUTH_KEY_INVALID",
])("%s counts when it was answered three times within two minutes", (code) => {
  const ended = fault({ class: code.startsWith("USER") ? "BANNED" : "AUTH_DEAD", code });
  const steps = [1, 2, 3].map((n) => nextStep(ended, failures(n, 0, n), DEFAULT_TIMINGS));
  expect(steps).toEqual([
    { kind: "wait", delayMs: 20_000 },
    { kind: "wait", delayMs: 100_000 },
    { kind: "dead" },
  ]);
});

test.each(["AUTH_KEY_DUPLICATED", "no-key"])("%s is certain at once", (code) => {
  expect(nextStep(fault({ class: "AUTH_DEAD", code }), failures(1, 0, 1), DEFAULT_TIMINGS)).toEqual(
    { kind: "dead" },
  );
});

test("however answers and lost connections come, the third answer counts, and nothing before it", () => {
  const ended = fault({ class: "AUTH_DEAD", code: "SESSION_REVOKED" });
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 30 }), (answers) => {
      let sofar = NO_FAILURES;
      for (const [n, isAnswer] of answers.entries()) {
        const found = isAnswer ? ended : fault({ class: "NETWORK" });
        sofar = failedAgain(sofar, found);
        const before = answers.slice(0, n + 1).filter(Boolean).length;
        const step = nextStep(found, sofar, DEFAULT_TIMINGS);
        expect(step.kind).toBe(isAnswer && before >= 3 ? "dead" : "wait");
        if (step.kind === "dead") return;
      }
    }),
  );
});

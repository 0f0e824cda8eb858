import { ErrorClass } from "@flotilla/contracts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  countingCrashes,
  DEFAULT_RESTART_RULES,
  decideRestart,
  type PastExit,
  type RestartRules,
} from "../src/restart-policy.ts";

const COUNTED = ["CRASH", "OOM", "STUCK"] as const;
const NEVER_RESTARTED = ["CONFIG", "DB_BROKEN", "AUTH_DEAD", "BANNED"] as const;
const NEVER_COUNTED = [
  "NETWORK",
  "TG_SERVER",
  "FLOOD",
  "LIMITED",
  "SESSION_LOCKED",
  "IN_USE",
  "SOURCE",
  "GAP",
  "REQUEST",
] as const;
const RULES = DEFAULT_RESTART_RULES;
const START = 1_800_000_000_000;

/**
 * A stable run is at least as long as the window: a shorter one would forgive crashes that still
 * count.
 */
const rules: fc.Arbitrary<RestartRules> = fc
  .record({
    firstDelayMs: fc.integer({ min: 0, max: 2000 }),
    crashDelayMs: fc.integer({ min: 0, max: 60_000 }),
    lockedDelaysMs: fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 3 }),
    crashLimit: fc.integer({ min: 1, max: 8 }),
    windowMs: fc.integer({ min: 1000, max: 1_200_000 }),
    moreMs: fc.oneof(fc.constant(0), fc.nat(600_000)),
    jitter: fc.double({ min: 0, max: 0.9, noNaN: true }),
  })
  .map(({ moreMs, ...rest }) => ({ ...rest, stableMs: rest.windowMs + moreMs }));

/** Runs in real order: each lasts, ends, and the next begins when the policy allows it. */
const runs = fc.array(
  fc.record({ uptimeMs: fc.nat(900_000), class: fc.constantFrom(...ErrorClass.options) }),
  {
    maxLength: 60,
  },
);

interface Step {
  readonly at: number;
  readonly decision: ReturnType<typeof decideRestart>;
}

/** Plays the runs; an admin presses Restart one minute after the policy gave up. */
function live(
  lives: readonly Omit<PastExit, "at">[],
  under: RestartRules,
): { history: PastExit[]; steps: Step[] } {
  const history: PastExit[] = [];
  const steps: Step[] = [];
  let now = START;
  for (const run of lives) {
    now += run.uptimeMs;
    history.push({ ...run, at: now });
    const decision = decideRestart(history, now, under, 0.5);
    steps.push({ at: now, decision });
    now += "delayMs" in decision ? decision.delayMs : 60_000;
  }
  return { history, steps };
}

const crash = (at: number, uptimeMs = 0, kind: PastExit["class"] = "CRASH"): PastExit => ({
  at,
  uptimeMs,
  class: kind,
});

describe("over any history", () => {
  test("never more restarts than the limit are granted within any window", () => {
    fc.assert(
      fc.property(runs, rules, (lives, under) => {
        const granted = live(lives, under).steps.filter((step) => step.decision.kind === "restart");
        for (const { at } of granted) {
          const within = granted.filter(
            (other) => other.at <= at && other.at > at - under.windowMs,
          );
          expect(within.length).toBeLessThanOrEqual(under.crashLimit);
        }
      }),
    );
  });

  test("trouble that is not the worker's fault is never counted, and is always tried again", () => {
    fc.assert(
      fc.property(
        runs,
        rules,
        fc.constantFrom(...NEVER_COUNTED),
        fc.nat(900_000),
        (lives, under, kind, uptimeMs) => {
          const { history } = live(lives, under);
          const now = (history.at(-1)?.at ?? START) + uptimeMs;
          const longer = [...history, crash(now, uptimeMs, kind)];
          const before = uptimeMs >= under.stableMs ? [] : countingCrashes(history, now, under);
          expect(countingCrashes(longer, now, under)).toEqual(before);
          expect(decideRestart(longer, now, under).kind).toBe("retry");
        },
      ),
    );
  });

  test("what no restart can help is left alone at once", () => {
    fc.assert(
      fc.property(runs, rules, fc.constantFrom(...NEVER_RESTARTED), (lives, under, kind) => {
        const { history } = live(lives, under);
        const now = (history.at(-1)?.at ?? START) + 1;
        expect(decideRestart([...history, crash(now, 1, kind)], now, under)).toEqual({
          kind: kind === "AUTH_DEAD" ? "login" : "park",
        });
        expect(
          countingCrashes([...history, crash(now, 1, kind)], now, under).map((exit) => exit.class),
        ).not.toContain(kind);
      }),
    );
  });

  test("a crash after a stable run is the first one again, and is restarted soon", () => {
    fc.assert(
      fc.property(
        runs,
        rules,
        fc.constantFrom(...COUNTED),
        fc.nat(10_000),
        (lives, under, kind, more) => {
          const { history } = live(lives, under);
          const uptimeMs = under.stableMs + more;
          const now = (history.at(-1)?.at ?? START) + uptimeMs;
          expect(decideRestart([...history, crash(now, uptimeMs, kind)], now, under, 0.5)).toEqual({
            kind: "restart",
            delayMs: Math.min(under.firstDelayMs, under.crashDelayMs),
            attempt: 1,
            limit: under.crashLimit,
          });
        },
      ),
    );
  });

  test("a long run forgets earlier crashes even when the clock was set back", () => {
    const earlier = Array.from({ length: 5 }, (_, index) => crash(START + index));
    const afterLongRun = crash(START + 10, RULES.stableMs);
    expect(countingCrashes([...earlier, afterLongRun], START + 10, RULES)).toEqual([afterLongRun]);
  });

  test("the decision depends on nothing but the arguments, and changes none of them", () => {
    fc.assert(
      fc.property(runs, rules, (lives, under) => {
        const { history, steps } = live(lives, under);
        const frozen = Object.freeze(history.map((exit) => Object.freeze({ ...exit })));
        const again = steps.map(({ at }, index) =>
          decideRestart(frozen.slice(0, index + 1), at, under, 0.5),
        );
        expect(again).toEqual(steps.map((step) => step.decision));
      }),
    );
  });

  test("the attempt that is shown is between 1 and the limit", () => {
    fc.assert(
      fc.property(runs, rules, (lives, under) => {
        for (const { decision } of live(lives, under).steps) {
          if (decision.kind !== "restart") continue;
          expect(decision.attempt).toBeGreaterThanOrEqual(1);
          expect(decision.attempt).toBeLessThanOrEqual(under.crashLimit);
        }
      }),
    );
  });
});

test("five crashes in ten minutes are restarted after 30 s each, the sixth is given up", () => {
  const crashes = Array.from({ length: 6 }, () => ({ uptimeMs: 1000, class: "CRASH" as const }));
  expect(live(crashes, RULES).steps.map((step) => step.decision)).toEqual([
    ...[1, 2, 3, 4, 5].map((attempt) => ({ kind: "restart", delayMs: 30_000, attempt, limit: 5 })),
    { kind: "gave-up", attempts: 5, windowMs: 600_000 },
  ]);
});

test("a crash stops counting exactly when the window is over", () => {
  const history = [crash(START)];
  expect(countingCrashes(history, START + RULES.windowMs - 1, RULES)).toHaveLength(1);
  expect(countingCrashes(history, START + RULES.windowMs, RULES)).toHaveLength(0);
});

test("a locked session is tried after 60 s, then every 120 s, until something else ends a run", () => {
  const locked = (count: number) =>
    Array.from({ length: count }, (_, n) =>
      crash(START + n, 0, n % 2 ? "IN_USE" : "SESSION_LOCKED"),
    );
  const delay = (history: readonly PastExit[]) => decideRestart(history, START + 99, RULES, 0.5);
  expect([1, 2, 3, 9].map((count) => delay(locked(count)))).toEqual(
    [60_000, 120_000, 120_000, 120_000].map((delayMs) => ({ kind: "retry", delayMs })),
  );
  expect(delay([...locked(4), crash(START + 5), crash(START + 6, 0, "SESSION_LOCKED")])).toEqual({
    kind: "retry",
    delayMs: 60_000,
  });
  expect(delay([crash(START, 0, "NETWORK")])).toEqual({ kind: "retry", delayMs: 30_000 });
  expect(delay([])).toEqual({ kind: "none" });
});

test("a first hang is replaced soon, the next ones wait like crashes", () => {
  const [first, second] = [crash(START, 5000, "STUCK"), crash(START + 10_000, 5000, "STUCK")];
  expect(decideRestart([first], START, RULES, 0.5)).toMatchObject({ delayMs: 1000, attempt: 1 });
  expect(decideRestart([first, second], START + 10_000, RULES, 0.5)).toMatchObject({
    delayMs: 30_000,
    attempt: 2,
  });
  expect(decideRestart([crash(START), second], START + 10_000, RULES, 0.5)).toMatchObject({
    delayMs: 30_000,
    attempt: 2,
  });
});

test("delays are spread by a fifth to both sides, and no further", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
      const decision = decideRestart([crash(START)], START, RULES, random);
      expect(decision.kind === "restart" && decision.delayMs).toBeGreaterThanOrEqual(24_000);
      expect(decision.kind === "restart" && decision.delayMs).toBeLessThanOrEqual(36_000);
    }),
  );
  expect(decideRestart([crash(START)], START, RULES, 0)).toMatchObject({ delayMs: 24_000 });
});

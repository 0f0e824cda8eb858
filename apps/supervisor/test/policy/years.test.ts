import {
  countingCrashes,
  DEFAULT_RESTART_RULES,
  decideRestart,
  ERROR_TABLE,
  ErrorClass,
  type PastExit,
} from "@flotilla/contracts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { NOT_STARTED, transition, type WorkerLife } from "../../src/policy/worker-life.ts";

const RULES = DEFAULT_RESTART_RULES;
const DAY = 24 * 3600_000;
const START = 1_800_000_000_000;

/** One run of the process: its length, its end, and the reaction time of an admin. */
interface Run {
  readonly uptimeMs: number;
  readonly class: ErrorClass;
  readonly adminAfterMs: number;
  readonly random: number;
}

/** Log-uniform from 1 ms to 40 days. */
const spanMs = fc
  .double({ min: 0, max: 15, noNaN: true })
  .map((power) => Math.round(Math.min(Math.exp(power * 1.45), 40 * DAY)));
const runs: fc.Arbitrary<Run[]> = fc.array(
  fc.record({
    uptimeMs: spanMs,
    class: fc.oneof(
      { weight: 3, arbitrary: fc.constant<ErrorClass>("CRASH") },
      fc.constantFrom(...ErrorClass.options),
    ),
    adminAfterMs: spanMs,
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  }),
  { minLength: 300, maxLength: 600 },
);

interface Lived {
  readonly restarts: readonly number[];
  readonly lives: readonly WorkerLife[];
  readonly years: number;
}

/**
 * Plays the runs as a supervisor does: exit, decision, back-off, start. An admin presses Start when
 * only that helps.
 */
function simulate(all: readonly Run[]): Lived {
  let history: PastExit[] = [];
  let now = START;
  let life: WorkerLife = NOT_STARTED;
  const restarts: number[] = [];
  const lives: WorkerLife[] = [];
  const go = (event: Parameters<typeof transition>[1]): void => {
    const next = transition(life, event);
    if ("refused" in next) throw new Error(`refused ${next.event} in ${next.state}`);
    life = next;
    lives.push(life);
  };
  for (const run of all) {
    go({ kind: "spawned" });
    go({ kind: "reported", state: "RUNNING" });
    now += run.uptimeMs;
    history.push({ at: now, uptimeMs: run.uptimeMs, class: run.class });
    const decision = decideRestart(history, now, RULES, run.random);
    go({ kind: "exited", class: run.class, decision, now });
    const { afterExit } = ERROR_TABLE[run.class];
    if (afterExit === "park" || afterExit === "login") expect(life).not.toHaveProperty("until");
    if (decision.kind === "restart" || decision.kind === "retry") {
      expect(life).toMatchObject({ process: "none", until: now + decision.delayMs });
      now += decision.delayMs;
      if (decision.kind === "restart") restarts.push(now);
    } else {
      expect(["GAVE_UP", "BROKEN", "NEEDS_LOGIN", "BANNED"]).toContain(life.state);
      now += run.adminAfterMs;
      history = [];
      restarts.length = 0;
    }
    // A restarted supervisor reads the whole history from its database.
    history = [...history];
    expect(countingCrashes(history, now, RULES).length).toBeLessThanOrEqual(RULES.crashLimit + 1);
    const within = restarts.filter((at) => at > now - RULES.windowMs);
    expect(within.length, "restarts after crashes within ten minutes").toBeLessThanOrEqual(
      RULES.crashLimit,
    );
  }
  return { restarts, lives, years: (now - START) / (365 * DAY) };
}

test("over years of random histories the policy keeps its limits and every state change is valid", () => {
  let years = 0;
  fc.assert(
    fc.property(runs, (all) => {
      years += simulate(all).years;
    }),
    { numRuns: 40 },
  );
  expect(years).toBeGreaterThan(10);
});

test(
  "a worker that always crashes after 0 to 60 s starts at most six times in its first five " +
    "minutes",
  () => {
    for (let uptimeMs = 0; uptimeMs <= 60_000; uptimeMs += 250) {
      const history: PastExit[] = [];
      let [now, starts] = [START, 0];
      while (now < START + 300_000) {
        starts += 1;
        now += uptimeMs;
        history.push({ at: now, uptimeMs, class: "CRASH" });
        const decision = decideRestart(history, now, RULES, 0);
        if (decision.kind !== "restart") break;
        now += decision.delayMs;
      }
      expect(starts, `with a lifetime of ${uptimeMs} ms`).toBeLessThanOrEqual(6);
    }
  },
);

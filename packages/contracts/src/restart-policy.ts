import type { ErrorClass, RestartDecision } from "@flotilla/contracts";
import { ERROR_TABLE } from "./error-table.ts";

/** Numbers of the restart policy. A fleet has its own (environment), and so may each worker. */
export interface RestartRules {
  /** Wait before a restart after a run of at least `stableMs`, and after the first hang in a window. Never more than `crashDelayMs`. */
  readonly firstDelayMs: number;
  /** Wait before any other restart after a crash (S0-27). */
  readonly crashDelayMs: number;
  /** Waits while somebody else has the session; the last one repeats (S0-14). Never counted as a crash. */
  readonly lockedDelaysMs: readonly number[];
  /** So many restarts after crashes within `windowMs`, then the worker gives up (S0-11). */
  readonly crashLimit: number;
  /** Crashes older than this are forgotten. */
  readonly windowMs: number;
  /** A run of this length forgets all crashes before it. At least `windowMs`. */
  readonly stableMs: number;
  /** 0.2 means ± 20 %, so that a fleet that crashed together does not come back in lock-step. */
  readonly jitter: number;
}

/** The numbers of the promises S0-11, S0-14, S0-27 and S0-28. */
export const DEFAULT_RESTART_RULES: RestartRules = {
  firstDelayMs: 1000,
  crashDelayMs: 30_000,
  lockedDelaysMs: [60_000, 120_000],
  crashLimit: 5,
  windowMs: 600_000,
  stableMs: 600_000,
  jitter: 0.2,
};

/** One run of a worker process that ended unasked. Times are milliseconds since the epoch. */
export interface PastExit {
  readonly at: number;
  readonly uptimeMs: number;
  readonly class: ErrorClass;
}

/**
 * Crashes in `history` (in the order in which they happened) that still count at `now`. One that is in the future was written while the clock was ahead: when it
 * really was is unknown, and it does not count.
 */
export function countingCrashes(history: readonly PastExit[], now: number, rules: RestartRules): readonly PastExit[] {
  let counting: PastExit[] = [];
  for (const exit of history) {
    // A long run proves that what was before is over, whatever ended it.
    if (exit.uptimeMs >= rules.stableMs) counting = [];
    if (ERROR_TABLE[exit.class].afterExit === "restart" && exit.at > now - rules.windowMs && exit.at <= now)
      counting.push(exit);
  }
  return counting;
}

/**
 * What to do after the last exit in `history`: a pure function of the past, so that a restart of the supervisor decides
 * the same. `crashLimit` crashes are restarted; the next one within the window is given up (S0-11). `random` is a number in
 * [0, 1) that spreads the delays.
 */
export function decideRestart(
  history: readonly PastExit[],
  now: number,
  rules: RestartRules = DEFAULT_RESTART_RULES,
  random: number = Math.random(),
): RestartDecision {
  const last = history.at(-1);
  if (!last) return { kind: "none" };
  const spread = (delayMs: number): number => Math.round(delayMs * (1 + rules.jitter * (2 * random - 1)));
  const { afterExit } = ERROR_TABLE[last.class];
  switch (afterExit) {
    case "park":
    case "login":
      return { kind: afterExit };
    case "wait-for-release":
      return { kind: "retry", delayMs: spread(lockedDelay(history, rules)) };
    case "retry":
      return { kind: "retry", delayMs: spread(rules.crashDelayMs) };
    case "restart": {
      const crashes = countingCrashes(history, now, rules);
      if (crashes.length > rules.crashLimit) return { kind: "gave-up", attempts: rules.crashLimit, windowMs: rules.windowMs };
      const delayMs = spread(crashDelay(last, crashes, rules));
      return { kind: "restart", delayMs, attempt: crashes.length, limit: rules.crashLimit };
    }
    default:
      return afterExit satisfies never;
  }
}

/** A first hang is over as soon as the process is: it need not wait like something that crashes at each start. */
function crashDelay(last: PastExit, counting: readonly PastExit[], rules: RestartRules): number {
  const soon = last.uptimeMs >= rules.stableMs || (last.class === "STUCK" && counting.length === 1);
  return soon ? Math.min(rules.firstDelayMs, rules.crashDelayMs) : rules.crashDelayMs;
}

function lockedDelay(history: readonly PastExit[], rules: RestartRules): number {
  const before = history.findLastIndex((exit) => ERROR_TABLE[exit.class].afterExit !== "wait-for-release");
  const tries = history.length - before - 1;
  return rules.lockedDelaysMs[Math.min(tries, rules.lockedDelaysMs.length) - 1] ?? rules.crashDelayMs;
}

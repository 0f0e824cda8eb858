import type { ErrorClass } from "./error-class.ts";
import { ERROR_TABLE } from "./error-table.ts";
import type { RestartDecision } from "./events.ts";

/**
 * Numbers of the restart policy. The fleet sets them (environment); each worker may override them.
 */
export interface RestartRules {
  /**
   * Milliseconds before a restart after a run of at least `stableMs`, and after the first hang in a
   * window. Never more than `crashDelayMs`.
   */
  readonly firstDelayMs: number;
  /** Milliseconds before any other restart after a crash (S0-27). */
  readonly crashDelayMs: number;
  /**
   * Milliseconds between tries while another process holds the session; the last one repeats
   * (S0-14). Never counted as crashes.
   */
  readonly lockedDelaysMs: readonly number[];
  /** Restarts after crashes within `windowMs` before the supervisor gives up (S0-11). */
  readonly crashLimit: number;
  /** Milliseconds after which a crash no longer counts. */
  readonly windowMs: number;
  /** Milliseconds of a run after which all earlier crashes no longer count. At least `windowMs`. */
  readonly stableMs: number;
  /** 0.2 means ± 20 %, so that workers that crash together do not restart in lock-step. */
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

/**
 * One run of a worker process that ended without a request. Times are milliseconds since the epoch.
 */
export interface PastExit {
  readonly at: number;
  readonly uptimeMs: number;
  readonly class: ErrorClass;
}

/**
 * Crashes in `history` (in order of occurrence) that count at `now`. A crash in the future was
 * recorded while the clock was ahead; its real time is unknown, and it does not count.
 */
export function countingCrashes(
  history: readonly PastExit[],
  now: number,
  rules: RestartRules,
): readonly PastExit[] {
  let counting: PastExit[] = [];
  for (const exit of history) {
    // A long run proves that the earlier trouble is over, whatever ended the run.
    if (exit.uptimeMs >= rules.stableMs) counting = [];
    if (
      ERROR_TABLE[exit.class].afterExit === "restart" &&
      exit.at > now - rules.windowMs &&
      exit.at <= now
    )
      counting.push(exit);
  }
  return counting;
}

/**
 * Decides what to do after the last exit in `history`. A pure function of the past, so that a
 * restarted supervisor decides the same. `crashLimit` crashes are restarted; after the next one
 * within the window the supervisor gives up (S0-11). `random` is a number in [0, 1) that spreads
 * the delays.
 */
export function decideRestart(
  history: readonly PastExit[],
  now: number,
  rules: RestartRules = DEFAULT_RESTART_RULES,
  random: number = Math.random(),
): RestartDecision {
  const last = history.at(-1);
  if (!last) return { kind: "none" };
  const spread = (delayMs: number): number =>
    Math.round(delayMs * (1 + rules.jitter * (2 * random - 1)));
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
      if (crashes.length > rules.crashLimit)
        return { kind: "gave-up", attempts: rules.crashLimit, windowMs: rules.windowMs };
      const delayMs = spread(crashDelay(last, crashes, rules));
      return { kind: "restart", delayMs, attempt: crashes.length, limit: rules.crashLimit };
    }
    default:
      return afterExit satisfies never;
  }
}

/**
 * The first hang ends with its process, so the short delay suffices; only repeated crashes need the
 * long one.
 */
function crashDelay(last: PastExit, counting: readonly PastExit[], rules: RestartRules): number {
  const soon = last.uptimeMs >= rules.stableMs || (last.class === "STUCK" && counting.length === 1);
  if (soon) return Math.min(rules.firstDelayMs, rules.crashDelayMs);
  return rules.crashDelayMs;
}

function lockedDelay(history: readonly PastExit[], rules: RestartRules): number {
  const before = history.findLastIndex(
    (exit) => ERROR_TABLE[exit.class].afterExit !== "wait-for-release",
  );
  const tries = history.length - before - 1;
  return (
    rules.lockedDelaysMs[Math.min(tries, rules.lockedDelaysMs.length) - 1] ?? rules.crashDelayMs
  );
}

import type { ErrorClass, RestartDecision } from "@flotilla/contracts";

/** Numbers of the restart policy; the defaults are those of promise S0-21 and its kin. */
export interface RestartRules {
  /** Wait before a restart after a crash. */
  readonly crashDelayMs: number;
  /** Wait before the next try while the session file is locked. Never counted as a crash. */
  readonly lockedDelayMs: number;
  /** So many crashes within `windowMs` and the worker gives up. */
  readonly crashLimit: number;
  /** Crashes older than this are forgotten, and a run of this length forgets all before it. */
  readonly windowMs: number;
}

export const DEFAULT_RESTART_RULES: RestartRules = {
  crashDelayMs: 30_000,
  lockedDelayMs: 60_000,
  crashLimit: 5,
  windowMs: 600_000,
};

/** One run of a worker process that ended unasked. Times are milliseconds since the epoch. */
export interface PastExit {
  readonly at: number;
  readonly uptimeMs: number;
  readonly class: ErrorClass;
}

/** Crashes in `history` (oldest first) that still count at `now`. */
export function countingCrashes(history: readonly PastExit[], now: number, rules: RestartRules): readonly PastExit[] {
  let counting: PastExit[] = [];
  for (const exit of history) {
    if (!COUNTED.has(exit.class)) continue;
    if (exit.uptimeMs >= rules.windowMs) counting = [];
    if (exit.at > now - rules.windowMs) counting.push(exit);
  }
  return counting;
}

/**
 * What to do after the last exit in `history`: a pure function of the past, so that a restart of the
 * supervisor decides the same. `crashLimit` crashes are restarted; the next one within the window is given up
 * (S0-21: "stops after 5 failed restart attempts").
 */
export function decideRestart(
  history: readonly PastExit[],
  now: number,
  rules: RestartRules = DEFAULT_RESTART_RULES,
): RestartDecision {
  const last = history.at(-1);
  if (!last) return { kind: "none" };
  if (PARKED.has(last.class)) return { kind: "park" };
  if (LOCKED.has(last.class)) return { kind: "retry", delayMs: rules.lockedDelayMs };
  if (!COUNTED.has(last.class)) return { kind: "retry", delayMs: rules.crashDelayMs };
  const crashes = countingCrashes(history, now, rules).length;
  if (crashes > rules.crashLimit) return { kind: "gave-up", attempts: rules.crashLimit, windowMs: rules.windowMs };
  return { kind: "restart", delayMs: rules.crashDelayMs, attempt: crashes, limit: rules.crashLimit };
}

/** Classes that use up the restart budget. */
const COUNTED: ReadonlySet<ErrorClass> = new Set(["CRASH", "OOM", "STUCK"]);
/** A restart cannot help: a person has to do something first. */
const PARKED: ReadonlySet<ErrorClass> = new Set(["CONFIG", "DB_BROKEN", "AUTH_DEAD", "BANNED"]);
/** Somebody else has the session: wait for the release. */
const LOCKED: ReadonlySet<ErrorClass> = new Set(["SESSION_LOCKED", "IN_USE"]);

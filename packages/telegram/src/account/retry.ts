import type { Fault } from "@flotilla/contracts";
import { type BackoffPlan, backoffDelayMs } from "@flotilla/kernel";

/** What to do after an attempt ended. */
export type NextStep = { readonly kind: "wait"; readonly delayMs: number } | { readonly kind: "dead" };

/** Delays of {@link nextStep}. */
export interface RetryPlan {
  /** After network and server faults; the last delay repeats for ever. */
  readonly backoff: BackoffPlan;
  /**
   * Waits before the further attempts after "unknown key" (transport error -404), in milliseconds. Telegram has answered
   * so to good keys, and a session that is given up is lost (docs/gramjs.md).
   */
  readonly unknownKeyDelaysMs: readonly number[];
  /**
   * Waits before the server is asked again, over a new connection, whether the session really ended, in milliseconds. A single
   * 401 has come to good keys; only the answer after the last wait counts.
   */
  readonly fatalDelaysMs: readonly number[];
}

/** Consecutive failures so far, the one at hand included. */
export interface Failures {
  readonly all: number;
  readonly unknownKey: number;
  /** Answers that the session ended. A lost connection between two of them neither counts nor absolves. */
  readonly fatal: number;
}

/** Before anything failed. */
export const NO_FAILURES: Failures = { all: 0, unknownKey: 0, fatal: 0 };

/** {@link Failures} after one more. */
export function failedAgain({ all, unknownKey, fatal }: Failures, fault: Fault): Failures {
  return {
    all: all + 1,
    unknownKey: fault.code === "unknown-key" ? unknownKey + 1 : 0,
    fatal: isDoubted(fault) ? fatal + 1 : fatal,
  };
}

/** Answers after which Telegram has ended the session already: asking again would only be one more use of a key that two had. */
const CERTAIN: ReadonlySet<string> = new Set(["no-key", "unknown-key", "AUTH_KEY_DUPLICATED"]);

/** Whether this says that the session or the account is over, and is not believed the first time. */
export function isDoubted(fault: Fault): boolean {
  return (fault.class === "AUTH_DEAD" || fault.class === "BANNED") && !CERTAIN.has(fault.code);
}

const DEAD: ReadonlySet<Fault["class"]> = new Set(["AUTH_DEAD", "BANNED", "CONFIG", "DB_BROKEN", "IN_USE"]);

/**
 * The policy of a connection, pure: that a session ended is asked again a few times, then it is never tried again; wrong configuration
 * is never retried; a flood wait is waited for in full plus a second; everything else is tried again for ever. `random` is in [0, 1).
 */
export function nextStep(fault: Fault, failures: Failures, plan: RetryPlan, random: number = Math.random()): NextStep {
  if (fault.code === "unknown-key") {
    const delayMs = plan.unknownKeyDelaysMs[failures.unknownKey - 1];
    return delayMs === undefined ? { kind: "dead" } : { kind: "wait", delayMs };
  }
  if (isDoubted(fault)) {
    const delayMs = plan.fatalDelaysMs[failures.fatal - 1];
    return delayMs === undefined ? { kind: "dead" } : { kind: "wait", delayMs };
  }
  // A disk that is full may have room again later. Nothing was acknowledged meanwhile.
  if (DEAD.has(fault.class) && fault.code !== "sqlite-full") return { kind: "dead" };
  const backoffMs = backoffDelayMs(plan.backoff, failures.all - 1, random);
  if (fault.waitS === undefined) return { kind: "wait", delayMs: backoffMs };
  return { kind: "wait", delayMs: Math.max(backoffMs, (fault.waitS + 1) * 1000) };
}

import type { Fault } from "@flotilla/contracts";
import { type BackoffPlan, backoffDelayMs } from "@flotilla/kernel";

/** What follows an attempt that ended. */
export type NextStep =
  | { readonly kind: "wait"; readonly delayMs: number }
  | { readonly kind: "dead" };

/** Delays of {@link nextStep}. */
export interface RetryPlan {
  /** After network and server faults; the last delay repeats without a limit. */
  readonly backoff: BackoffPlan;
  /**
   * Milliseconds before each further attempt after "unknown key" (transport error -404). Telegram
   * has sent it for good keys, and a session that is given up is lost (docs/gramjs.md).
   */
  readonly unknownKeyDelaysMs: readonly number[];
  /**
   * Milliseconds before each check, over a new connection, whether the session really ended.
   * Telegram has sent a single 401 for good keys; only the answer after the last wait counts.
   */
  readonly fatalDelaysMs: readonly number[];
}

/** Consecutive failures, including the current one. */
export interface Failures {
  readonly all: number;
  readonly unknownKey: number;
  /** Answers that the session ended. A lost connection in between neither counts nor resets. */
  readonly fatal: number;
}

/** Before the first failure. */
export const NO_FAILURES: Failures = { all: 0, unknownKey: 0, fatal: 0 };

/** {@link Failures} after one more. */
export function failedAgain({ all, unknownKey, fatal }: Failures, fault: Fault): Failures {
  const unknownKeys = fault.code === "unknown-key" ? unknownKey + 1 : 0;
  const fatals = isDoubted(fault) ? fatal + 1 : fatal;
  return { all: all + 1, unknownKey: unknownKeys, fatal: fatals };
}

/** Answers that leave no doubt: another try would only be one more use of a shared or dead key. */
const CERTAIN: ReadonlySet<string> = new Set(["no-key", "unknown-key", "AUTH_KEY_DUPLICATED"]);

/** Whether the fault reports the end of the session or account and must be confirmed first. */
export function isDoubted(fault: Fault): boolean {
  return (fault.class === "AUTH_DEAD" || fault.class === "BANNED") && !CERTAIN.has(fault.code);
}

const DEAD: ReadonlySet<Fault["class"]> = new Set([
  "AUTH_DEAD",
  "BANNED",
  "CONFIG",
  "DB_BROKEN",
  "IN_USE",
]);

/**
 * Retry policy of a connection. Pure. Asks a few times whether a session really ended, then never
 * retries; never retries wrong configuration; waits a flood wait in full plus one second; retries
 * everything else without a limit. `random` is in [0, 1).
 */
export function nextStep(
  fault: Fault,
  failures: Failures,
  plan: RetryPlan,
  random: number = Math.random(),
): NextStep {
  if (fault.code === "unknown-key") return orDead(plan.unknownKeyDelaysMs[failures.unknownKey - 1]);
  if (isDoubted(fault)) return orDead(plan.fatalDelaysMs[failures.fatal - 1]);
  // A full disk may have room later. No update was acknowledged meanwhile.
  if (DEAD.has(fault.class) && fault.code !== "sqlite-full") return { kind: "dead" };
  const backoffMs = backoffDelayMs(plan.backoff, failures.all - 1, random);
  if (fault.waitS === undefined) return { kind: "wait", delayMs: backoffMs };
  return { kind: "wait", delayMs: Math.max(backoffMs, (fault.waitS + 1) * 1000) };
}

function orDead(delayMs: number | undefined): NextStep {
  if (delayMs === undefined) return { kind: "dead" };
  return { kind: "wait", delayMs };
}

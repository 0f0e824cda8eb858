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
}

/** Consecutive failures so far, the one at hand included. */
export interface Failures {
  readonly all: number;
  readonly unknownKey: number;
}

const DEAD: ReadonlySet<Fault["class"]> = new Set(["AUTH_DEAD", "BANNED", "CONFIG", "DB_BROKEN", "IN_USE"]);

/**
 * The policy of a connection, pure: dead keys, bans and wrong configuration are never retried; a flood wait is waited for
 * in full plus a second; everything else is tried again for ever. `random` is in [0, 1).
 */
export function nextStep(fault: Fault, failures: Failures, plan: RetryPlan, random: number = Math.random()): NextStep {
  if (fault.code === "unknown-key") {
    const delayMs = plan.unknownKeyDelaysMs[failures.unknownKey - 1];
    return delayMs === undefined ? { kind: "dead" } : { kind: "wait", delayMs };
  }
  // A disk that is full may have room again later. Nothing was acknowledged meanwhile.
  if (DEAD.has(fault.class) && fault.code !== "sqlite-full") return { kind: "dead" };
  const backoffMs = backoffDelayMs(plan.backoff, failures.all - 1, random);
  if (fault.waitS === undefined) return { kind: "wait", delayMs: backoffMs };
  return { kind: "wait", delayMs: Math.max(backoffMs, (fault.waitS + 1) * 1000) };
}

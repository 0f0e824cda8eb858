/** Delays of a retry ladder, in milliseconds; the last one repeats without a limit. */
export interface BackoffPlan {
  readonly delaysMs: readonly number[];
  /** 0.2 means ± 20 %, so that the workers of a fleet do not retry in lock-step. */
  readonly jitter: number;
}

/**
 * Delay in milliseconds before attempt `attempt` (0 = the first retry).
 * `random` is a number in [0, 1); pass your own for a deterministic test.
 */
export function backoffDelayMs(
  plan: BackoffPlan,
  attempt: number,
  random: number = Math.random(),
): number {
  const index = Math.min(Math.max(attempt, 0), plan.delaysMs.length - 1);
  const base = plan.delaysMs[index] ?? 0;
  return Math.round(base * (1 + plan.jitter * (2 * random - 1)));
}

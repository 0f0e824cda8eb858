/** Limits of the health check (S2-36, S2-38). */
export interface HealthRules {
  /** Consecutive checks without an answer before the connection is replaced. */
  readonly failuresBeforeReconnect: number;
  /** Consecutive replacements in vain before the process restarts. */
  readonly reconnectsBeforeRestart: number;
}

/** Source: S2-36, S2-38. */
export const DEFAULT_HEALTH_RULES: HealthRules = {
  failuresBeforeReconnect: 2,
  reconnectsBeforeRestart: 2,
};

/** Consecutive failed checks, and replacements in vain. */
export interface HealthCount {
  readonly failures: number;
  readonly reconnects: number;
}

/** The count before the first check, and after each answer. */
export const HEALTHY: HealthCount = { failures: 0, reconnects: 0 };

/** What to do after a check. */
export type HealthStep = "nothing" | "reconnect" | "restart";

/**
 * Counts one check of a connection that reports ready. Without a connection nothing is checked: its
 * own back-off handles a lost network, which never ends the process (S2-14).
 */
export function afterCheck(
  count: HealthCount,
  answered: boolean,
  rules: HealthRules = DEFAULT_HEALTH_RULES,
): { readonly count: HealthCount; readonly step: HealthStep } {
  if (answered) return { count: HEALTHY, step: "nothing" };
  const failures = count.failures + 1;
  if (failures < rules.failuresBeforeReconnect)
    return { count: { ...count, failures }, step: "nothing" };
  if (count.reconnects >= rules.reconnectsBeforeRestart) return { count: HEALTHY, step: "restart" };
  return { count: { failures: 0, reconnects: count.reconnects + 1 }, step: "reconnect" };
}

/** Numbers of the health check (S2-36, S2-38). */
export interface HealthRules {
  /** So many checks in a row without an answer, then the connection is made anew. */
  readonly failuresBeforeReconnect: number;
  /** So many new connections in a row that did not help, then the process is started anew. */
  readonly reconnectsBeforeRestart: number;
}

/** Two failures, then a reconnect; after two reconnects that did not help, a new process. */
export const DEFAULT_HEALTH_RULES: HealthRules = { failuresBeforeReconnect: 2, reconnectsBeforeRestart: 2 };

/** Where a series of checks stands. */
export interface HealthCount {
  readonly failures: number;
  readonly reconnects: number;
}

/** Nothing has failed yet. */
export const HEALTHY: HealthCount = { failures: 0, reconnects: 0 };

/** What to do after a check. */
export type HealthStep = "nothing" | "reconnect" | "restart";

/**
 * Counts one check of a connection that claims to be up. While there is no connection nothing is checked: a lost network is
 * the business of the connection's own back-off, and never ends the process (S2-14).
 */
export function afterCheck(
  count: HealthCount,
  answered: boolean,
  rules: HealthRules = DEFAULT_HEALTH_RULES,
): { readonly count: HealthCount; readonly step: HealthStep } {
  if (answered) return { count: HEALTHY, step: "nothing" };
  const failures = count.failures + 1;
  if (failures < rules.failuresBeforeReconnect) return { count: { ...count, failures }, step: "nothing" };
  if (count.reconnects >= rules.reconnectsBeforeRestart) return { count: HEALTHY, step: "restart" };
  return { count: { failures: 0, reconnects: count.reconnects + 1 }, step: "reconnect" };
}

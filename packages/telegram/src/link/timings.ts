import type { BackoffPlan } from "@flotilla/kernel";
import type { LinkTimings } from "./link.ts";

/** All times in milliseconds. */
export interface ConnectionTimings extends LinkTimings {
  readonly pingEveryMs: number;
  readonly pingTimeoutMs: number;
  readonly backoff: BackoffPlan;
  readonly unknownKeyDelaysMs: readonly number[];
  readonly fatalDelaysMs: readonly number[];
  /** A connection that held this long starts the back-off from the beginning. */
  readonly stableMs: number;
}

const MINUTE_MS = 60_000;
/**
 * Where another machine may take the session over: when this one is frozen or cut off and cannot close its connection, Telegram
 * does so 8 s after the last ping. The lease of the queue package counts on it (ADR 0005).
 */
export const CONTESTED_TIMINGS = { pingEveryMs: 3000, serverDisconnectS: 8 } as const;

/** Two more questions within `confirmMs`: one soon, for an answer that was a slip, one at its end. 0: the first answer counts. */
export function fatalDelays(confirmMs: number): readonly number[] {
  return confirmMs === 0 ? [] : [confirmMs / 6, (confirmMs * 5) / 6];
}

/** The defaults; the back-off is promise S2-17. Pings as in the documentation's example (https://core.telegram.org/mtproto/service_messages). */
export const DEFAULT_TIMINGS: ConnectionTimings = {
  connectMs: MINUTE_MS,
  callMs: MINUTE_MS,
  slowCallMs: 90_000,
  pingEveryMs: 30_000,
  pingTimeoutMs: 10_000,
  serverDisconnectS: 75,
  backoff: { delaysMs: [10_000, 20_000, 40_000, 80_000, 120_000], jitter: 0.2 },
  unknownKeyDelaysMs: [MINUTE_MS, 10 * MINUTE_MS],
  fatalDelaysMs: fatalDelays(2 * MINUTE_MS),
  stableMs: MINUTE_MS,
};

import type { BackoffPlan } from "@flotilla/kernel";
import type { LinkTimings } from "./link.ts";

/** Times of a connection, in milliseconds. */
export interface ConnectionTimings extends LinkTimings {
  readonly pingEveryMs: number;
  readonly pingTimeoutMs: number;
  readonly backoff: BackoffPlan;
  readonly unknownKeyDelaysMs: readonly number[];
  readonly fatalDelaysMs: readonly number[];
  /** Milliseconds of a connection after which the back-off starts from the beginning. */
  readonly stableMs: number;
}

const MINUTE_MS = 60_000;
/**
 * For sessions that another machine may take over: Telegram closes the connection 8 s after the
 * last ping, also for a frozen or cut-off machine that cannot close it. The lease of the queue
 * package relies on it (ADR 0005).
 */
export const CONTESTED_TIMINGS = { pingEveryMs: 3000, serverDisconnectS: 8 } as const;

/**
 * Milliseconds before each of two more checks within `confirmMs`: one soon, for a wrong answer, one
 * at its end. 0 = the first answer counts.
 */
export function fatalDelays(confirmMs: number): readonly number[] {
  return confirmMs === 0 ? [] : [confirmMs / 6, (confirmMs * 5) / 6];
}

/**
 * The defaults; the back-off is promise S2-17. Pings as in the documentation's example
 * (https://core.telegram.org/mtproto/service_messages).
 */
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

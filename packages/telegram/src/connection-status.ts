import type { Fault } from "@flotilla/contracts";
import type { BackoffPlan } from "@flotilla/kernel";
import type { SelfUser, SessionStore } from "@flotilla/session-store";
import type { LinkTimings } from "./link.ts";
import type { CaughtUp } from "./updates/engine-types.ts";

/**
 * idle → connecting → catching-up → ready → waiting → connecting …; `dead` is left only by `start` (after a login), `stopped` likewise.
 */
export type ConnectionState = "idle" | "connecting" | "catching-up" | "ready" | "waiting" | "dead" | "stopped";

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

/** A snapshot; times are milliseconds since the Unix epoch. */
export interface ConnectionStatus {
  readonly state: ConnectionState;
  readonly self: SelfUser | null;
  /** Since when in `state`. */
  readonly since: number;
  /** How often it became ready, and how many of these were not the first time. */
  readonly connects: number;
  readonly reconnects: number;
  /** Last decrypted packet. */
  readonly lastTrafficAt: number | null;
  /** Last answered call or ping. */
  readonly lastSuccessAt: number | null;
  readonly lastMessageAt: number | null;
  /** New messages received since the process started, those of outages included. */
  readonly messages: number;
  /** What became of the last outage in which something was missed, also before this process; null: there was none. */
  readonly caughtUp: CaughtUp | null;
  /** Consecutive failed attempts. */
  readonly attempt: number;
  readonly nextTryAt: number | null;
  /** Why it is waiting or dead; null when ready. */
  readonly fault: Fault | null;
}

/** So many outages are looked through for one in which something was missed. */
const OUTAGES = 50;

/** Before the first connection. */
export function initialStatus(store: SessionStore, now: number): ConnectionStatus {
  const self = store.self();
  return {
    state: "idle",
    self,
    since: now,
    connects: 0,
    reconnects: 0,
    lastTrafficAt: null,
    lastSuccessAt: null,
    lastMessageAt: null,
    messages: 0,
    caughtUp: lastOutage(store),
    attempt: 0,
    nextTryAt: null,
    fault: null,
  };
}

function lastOutage(store: SessionStore): CaughtUp | null {
  const last = store.updates.outages(OUTAGES).find(({ recovered, lost }) => recovered + lost > 0);
  return last ? { ...last, offlineMs: null, missed: last.recovered + last.lost, first: false } : null;
}

/** A change of state, as told to `on.state`. */
export interface StateChange {
  readonly from: ConnectionState;
  readonly to: ConnectionState;
  readonly status: ConnectionStatus;
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

import type { Fault } from "@flotilla/contracts";
import type { SelfUser, SessionStore } from "@flotilla/session-store";
import type { CaughtUp } from "../updates/engine-types.ts";

/**
 * idle → connecting → catching-up → ready → waiting → connecting …; `dead` is left only by `start` (after a login), `stopped` likewise.
 */
export type ConnectionState = "idle" | "connecting" | "catching-up" | "ready" | "waiting" | "dead" | "stopped";

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

import type { Fault } from "@flotilla/contracts";
import type { SelfUser, SessionStore } from "@flotilla/session-store";
import type { CaughtUp } from "../updates/engine-types.ts";

/**
 * idle → connecting → catching-up → ready → waiting → connecting …; only `start` leaves `dead`
 * (after a login) and `stopped`.
 */
export type ConnectionState =
  | "idle"
  | "connecting"
  | "catching-up"
  | "ready"
  | "waiting"
  | "dead"
  | "stopped";

/** Snapshot of a connection; times are milliseconds since the Unix epoch. */
export interface ConnectionStatus {
  readonly state: ConnectionState;
  readonly self: SelfUser | null;
  /** Start of `state`. */
  readonly since: number;
  /** Number of times that it became ready, and how many of these were reconnects. */
  readonly connects: number;
  readonly reconnects: number;
  /** Time of the last decrypted packet. */
  readonly lastTrafficAt: number | null;
  /** Time of the last answered call or ping. */
  readonly lastSuccessAt: number | null;
  readonly lastMessageAt: number | null;
  /** New messages received since the process started, those of outages included. */
  readonly messages: number;
  /** The last outage with missed messages, also before this process; null = none. */
  readonly caughtUp: CaughtUp | null;
  /** Consecutive failed attempts. */
  readonly attempt: number;
  readonly nextTryAt: number | null;
  /** Why it is waiting or dead; null when ready. */
  readonly fault: Fault | null;
}

/** Outages searched for the last one with missed messages. */
const OUTAGES = 50;

/** Status before the first connection. */
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
  if (last) return { ...last, offlineMs: null, missed: last.recovered + last.lost, first: false };
  return null;
}

/** A change of state, as `on.state` gets it. */
export interface StateChange {
  readonly from: ConnectionState;
  readonly to: ConnectionState;
  readonly status: ConnectionStatus;
}

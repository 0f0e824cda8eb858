import type { Delivery } from "@flotilla/contracts";
import type { FetchedFile } from "@flotilla/relay";
import type { OutboxRow } from "@flotilla/session-store";

/** A step that was handed over. */
export interface UnderWay {
  readonly row: OutboxRow;
  readonly delivery: Delivery;
  /** Milliseconds since the Unix epoch, for people. */
  readonly since: number;
  /** Monotonic milliseconds. */
  handedAt: number;
  /** Redis has not taken it yet: it is not handed over a second time before that. */
  handing: boolean;
}

/** One queue of deliveries that keep their order. */
export interface Lane {
  underWay: UnderWay | null;
  /** Monotonic milliseconds. */
  parkedUntil: number;
  /** An album in front that may still grow: how many messages it had when it was seen last, and until when it waits (monotonic). */
  album: { readonly row: number; readonly pieces: number; readonly until: number } | null;
  reason: string | null;
  blocked: boolean;
  /** What its sender or its target answered, and since when it is so. */
  held: { readonly code: string; readonly since: number } | null;
  /** The row in front was refused with a code that nobody knows: the row behind it tells whether the target takes nothing at all. */
  doubt: { readonly row: OutboxRow; readonly reason: string; readonly until: number } | null;
  /** The row that was in doubt last. */
  doubted: number | null;
  tries: number;
  /** A download is under way. */
  fetching: boolean;
  /** What was downloaded for the row in front. */
  files: { readonly row: number; readonly found: readonly FetchedFile[] } | null;
}

/** What a lane says about itself. Times are milliseconds since the Unix epoch. */
export interface LaneState {
  readonly parkedUntil: number | null;
  readonly reason: string | null;
  readonly blocked: boolean;
  readonly held: { readonly code: string; readonly since: number } | null;
  /** Since when one delivery has been under way without an answer; an upload is given its time first. */
  readonly underWaySince: number | null;
}

/** A lane on which nothing has happened yet. */
export function emptyLane(): Lane {
  return {
    underWay: null,
    parkedUntil: 0,
    album: null,
    reason: null,
    blocked: false,
    held: null,
    doubt: null,
    doubted: null,
    tries: 0,
    fetching: false,
    files: null,
  };
}

/** How long an upload may take: a slow line takes 50 KB a second. */
export function uploadMs({ step }: Delivery): number {
  return step.kind === "upload" ? step.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 50 : 0;
}

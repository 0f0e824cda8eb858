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

/**
 * Why a lane delivers nothing: its target takes nothing (`blocked`), or its sender cannot act
 * (`held`). `code` is what was answered, since when.
 */
export interface Hold {
  readonly kind: "blocked" | "held";
  readonly code: string;
  readonly since: number;
}

/** Whether the row in front was refused with a code that no list has. */
export type Doubt =
  | { readonly kind: "none" }
  /** Until then (monotonic), the row behind it tells whether the target takes nothing at all. */
  | {
      readonly kind: "open";
      readonly row: OutboxRow;
      readonly reason: string;
      readonly until: number;
    }
  /** No row told: if it is refused once more, the target takes nothing. */
  | { readonly kind: "over"; readonly row: number };

/** One queue of deliveries that keep their order. */
export interface Lane {
  underWay: UnderWay | null;
  /** Monotonic milliseconds. */
  parkedUntil: number;
  /**
   * An album in front that may still grow: how many messages it had when it was seen last, and
   * until when it waits (monotonic).
   */
  album: { readonly row: number; readonly pieces: number; readonly until: number } | null;
  reason: string | null;
  hold: Hold | null;
  doubt: Doubt;
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
  readonly hold: Hold | null;
  /**
   * Since when one delivery has been under way without an answer; an upload is given its time
   * first.
   */
  readonly underWaySince: number | null;
}

/** A lane on which nothing has happened yet. */
export function emptyLane(): Lane {
  return {
    underWay: null,
    parkedUntil: 0,
    album: null,
    reason: null,
    hold: null,
    doubt: { kind: "none" },
    tries: 0,
    fetching: false,
    files: null,
  };
}

/** The doubt is over, and its row is remembered. */
export function doubtOver(doubt: Doubt): Doubt {
  return doubt.kind === "open" ? { kind: "over", row: doubt.row.n } : doubt;
}

/** How long an upload may take: a slow line takes 50 KB a second. */
export function uploadMs({ step }: Delivery): number {
  return filesOf(step).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 50;
}

function filesOf(step: Delivery["step"]): readonly { readonly sizeBytes: number }[] {
  if (step.kind === "upload") return step.files;
  if (step.kind === "edit" && step.file) return [step.file];
  return [];
}

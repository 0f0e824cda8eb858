import type { LossReason } from "@flotilla/contracts";
import type { Clock } from "@flotilla/kernel";
import type { UpdateTable } from "@flotilla/session-store";
import type { Log } from "../wire/log.ts";
import type { Ledger } from "./ledger.ts";
import type { Judge, UpdateServer } from "./model.ts";

/** Times of the engine, in milliseconds. */
export interface EngineTimings {
  /** How long what is between may still arrive by itself before it is asked for. */
  readonly gapMs: number;
  /** Without any update for so long, the server is asked. */
  readonly idleMs: number;
  /** Between two sweeps that compare the inbox with the list of chats. */
  readonly sweepEveryMs: number;
  /** Between two looks for chats that are quieter than usual. */
  readonly deafEveryMs: number;
  /** Between two questions for old messages: at most one a second (docs/safety.md). */
  readonly paceMs: number;
  /** Pauses before a question is asked again; the last one repeats. */
  readonly retryMs: readonly number[];
}

/** The defaults; gap and idle are Telegram's own (https://core.telegram.org/api/updates). */
export const DEFAULT_ENGINE_TIMINGS: EngineTimings = {
  gapMs: 500,
  idleMs: 15 * 60_000,
  sweepEveryMs: 10 * 60_000,
  deafEveryMs: 60_000,
  paceMs: 1000,
  retryMs: [1000, 2000, 5000, 10_000, 30_000, 60_000],
};

/** What became of the messages of an outage. Times are milliseconds since the Unix epoch. */
export interface CaughtUp {
  /** When the last update before it was, by Telegram's clock; null: not known. Never earlier than it really was. */
  readonly beganAt: number | null;
  /** How long there was no connection, in milliseconds of the monotonic clock; null: another process had the last one. */
  readonly offlineMs: number | null;
  readonly endedAt: number;
  /** `recovered + lost`. */
  readonly missed: number;
  readonly recovered: number;
  /** Known to exist, and not to be had. */
  readonly lost: number;
  /** True when this account had no position before: nothing can have been missed. */
  readonly first: boolean;
}

/** Trouble with one chat, or with the stream as a whole. */
export type UpdateTrouble =
  | { readonly kind: "closed"; readonly chat: string; readonly reason: string }
  | { readonly kind: "reopened"; readonly chat: string }
  /** The server has newer messages of this chat that cannot be had. */
  | { readonly kind: "deaf"; readonly chat: string }
  /** It says much less than it uses to; `found` newer messages were fetched. Said once per silence. */
  | { readonly kind: "quiet"; readonly chat: string; readonly found: number }
  | { readonly kind: "lost"; readonly box: string; readonly count: number; readonly why: LossReason };

/** Numbers since the engine was made. */
export interface EngineCounts {
  readonly received: number;
  /** Messages that came by asking and not by themselves, outages included. */
  readonly recovered: number;
  readonly lost: number;
  /** Differences asked because of a gap, silence, or something unreadable. */
  readonly differences: number;
  /** When the last sweep ended (milliseconds since the epoch), and how many messages all sweeps found. */
  readonly sweptAt: number | null;
  readonly sweepFound: number;
}

/** Parts of the engine. */
export interface EngineOptions {
  readonly table: Pick<
    UpdateTable,
    "account" | "floor" | "channels" | "commit" | "sources" | "countAfter" | "addOutage" | "has"
  >;
  /** Whether somebody wants the messages of this chat: only those are kept with their text. */
  readonly wants: (chat: string) => boolean;
  readonly judge: Judge;
  readonly log: Log;
  readonly clock: Clock;
  readonly timings: EngineTimings;
  readonly on: {
    caughtUp(result: CaughtUp): void;
    trouble(trouble: UpdateTrouble): void;
    /** Rows were added to the inbox. */
    arrived(): void;
  };
}

/** What asking the server takes, for one connection. */
export interface EngineParts {
  readonly ledger: Ledger;
  readonly options: EngineOptions;
  readonly server: UpdateServer;
  readonly signal: AbortSignal;
  readonly meanwhile: Meanwhile;
}

/** A question that takes long does not hold up what is pushed: that is taken while it lasts, except for the boxes that are read. */
export interface Meanwhile {
  /** Boxes whose chats are being read; what is pushed of them waits for the end of that. */
  readonly reading: Set<string>;
  /** Resolves or rejects like `answer`. Rejects with AppError `sqlite-*` when nothing can be stored. */
  answered<T>(answer: Promise<T>): Promise<T>;
  /** Waits. Rejects when the connection is over, and as `answered`. */
  pass(delayMs: number): Promise<void>;
}

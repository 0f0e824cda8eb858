import type { LossReason } from "@flotilla/contracts";
import type { Clock } from "@flotilla/kernel";
import type { UpdateTable } from "@flotilla/session-store";
import type { Log } from "../wire/log.ts";
import type { Ledger } from "./ledger.ts";
import type { Judge, UpdateServer } from "./model.ts";

/** Times of the engine, in milliseconds. */
export interface EngineTimings {
  /** How long a gap may close without a request. */
  readonly gapMs: number;
  /** Without any update for this long, the engine asks the server. */
  readonly idleMs: number;
  /** Between two sweeps that compare the inbox with the list of chats. */
  readonly sweepEveryMs: number;
  /** Between two checks for chats that are quieter than usual. */
  readonly deafEveryMs: number;
  /** Between two requests for old messages: at most one a second (docs/safety.md). */
  readonly paceMs: number;
  /** Pauses before a request is repeated; the last one repeats. */
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

/** The messages of an outage. Times are milliseconds since the Unix epoch. */
export interface CaughtUp {
  /**
   * Time of the last update before it by Telegram's clock, never earlier than it was; null = not
   * known.
   */
  readonly beganAt: number | null;
  /**
   * How long there was no connection, in milliseconds of the monotonic clock; null: another process
   * had the last one.
   */
  readonly offlineMs: number | null;
  readonly endedAt: number;
  /** `recovered + lost`. */
  readonly missed: number;
  readonly recovered: number;
  /** Messages that exist and cannot be fetched. */
  readonly lost: number;
  /** True = this account had no position before, so that none can have been missed. */
  readonly first: boolean;
}

/** Trouble with one chat, or with the stream as a whole. */
export type UpdateTrouble =
  | { readonly kind: "closed"; readonly chat: string; readonly reason: string }
  | { readonly kind: "reopened"; readonly chat: string }
  /** The server has newer messages of this chat that cannot be fetched. */
  | { readonly kind: "deaf"; readonly chat: string }
  /** The chat is much quieter than usual; `found` newer messages were fetched. Once per silence. */
  | { readonly kind: "quiet"; readonly chat: string; readonly found: number }
  | {
      readonly kind: "lost";
      readonly box: string;
      readonly count: number;
      readonly why: LossReason;
    };

/** Counters since the engine was made. */
export interface EngineCounts {
  readonly received: number;
  /** Messages that came by request instead of a push, outages included. */
  readonly recovered: number;
  readonly lost: number;
  /** Differences requested because of a gap, silence, or something unreadable. */
  readonly differences: number;
  /**
   * End of the last sweep (milliseconds since the epoch), and the number of messages that all
   * sweeps found.
   */
  readonly sweptAt: number | null;
  readonly sweepFound: number;
}

/** Store, server policy, listeners and clock of the engine. */
export interface EngineOptions {
  readonly table: Pick<
    UpdateTable,
    "account" | "floor" | "channels" | "commit" | "sources" | "countAfter" | "addOutage" | "has"
  >;
  /**
   * Whether a route or handler wants the messages of this chat: only those are stored with their
   * text.
   */
  readonly wants: (chat: string) => boolean;
  readonly judge: Judge;
  readonly log: Log;
  readonly clock: Clock;
  readonly timings: EngineTimings;
  readonly on: {
    caughtUp(result: CaughtUp): void;
    trouble(trouble: UpdateTrouble): void;
    /** The inbox has new rows. */
    arrived(): void;
  };
}

/** State that requests share during one connection. */
export interface EngineParts {
  readonly ledger: Ledger;
  readonly options: EngineOptions;
  readonly server: UpdateServer;
  readonly signal: AbortSignal;
  readonly meanwhile: Meanwhile;
}

/** Runs slow requests without delaying pushed updates, except for those of the boxes being read. */
export interface Meanwhile {
  /** Boxes whose chats are being read; their pushed updates wait. */
  readonly reading: Set<string>;
  /** Settles like `answer`. Rejects with AppError `sqlite-*` when the store fails. */
  answered<T>(answer: Promise<T>): Promise<T>;
  /** Waits. Rejects when the connection is over, and as `answered`. */
  pass(delayMs: number): Promise<void>;
}

import type { InboxEvent, UpdateState } from "@flotilla/session-store";

/** One update as the algorithm sees it (https://core.telegram.org/api/updates). */
export type Update =
  /** Moves the pts of a box by `count` up to `pts`; `events` are the parts to store. */
  | {
      readonly kind: "box";
      readonly box: string;
      readonly pts: number;
      readonly count: number;
      readonly events: readonly InboxEvent[];
    }
  | { readonly kind: "qts"; readonly qts: number }
  | { readonly kind: "channel-too-long"; readonly channel: string }
  /** The account joined or left it, or may see it again. */
  | { readonly kind: "channel-changed"; readonly channel: string }
  /** The server reset the account's pts. */
  | { readonly kind: "pts-changed" }
  /** Refers to a user or chat without an access hash: the difference brings it. */
  | { readonly kind: "incomplete" }
  /** This version has no constructor for it. */
  | { readonly kind: "unreadable" };

/** One `Updates` object. `seqStart` 0 = unordered. `date` is 0 where it must not be stored. */
export type Envelope =
  | {
      readonly kind: "updates";
      readonly seqStart: number;
      readonly seq: number;
      readonly date: number;
      readonly updates: readonly Update[];
    }
  | { readonly kind: "too-long" };

/** Content of one part of a difference. */
interface Part {
  readonly kind: "part";
  readonly final: boolean;
  /** Its new messages. */
  readonly events: readonly InboxEvent[];
  readonly updates: readonly Update[];
  /** Number of its messages and updates that this version cannot read. */
  readonly unreadable: number;
}

/** Answer of updates.getDifference. */
export type Difference =
  | { readonly kind: "empty"; readonly date: number; readonly seq: number }
  | (Part & { readonly state: UpdateState })
  | { readonly kind: "too-long"; readonly pts: number };

/** Answer of updates.getChannelDifference. */
export type ChannelDifference =
  | { readonly kind: "empty"; readonly pts: number }
  | (Part & { readonly pts: number })
  /** `topId` is the newest message at `pts`; null = not reported. */
  | { readonly kind: "too-long"; readonly pts: number; readonly topId: number | null };

/** A chat in the list of chats. */
export interface Dialog {
  /** Marked id. */
  readonly chat: string;
  readonly box: string;
  readonly topId: number;
  /** Time of the newest message, in milliseconds since the epoch; 0 without one. */
  readonly topDate: number;
  /** Only for a channel. */
  readonly pts: number | null;
  /**
   * Time at which the account joined the channel, in milliseconds since the epoch; 0 = not
   * reported.
   */
  readonly joinedAt: number;
}

/**
 * One page of the list of chats, newest first; `next` requests the following page, null at the end.
 */
export interface DialogPage {
  readonly dialogs: readonly Dialog[];
  readonly next: string | null;
}

/** Messages of a chat, oldest first, at most a hundred. */
export interface HistoryPage {
  /** The readable messages. */
  readonly events: readonly InboxEvent[];
  /** Number of messages, readable or not; 0 = the end of the chat. */
  readonly raw: number;
  /** Numbers of unreadable messages: older than the last of `events`, and newer. */
  readonly unreadable: number;
  readonly unreadableAfter: number;
}

/** Start of a request for messages of a chat: after this id, or after this time in milliseconds. */
export type HistoryStart = { readonly afterId: number } | { readonly afterDate: number };

/** A part of a history. */
export interface HistoryRange {
  /** Messages to skip after the start: they were read, and none was readable. */
  readonly skip: number;
  /** Newest message to include; null = to the end. */
  readonly upTo: number | null;
}

/** Requests of the engine to the server. Any may reject; `Judge` decides what that means. */
export interface UpdateServer {
  state(): Promise<UpdateState>;
  /** `limit` is the greatest size of one part, in units of pts; absent = the server's choice. */
  difference(from: UpdateState, limit?: number): Promise<Difference>;
  channelDifference(channel: string, pts: number, limit?: number): Promise<ChannelDifference>;
  dialogs(next: string | null): Promise<DialogPage>;
  /** The same for certain chats; leaves out chats that the account no longer has. */
  dialogsOf(chats: readonly string[]): Promise<readonly Dialog[]>;
  /** The oldest messages after the start. */
  history(chat: string, start: HistoryStart, range: HistoryRange): Promise<HistoryPage>;
}

/** Meaning of a rejected request. */
export type Verdict =
  /** The connection allows no further request. */
  | { readonly kind: "fatal" }
  /** This chat is closed to the account; the others are not affected. */
  | { readonly kind: "closed"; readonly reason: string }
  /** It will not be answered, however often it is asked. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The server refuses the position. */
  | { readonly kind: "stale" }
  /** The answer contains something that this version cannot read. */
  | { readonly kind: "undecodable" }
  /** Repeat the request after `waitMs`, or after the usual pause. */
  | { readonly kind: "later"; readonly waitMs: number | null };

/** Decides what a rejected request means. */
export type Judge = (error: unknown) => Verdict;

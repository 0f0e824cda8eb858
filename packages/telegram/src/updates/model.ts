import type { InboxEvent, UpdateState } from "@flotilla/session-store";

/** One update as the algorithm sees it (https://core.telegram.org/api/updates). */
export type Update =
  /** Moves the pts of a box by `count` up to `pts`; `events` is what of it we keep. */
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
  /** The account's pts was set anew by the server. */
  | { readonly kind: "pts-changed" }
  /** Speaks of somebody we cannot address: the difference says who that is. */
  | { readonly kind: "incomplete" }
  /** This version has no constructor for it. */
  | { readonly kind: "unreadable" };

/** One `Updates` object. `seqStart` 0 means: in no order. `date` is 0 where it must not be stored. */
export type Envelope =
  | {
      readonly kind: "updates";
      readonly seqStart: number;
      readonly seq: number;
      readonly date: number;
      readonly updates: readonly Update[];
    }
  | { readonly kind: "too-long" };

/** What is in a part of a difference. */
interface Part {
  readonly kind: "part";
  readonly final: boolean;
  /** Its new messages. */
  readonly events: readonly InboxEvent[];
  readonly updates: readonly Update[];
  /** Messages and updates in it that this version cannot read. */
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
  /** `topId` is the newest message at `pts`; null when that was not told. */
  | { readonly kind: "too-long"; readonly pts: number; readonly topId: number | null };

/** A chat in the list of chats. */
export interface Dialog {
  /** Marked id. */
  readonly chat: string;
  readonly box: string;
  readonly topId: number;
  /** Of the newest message, milliseconds since the epoch; 0 when there is none. */
  readonly topDate: number;
  /** Of a channel. */
  readonly pts: number | null;
  /** When the account joined the channel, milliseconds since the epoch; 0 when that was not told. */
  readonly joinedAt: number;
}

/** One page of the list of chats, newest first; `next` asks for the page after it, null at the end. */
export interface DialogPage {
  readonly dialogs: readonly Dialog[];
  readonly next: string | null;
}

/** Messages of a chat, oldest first, at most a hundred. */
export interface HistoryPage {
  /** Those that can be read. */
  readonly events: readonly InboxEvent[];
  /** How many there are, whether they can be read or not; 0 is the end of the chat. */
  readonly raw: number;
  /** Messages that this version cannot read: older than the last of `events`, and newer. */
  readonly unreadable: number;
  readonly unreadableAfter: number;
}

/** From where on messages of a chat are asked for: after this id, or after this time in milliseconds. */
export type HistoryStart = { readonly afterId: number } | { readonly afterDate: number };

/** A part of a history. */
export interface HistoryRange {
  /** So many messages after the start are left out: they were read, and none of them could be. */
  readonly skip: number;
  /** No newer message than this one; null: all there are. */
  readonly upTo: number | null;
}

/** What the engine asks the server. Any of these may reject; `Judge` says what that means. */
export interface UpdateServer {
  state(): Promise<UpdateState>;
  /** `limit` is the most that may come in one part, in units of pts; absent: the server's choice. */
  difference(from: UpdateState, limit?: number): Promise<Difference>;
  channelDifference(channel: string, pts: number, limit?: number): Promise<ChannelDifference>;
  dialogs(next: string | null): Promise<DialogPage>;
  /** The same for certain chats; those that are no chats of the account any more are left out. */
  dialogsOf(chats: readonly string[]): Promise<readonly Dialog[]>;
  /** The oldest messages after the start. */
  history(chat: string, start: HistoryStart, range: HistoryRange): Promise<HistoryPage>;
}

/** What a rejected question means. */
export type Verdict =
  /** Nothing more can be asked on this connection. */
  | { readonly kind: "fatal" }
  /** This chat is closed to the account; the others are not concerned. */
  | { readonly kind: "closed"; readonly reason: string }
  /** It will not be answered, however often it is asked. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The server does not accept our position. */
  | { readonly kind: "stale" }
  /** The answer holds something that this version cannot read. */
  | { readonly kind: "undecodable" }
  /** The same question is worth asking again after `waitMs`, or after the usual pause. */
  | { readonly kind: "later"; readonly waitMs: number | null };

/** Says what a rejected question means. */
export type Judge = (error: unknown) => Verdict;

import type { ChannelState, UpdateState } from "./types.ts";

/**
 * One formatted run of a text; offset and length in UTF-16 units
 * (https://core.telegram.org/api/entities).
 */
export interface TextEntity {
  /**
   * As in the Bot API: bold, italic, underline, strikethrough, spoiler, blockquote, code, pre,
   * text_link, text_mention, url, …
   */
  readonly kind: string;
  readonly offset: number;
  readonly length: number;
  /** Of a text_link. */
  readonly url?: string;
  /** Of a pre. */
  readonly language?: string;
  /** Of a text_mention, decimal. */
  readonly userId?: string;
  /** Of a custom_emoji, decimal. */
  readonly emojiId?: string;
}

/** What is attached to a message, as far as it takes to send it on without downloading it. */
export interface MediaReference {
  /**
   * photo, document (with `mime`), webpage, geo, contact, poll, … ; `unsupported` is what this
   * version cannot name.
   */
  readonly kind: string;
  /**
   * Of a photo or document: decimal id and access hash, and the file reference in base64, which
   * ages within hours.
   */
  readonly id?: string;
  readonly accessHash?: string;
  readonly fileReference?: string;
  readonly mime?: string;
  /** Of a document: what clients show it as. Absent in rows of version 0.1. */
  readonly shown?: "sticker" | "animation" | "video" | "voice" | "audio" | "file";
  readonly sizeBytes?: number;
  readonly fileName?: string;
  readonly spoiler?: boolean;
  /** Of a webpage. */
  readonly url?: string;
}

/**
 * Content of a message. Stored only for chats that a route reads, and only until the row is done.
 */
export interface MessageContent {
  readonly text: string;
  readonly entities: readonly TextEntity[];
  readonly media: MediaReference | null;
  /** Same in all messages of one album. */
  readonly groupedId: string | null;
  /** Message of the same chat that this one answers. */
  readonly replyTo: number | null;
  /** Forum topic (its first message's id), or null. */
  readonly topicId: number | null;
  /** Marked id of the sender; null for a post of a channel. */
  readonly from: string | null;
  /** True when the account itself sent it, from here or from another device. */
  readonly out: boolean;
  /** The owner restricts saving and forwarding: it must not be passed on (docs/safety.md). */
  readonly noforwards: boolean;
  /** Seconds after which the media destroys itself, or null. Must not be passed on either. */
  readonly ttlS: number | null;
  /**
   * Of a forward: the messages that it says it comes from. `message` is null where Telegram names
   * only the chat or the person.
   */
  readonly origins?: readonly { readonly chat: string; readonly message: number | null }[];
  /** Joined, pinned, title changed, …: nothing a person wrote. */
  readonly service: boolean;
}

/** What can happen to a message. */
export type InboxKind = "new" | "edit" | "delete";

/** One thing that happened, as the update engine hands it over. */
export interface InboxEvent {
  readonly kind: InboxKind;
  /** Whose ids these are: "account" (private chats and basic groups) or a bare channel id. */
  readonly box: string;
  /**
   * Marked id: user 123, group -123, channel -100123. Null for a deletion in the account's box:
   * then the row of its message tells.
   */
  readonly chat: string | null;
  readonly messageId: number;
  /** 0 for new messages; for edits and deletions the pts, which tells one from the next. */
  readonly version: number;
  /**
   * When it was sent, edited or deleted by the server's clock, in milliseconds since the Unix
   * epoch.
   */
  readonly date: number;
  /** Null for deletions. */
  readonly content: MessageContent | null;
}

/** One row of the inbox. `n` grows in the order of arrival and is never used again. */
export interface InboxRow extends InboxEvent {
  readonly n: number;
  readonly chat: string;
  /** When it was committed here, in milliseconds since the Unix epoch. */
  readonly receivedAt: number;
}

/** What one step of the update engine writes, all or nothing. */
export interface UpdateBatch {
  readonly account?: UpdateState;
  readonly channels?: readonly Omit<ChannelState, "hash">[];
  readonly events?: readonly InboxEvent[];
  /** Newest message of chats that may not be known yet: what came up to it is not asked for. */
  readonly baselines?: readonly {
    readonly chat: string;
    readonly topId: number;
    readonly topDate: number;
  }[];
}

/** What a commit changed. */
export interface CommitResult {
  /** Rows that were not there before. */
  readonly inserted: number;
  /** How many of them are new messages. */
  readonly messages: number;
}

/** One chat as its messages show it. Times are milliseconds since the Unix epoch. */
export interface SourceRow {
  /** Marked id. */
  readonly chat: string;
  readonly lastMessageId: number;
  readonly lastMessageAt: number;
  /**
   * Usual time between two messages: the median of the last ones, in milliseconds; null below five.
   */
  readonly rhythmMs: number | null;
  /**
   * Silences of an hour and more that ended within the last 14 days, oldest first: when they began,
   * and how long they were (`ms`).
   */
  readonly silences: readonly { readonly from: number; readonly ms: number }[];
  /** Why nothing comes from it any more (`CHANNEL_PRIVATE`), or null. */
  readonly closed: string | null;
}

/**
 * Silence of the connection and what became of the messages meanwhile. Times are milliseconds since
 * the Unix epoch.
 */
export interface OutageRow {
  readonly beganAt: number;
  readonly endedAt: number;
  readonly recovered: number;
  /** Events that exist and cannot be fetched. */
  readonly lost: number;
}

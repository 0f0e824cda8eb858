import type { Fault, KnownChat, KnownTopic, SourceMessage, TextEntity } from "@flotilla/contracts";
import type { LinkedChannel } from "@flotilla/session-store";
import type { CopyCalls, FileCalls } from "@flotilla/telegram";

/** A chat to deliver to or to read, as its route names it, and its topic. */
export interface TargetChat {
  readonly chat: string;
  readonly topic: number | null;
}

/** A text with its formatting. */
export interface OutgoingText {
  readonly text: string;
  readonly entities: readonly TextEntity[];
}

/** Files of messages: how they are found, read, saved and sent. */
export type FilePort = Pick<FileCalls, "find" | "read" | "save" | "send">;

/**
 * What a relay needs of Telegram. Every call passes the account's gate and its flood budget, and
 * throws what Telegram answered. A `randomId` that was used before is an answer like any other:
 * RANDOM_ID_DUPLICATE.
 */
export interface RelayTelegram {
  /** Returns the id in the target, or null when it was not told. */
  send(
    to: TargetChat,
    message: OutgoingText & { readonly replyTo: number | null; readonly randomId: string },
  ): Promise<number | null>;
  /** Returns the ids in the target in the order of `ids`. */
  forward(
    to: TargetChat,
    what: {
      readonly fromChat: string;
      readonly fromUsername: string | null;
      readonly ids: readonly number[];
      readonly randomIds: readonly string[];
      readonly dropAuthor: boolean;
    },
  ): Promise<readonly (number | null)[]>;
  /** Copies by reference that a forward cannot make. */
  readonly copies: Pick<CopyCalls, "send" | "replace">;
  edit(to: TargetChat, id: number, text: OutgoingText): Promise<void>;
  delete(to: TargetChat, ids: readonly number[]): Promise<void>;
  /** Files in parts. */
  readonly files: FilePort;
  /** What an error of these calls means. */
  faultOf(error: unknown): Fault;
  /** Marked id of a chat, or null when there is none of that name. */
  resolve(ref: string): Promise<string | null>;
  /** Learns the chats of the account. False: it has more than can be asked for. */
  learnChats(): Promise<boolean>;
  /** Chats of the account, and topics of a forum; none where there are no topics. */
  chats(): Promise<readonly KnownChat[]>;
  topics(chat: string): Promise<readonly KnownTopic[]>;
  /** The channel whose posts Telegram copies into this group by itself, or null. */
  linkedChannel(chat: string): Promise<LinkedChannel | null>;
  /** Messages of a chat or of a topic, newest first, older than `before` (0 = the newest). */
  history(from: TargetChat, before: number, limit: number): Promise<readonly SourceMessage[]>;
}

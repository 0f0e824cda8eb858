import type { TextEntity } from "@flotilla/session-store";
import { Api } from "telegram";

/** Where to. `chat` is a marked id, `@name` or `me`; `topic` a forum topic. */
export interface Target {
  readonly chat: string;
  readonly topic: number | null;
}

/** A text with its formatting. */
export interface FormattedText {
  readonly text: string;
  readonly entities: readonly TextEntity[];
}

/** What a message answers, and in which topic. */
export function replyHeader(message: number, topic: number | null): Api.InputReplyToMessage {
  return new Api.InputReplyToMessage({ replyToMsgId: message, ...(topic === null ? {} : { topMsgId: topic }) });
}

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

/** Every forum has it, and it is addressed by naming none (https://core.telegram.org/api/forum). */
const GENERAL_TOPIC = 1;

/** The topic as calls name it; null for the General one too. */
export function threadOf({ topic }: Target): number | null {
  return topic === GENERAL_TOPIC ? null : topic;
}

/**
 * What a message answers, and in which topic; nothing when it is neither. A message that answers nothing names the topic's first
 * message. The topic is said besides: Telegram needs it when the answered message is gone by then.
 */
export function replyIn(to: Target, message: number | null): { readonly replyTo?: Api.InputReplyToMessage } {
  const topic = threadOf(to);
  const replyToMsgId = message ?? topic;
  if (replyToMsgId === null) return {};
  return { replyTo: new Api.InputReplyToMessage({ replyToMsgId, ...(topic === null ? {} : { topMsgId: topic }) }) };
}

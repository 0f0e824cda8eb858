import { withoutNullish } from "@flotilla/kernel";
import type { TextEntity } from "@flotilla/session-store";
import { Api } from "telegram";

/** Target of a message. `chat` is a marked id, `@name` or `me`; `topic` a forum topic. */
export interface Target {
  readonly chat: string;
  readonly topic: number | null;
}

/** A text with its formatting. */
export interface FormattedText {
  readonly text: string;
  readonly entities: readonly TextEntity[];
}

/**
 * The General topic of every forum, which calls address by naming no topic
 * (https://core.telegram.org/api/forum).
 */
const GENERAL_TOPIC = 1;

/** The topic for calls; null also for General. */
export function threadOf({ topic }: Target): number | null {
  return topic === GENERAL_TOPIC ? null : topic;
}

/**
 * Reply and topic of a new message; empty without both. A message that replies to none names the
 * topic's first message. The topic is always included, because Telegram needs it when the message
 * replied to is deleted meanwhile.
 */
export function replyIn(
  to: Target,
  message: number | null,
): { readonly replyTo?: Api.InputReplyToMessage } {
  const topic = threadOf(to);
  const replyToMsgId = message ?? topic;
  if (replyToMsgId === null) return {};
  const thread = withoutNullish({ topMsgId: topic });
  return { replyTo: new Api.InputReplyToMessage({ replyToMsgId, ...thread }) };
}

import { ChatRef } from "@flotilla/contracts";
import { markedChannel } from "@flotilla/kernel";

/** A chat that was typed, with the topic if a link named one. */
export interface TypedChat {
  readonly ref: string;
  readonly topic: number | null;
}

const PUBLIC = /^(?:https?:\/\/)?t\.me\/([A-Za-z][A-Za-z0-9_]{3,31})(?:\/(\d+)(?:\/(\d+))?)?\/?$/;
const PRIVATE = /^(?:https?:\/\/)?t\.me\/c\/(\d{1,12})(?:\/(\d+)(?:\/(\d+))?)?\/?$/;

/** `@name`, a number, or a link to a chat or to a message in it; null when it is none. A link of three parts names the topic. */
export function typedChat(text: string): TypedChat | null {
  const hidden = PRIVATE.exec(text);
  if (hidden?.[1]) return { ref: markedChannel(hidden[1]), topic: topicIn(hidden) };
  const open = PUBLIC.exec(text);
  if (open) return { ref: `@${open[1]}`, topic: topicIn(open) };
  return ChatRef.safeParse(text).success ? { ref: text, topic: null } : null;
}

function topicIn([, , first, second]: RegExpExecArray): number | null {
  return second === undefined ? null : Number(first);
}

import { clip } from "@flotilla/contracts";
import type { MaybeInaccessibleMessage, Update, User } from "grammy/types";
import { readableName } from "../words/readable.ts";

/** A chat as it is kept: its id, and for a topic of a group `<chat>/<topic>`. */
export function chatKey(id: number | string, topic: number | undefined): string {
  return topic === undefined ? String(id) : `${id}/${topic}`;
}

/** Where a message is: its chat, and its topic where it is in one. */
export function placeOf(message: MaybeInaccessibleMessage): string {
  const topic =
    "is_topic_message" in message && message.is_topic_message
      ? message.message_thread_id
      : undefined;
  return chatKey(message.chat.id, topic);
}

/** The message that was sent, changed or pressed. */
export function messageOf(
  update: Pick<Update, "callback_query" | "message" | "edited_message">,
): MaybeInaccessibleMessage | undefined {
  return update.callback_query?.message ?? update.message ?? update.edited_message;
}

/** What people call this user, at most 64 characters. */
export function nameOf(user: Pick<User, "username" | "first_name"> | undefined): string {
  if (user?.username) return `@${user.username}`.slice(0, 64);
  return clip(readableName(user?.first_name ?? "") || "?", 64);
}

/** The chat's id for the Bot API. */
export function chatId(key: string): string {
  return key.split("/")[0] ?? key;
}

/** The topic, as an option of a send. */
export function topicOf(key: string): { readonly message_thread_id?: number } {
  const topic = key.split("/")[1];
  return topic === undefined ? {} : { message_thread_id: Number(topic) };
}

/** Groups and channels have negative ids. */
export function isGroup(key: string): boolean {
  return key.startsWith("-");
}

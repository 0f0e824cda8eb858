import type { BotChats } from "../mtproto/bot-chats.ts";
import type { BotChat, BotEntity, BotMessage } from "../world/views.ts";
import type { BotBackend } from "./backend.ts";
import { textInput } from "./methods-send.ts";
import { refusal } from "./model/refusal.ts";
import type { RichText } from "./model/types.ts";
import type { Params } from "./params.ts";
import { captionText, messageText } from "./text/rich-text.ts";
import { botView } from "./views.ts";

type Json = Record<string, unknown>;

/** One call about a channel or a supergroup of the world. */
export interface GroupCall {
  readonly backend: BotBackend;
  readonly params: Params;
  readonly bot: BotChats;
  readonly chat: BotChat;
}

/**
 * General has the id 1 and is not named: https://core.telegram.org/bots/api#forumtopic, `message
 * thread not found`.
 */
export function topicOf({ params, chat }: GroupCall): number | null {
  const topic = params.integer("message_thread_id") ?? null;
  if (topic !== null && (topic <= 1 || !chat.forum)) throw refusal(400, "message thread not found");
  return topic;
}

/** What it answers; null: nothing, or it may be sent without. */
export function answeredIn({ params, bot, chat }: GroupCall): number | null {
  const given = params.json("reply_parameters") as
    | { message_id?: unknown; allow_sending_without_reply?: unknown }
    | undefined;
  if (given === undefined) return null;
  const id = Number(given.message_id);
  if (bot.message(chat, id)) return id;
  if (given.allow_sending_without_reply === true) return null;
  throw refusal(400, "message to be replied not found");
}

/** What a call says, as the world takes it. */
export function spoken(
  params: Params,
  field: "text" | "caption",
): { text: string; entities: BotEntity[] } {
  return placed(
    field === "text"
      ? messageText(textInput(params, field))
      : captionText(textInput(params, field)),
  );
}

/** A text as the world takes it. */
export function placed({ text, entities }: RichText): { text: string; entities: BotEntity[] } {
  return {
    text,
    entities: entities.map(({ type, offset, length, url, language }) => ({
      type,
      offset,
      length,
      url,
      language,
    })),
  };
}

/** https://core.telegram.org/bots/api#chat */
export function groupView({ id, title, username, kind, forum }: BotChat): Json {
  return {
    id,
    title,
    type: kind,
    ...(username === null ? {} : { username }),
    ...(forum ? { is_forum: true } : {}),
  };
}

function senderView(backend: BotBackend, from: NonNullable<BotMessage["from"]>): Json {
  return from.bot ? botView(backend.bot) : personView(from);
}

/** https://core.telegram.org/bots/api#message of a channel or a supergroup. */
export function groupMessageView(
  backend: BotBackend,
  chat: BotChat,
  message: BotMessage,
  withReply = true,
): Json {
  const { id, date, text, media, from, topic, replyTo, edited } = message;
  const { bot } = backend.world;
  // In a topic what answers nothing answers the topic's first message, as at Telegram; the sandbox
  // leaves that out.
  const answered = withReply && replyTo !== null ? bot.message(chat, replyTo) : null;
  return {
    message_id: id,
    ...(from === null ? { sender_chat: groupView(chat) } : { from: senderView(backend, from) }),
    chat: groupView(chat),
    date,
    ...(edited ? { edit_date: date } : {}),
    ...(topic === null ? {} : { message_thread_id: topic, is_topic_message: true }),
    ...(answered ? { reply_to_message: groupMessageView(backend, chat, answered, false) } : {}),
    ...(media ? { caption: text } : { text }),
  };
}

function personView({ id, firstName, username }: NonNullable<BotMessage["from"]>): Json {
  return { id, is_bot: false, first_name: firstName, ...(username === null ? {} : { username }) };
}

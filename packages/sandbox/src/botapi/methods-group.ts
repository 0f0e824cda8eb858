import { RpcError } from "../world/errors.ts";
import type { BotChat, BotEntity, BotFileKind, BotMessage, BotPort } from "../world/port.ts";
import type { BotBackend } from "./backend.ts";
import type { Method } from "./methods.ts";
import { albumParts, FILE_FIELDS, mediaPart, newAlbum, sentFile, spokenCaption } from "./methods-group-media.ts";
import { textInput } from "./methods-send.ts";
import type { Params } from "./params.ts";
import { refusal } from "./refusal.ts";
import { messageText } from "./text/rich-text.ts";
import { botView } from "./views.ts";

type Json = Record<string, unknown>;

/** One call about a channel or a supergroup of the world. */
export interface GroupCall {
  readonly backend: BotBackend;
  readonly params: Params;
  readonly bot: BotPort;
  readonly chat: BotChat;
}

/** General has the id 1 and is not named: https://core.telegram.org/bots/api#forumtopic, `message thread not found`. */
function topicOf({ params, chat }: GroupCall): number | null {
  const topic = params.integer("message_thread_id") ?? null;
  if (topic !== null && (topic <= 1 || !chat.forum)) throw refusal(400, "message thread not found");
  return topic;
}

function repliedMessage({ params, bot, chat }: GroupCall): number | null {
  const given = params.json("reply_parameters") as { message_id?: unknown; allow_sending_without_reply?: unknown } | undefined;
  if (given === undefined) return null;
  const id = Number(given.message_id);
  if (bot.message(chat, id)) return id;
  if (given.allow_sending_without_reply === true) return null;
  throw refusal(400, "message to be replied not found");
}

function spoken(params: Params): { text: string; entities: BotEntity[] } {
  const { text, entities } = messageText(textInput(params, "text"));
  return {
    text,
    entities: entities.map(({ type, offset, length, url, language }) => ({ type, offset, length, url, language })),
  };
}

const groupMethods: Record<string, (call: GroupCall) => unknown> = {
  sendMessage(call) {
    const { text, entities } = spoken(call.params);
    const more = { topic: topicOf(call), replyTo: repliedMessage(call), entities };
    return groupMessageView(call.backend, call.chat, call.bot.send(call.chat, text, more));
  },
  ...Object.fromEntries(
    Object.entries(FILE_FIELDS).map(([name, kind]) => [name, (call: GroupCall) => sendFile(call, kind)] as const),
  ),
  sendMediaGroup(call) {
    const [groupedId, around] = [newAlbum(), { topic: topicOf(call), replyTo: repliedMessage(call) }];
    return albumParts(call).map(({ file, said }) => {
      const more = { ...around, entities: said.entities, file, groupedId };
      return groupMessageView(call.backend, call.chat, call.bot.send(call.chat, said.text, more));
    });
  },
  editMessageCaption({ backend, params, bot, chat }) {
    const { text, entities } = spokenCaption(textInput(params, "caption"));
    return groupMessageView(backend, chat, bot.edit(chat, params.integer("message_id") ?? 0, text, entities));
  },
  editMessageMedia({ backend, params, bot, chat }) {
    const { file, said } = mediaPart(params, params.json("media"));
    return groupMessageView(backend, chat, bot.edit(chat, params.integer("message_id") ?? 0, said.text, said.entities, file));
  },
  editMessageText({ backend, params, bot, chat }) {
    const { text, entities } = spoken(params);
    return groupMessageView(backend, chat, bot.edit(chat, params.integer("message_id") ?? 0, text, entities));
  },
  deleteMessage({ params, bot, chat }) {
    const id = params.integer("message_id") ?? 0;
    if (!bot.message(chat, id)) throw refusal(400, "message to delete not found");
    bot.delete(chat, [id]);
    return true;
  },
  deleteMessages({ params, bot, chat }) {
    const ids = params.json("message_ids");
    if (!Array.isArray(ids) || ids.length === 0) throw refusal(400, "message identifiers are not specified");
    bot.delete(chat, ids.map(Number));
    return true;
  },
  getChat: ({ chat }) => groupView(chat),
  createForumTopic({ params, bot, chat }) {
    if (!chat.forum) throw refusal(400, "the chat is not a forum");
    const { id, title } = bot.createTopic(chat, params.text("name") ?? "");
    return { message_thread_id: id, name: title, icon_color: 0x6fb9f0 };
  },
};

function sendFile(call: GroupCall, kind: BotFileKind): unknown {
  const file = sentFile(call.params, kind);
  const { text, entities } = spokenCaption(textInput(call.params, "caption"));
  const more = { topic: topicOf(call), replyTo: repliedMessage(call), entities, file };
  return groupMessageView(call.backend, call.chat, call.bot.send(call.chat, text, more));
}

/**
 * The method for a chat that is no private one, or null when `chat_id` names a private chat. Channels and supergroups are those
 * of the MTProto half where the bot is a member (`"bot": true`).
 */
export function groupMethod(name: string, backend: BotBackend, params: Params): Method | null {
  const ref = params.text("chat_id") ?? "";
  const run = groupMethods[name];
  if (!/^(?:-1[0-9]{12}|@\w+)$/.test(ref)) return null;
  const { bot } = backend.world;
  const chat = bot.chat(ref);
  if (!chat) return () => Promise.reject(refusal(400, "chat not found"));
  if (!run) return () => Promise.reject(refusal(400, `${name} is not modelled in groups and channels`));
  return async () => translated(() => run({ backend, params, bot, chat }));
}

/** The Bot API's words for the refusals of the world. */
function translated(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    throw refusal(error.code, error.text === "TOPIC_DELETED" ? "message thread not found" : error.text);
  }
}

function groupView({ id, title, username, kind, forum }: BotChat): Json {
  return { id, title, type: kind, ...(username === null ? {} : { username }), ...(forum ? { is_forum: true } : {}) };
}

/** https://core.telegram.org/bots/api#message of a channel or a supergroup. */
export function groupMessageView(backend: BotBackend, chat: BotChat, message: BotMessage, withReply = true): Json {
  const { id, date, text, from, topic, replyTo, edited, hasMedia } = message;
  const { bot } = backend.world;
  // In a topic what answers nothing answers the topic's first message, as at Telegram; the sandbox leaves that out.
  const answered = withReply && replyTo !== null ? bot.message(chat, replyTo) : null;
  return {
    message_id: id,
    ...(from === null ? { sender_chat: groupView(chat) } : { from: from.bot ? botView(backend.bot) : personView(from) }),
    chat: groupView(chat),
    date,
    ...(edited ? { edit_date: date } : {}),
    ...(topic === null ? {} : { message_thread_id: topic, is_topic_message: true }),
    ...(answered ? { reply_to_message: groupMessageView(backend, chat, answered, false) } : {}),
    ...(hasMedia ? { caption: text } : { text }),
  };
}

function personView({ id, firstName, username }: NonNullable<BotMessage["from"]>): Json {
  return { id, is_bot: false, first_name: firstName, ...(username === null ? {} : { username }) };
}

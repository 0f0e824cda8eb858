import { RpcError } from "../world/errors.ts";
import type { BotBackend } from "./backend.ts";
import {
  answeredIn,
  type GroupCall,
  groupMessageView,
  groupView,
  spoken,
  topicOf,
} from "./group-call.ts";
import type { Method } from "./methods.ts";
import { groupMediaMethods } from "./methods-group-media.ts";
import { refusal } from "./model/refusal.ts";
import type { Params } from "./params.ts";

const groupMethods: Record<string, (call: GroupCall) => unknown> = {
  sendMessage(call) {
    const { text, entities } = spoken(call.params, "text");
    const more = { topic: topicOf(call), replyTo: answeredIn(call), entities };
    return groupMessageView(call.backend, call.chat, call.bot.send(call.chat, text, more));
  },
  editMessageText({ backend, params, bot, chat }) {
    const { text, entities } = spoken(params, "text");
    const id = params.integer("message_id") ?? 0;
    if (bot.message(chat, id)?.media === true)
      throw refusal(400, "there is no text in the message to edit");
    return groupMessageView(backend, chat, bot.edit(chat, id, text, entities));
  },
  deleteMessage({ params, bot, chat }) {
    const id = params.integer("message_id") ?? 0;
    if (!bot.message(chat, id)) throw refusal(400, "message to delete not found");
    bot.delete(chat, [id]);
    return true;
  },
  deleteMessages({ params, bot, chat }) {
    const ids = params.json("message_ids");
    if (!Array.isArray(ids) || ids.length === 0)
      throw refusal(400, "message identifiers are not specified");
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

/**
 * The method for a chat that is no private one, or null when `chat_id` names a private chat.
 * Channels and supergroups are those of the MTProto half where the bot is a member (`"bot": true`).
 */
export function groupMethod(name: string, backend: BotBackend, params: Params): Method | null {
  const ref = params.text("chat_id") ?? "";
  const run = groupMethods[name] ?? groupMediaMethods[name];
  if (!/^(?:-1[0-9]{12}|@\w+)$/.test(ref)) return null;
  const { bot } = backend.world;
  const chat = bot.chat(ref);
  if (!chat) return () => Promise.reject(refusal(400, "chat not found"));
  if (!run)
    return () => Promise.reject(refusal(400, `${name} is not modelled in groups and channels`));
  return async () => translated(() => run({ backend, params, bot, chat }));
}

/** The Bot API's words for the refusals of the world. */
function translated(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    throw refusal(
      error.code,
      error.text === "TOPIC_DELETED" ? "message thread not found" : error.text,
    );
  }
}

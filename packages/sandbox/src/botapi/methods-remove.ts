import type { BotBackend } from "./backend.ts";
import type { Method } from "./methods.ts";
import { refusal } from "./model/refusal.ts";
import type { Chat, StoredMessage } from "./model/types.ts";
import type { Params } from "./params.ts";

const DELETE_LIFE_MS = 48 * 3600_000;
const MOST_AT_ONCE = 100;

/** Deleting and pinning. https://core.telegram.org/bots/api#deletemessage */
export const removeMethods: Record<string, Method> = {
  deleteMessage(backend, params) {
    const chat = backend.chats.writable(params.integer("chat_id"));
    const message = backend.chats.message(chat, params.integer("message_id"));
    if (message === undefined) throw refusal(400, "message to delete not found");
    if (!isDeletable(backend, message)) throw refusal(400, "message can't be deleted for everyone");
    backend.remove(message);
    return true;
  },
  /** Ids that cannot be deleted are skipped, as Telegram does. */
  deleteMessages(backend, params) {
    const chat = backend.chats.writable(params.integer("chat_id"));
    const ids = params.json("message_ids");
    if (!Array.isArray(ids) || ids.length === 0)
      throw refusal(400, "message identifiers are not specified");
    if (ids.length > MOST_AT_ONCE) throw refusal(400, "too many message identifiers specified");
    for (const id of ids) {
      const message = backend.chats.message(chat, Number(id));
      if (message !== undefined && isDeletable(backend, message)) backend.remove(message);
    }
    return true;
  },
  pinChatMessage(backend, params) {
    const chat = backend.chats.writable(params.integer("chat_id"));
    const message = backend.chats.message(chat, params.integer("message_id"));
    if (message === undefined) throw refusal(400, "message to pin not found");
    chat.pinned = [...chat.pinned.filter((id) => id !== message.id), message.id];
    return changed(backend, chat);
  },
  unpinChatMessage(backend, params) {
    const chat = backend.chats.writable(params.integer("chat_id"));
    const id = unpinTarget(chat, params);
    chat.pinned = chat.pinned.filter((pinned) => pinned !== id);
    return changed(backend, chat);
  },
  unpinAllChatMessages(backend, params) {
    const chat = backend.chats.writable(params.integer("chat_id"));
    chat.pinned = [];
    return changed(backend, chat);
  },
};

/** In a private chat the bot may delete its own and the user's messages, for 48 hours. */
function isDeletable(backend: BotBackend, message: StoredMessage): boolean {
  return backend.clock.now() - message.dateMs < DELETE_LIFE_MS;
}

function unpinTarget(chat: Chat, params: Params): number {
  const id = params.integer("message_id") ?? chat.pinned.at(-1);
  if (id === undefined || !chat.pinned.includes(id))
    throw refusal(400, "message to unpin not found");
  return id;
}

function changed(backend: BotBackend, chat: Chat): true {
  backend.hub.emit({ type: "chat", chatId: chat.user.id });
  return true;
}

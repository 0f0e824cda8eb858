import type { SessionStore } from "@flotilla/session-store";
import { type AccountCalls, classify } from "@flotilla/telegram";
import type { RelayTelegram } from "./ports.ts";
import { toSourceMessage } from "./source-message.ts";

/** A relay's Telegram: this worker's account. */
export function relayTelegram(calls: AccountCalls, store: SessionStore): RelayTelegram {
  return {
    send: (to, message) => calls.send(to, message),
    forward: (to, what) => calls.forward(to, what),
    edit: (to, id, text) => calls.edit(to, id, text),
    delete: (to, ids) => calls.delete(to, ids),
    resolve: (ref) => calls.resolve(ref),
    files: calls.files,
    copies: calls.copies,
    learnChats: () => calls.learnChats(),
    chats: () => calls.chats(),
    topics: (chat) => calls.topics(chat),
    linkedChannel: (chat) => calls.linkedChannel(chat),
    faultOf: classify,
    history: async (from, before, limit) => {
      const events = await calls.history(from, before, limit);
      return events.flatMap(({ content, chat: found, messageId, date }) =>
        content && !content.service && found !== null
          ? [toSourceMessage(store, { chat: found, messageId, date }, content)]
          : [],
      );
    },
  };
}

import { type Api, GrammyError } from "grammy";
import type { SeenChat } from "./step-check.ts";

/**
 * Looks a chat up that the bot is in: see {@link SeenChat}. Null: the bot is not in it, or it was
 * not told.
 */
export function botChats(api: Api): (ref: string) => Promise<SeenChat | null> {
  return async (ref) => {
    try {
      const chat = await api.getChat(ref);
      const {
        title = chat.first_name ?? ref,
        is_forum: forum = false,
        linked_chat_id: linked,
      } = chat;
      return {
        title,
        forum,
        id: String(chat.id),
        linked: linked === undefined ? null : String(linked),
      };
    } catch (error) {
      if (error instanceof GrammyError) return null;
      throw error;
    }
  };
}

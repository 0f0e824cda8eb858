import { type Api, GrammyError } from "grammy";

/** Looks a chat up that the bot is in: its title, and whether it has topics. Null: the bot is not in it, or it was not told. */
export function botChats(api: Api): (ref: string) => Promise<{ readonly title: string; readonly forum: boolean } | null> {
  return async (ref) => {
    try {
      const chat = await api.getChat(ref);
      return { title: chat.title ?? chat.first_name ?? ref, forum: chat.is_forum === true };
    } catch (error) {
      if (error instanceof GrammyError) return null;
      throw error;
    }
  };
}

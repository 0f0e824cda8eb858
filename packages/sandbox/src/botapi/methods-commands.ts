import { z } from "zod";
import type { BotBackend } from "./backend.ts";
import type { CommandScope } from "./commands.ts";
import type { Method } from "./methods.ts";
import { refusal } from "./model/refusal.ts";
import type { Params } from "./params.ts";

const commandList = z.array(z.object({ command: z.string(), description: z.string() })).max(100);
const scopeFields = z.object({
  type: z.string(),
  chat_id: z.union([z.number(), z.string()]).optional(),
  user_id: z.coerce.number().int().optional(),
});

/** The bot's menu, by scope and language. https://core.telegram.org/bots/api#setmycommands */
export const commandMethods: Record<string, Method> = {
  setMyCommands(backend, params) {
    const parsed = commandList.safeParse(params.json("commands"));
    if (!parsed.success)
      throw refusal(400, "can't parse BotCommand: expected an Array of at most 100 Objects");
    const commands = parsed.data.map(({ command, description }) => checked(command, description));
    backend.commands.set(scopeOf(backend, params), languageOf(params), commands);
    backend.hub.emit({ type: "commands", chatId: 0 });
    return true;
  },
  getMyCommands: (backend, params) =>
    backend.commands.get(scopeOf(backend, params), languageOf(params)),
  deleteMyCommands(backend, params) {
    backend.commands.delete(scopeOf(backend, params), languageOf(params));
    backend.hub.emit({ type: "commands", chatId: 0 });
    return true;
  },
};

function checked(command: string, description: string): { command: string; description: string } {
  const name = command.replace(/^\//, "");
  if (!/^[a-z0-9_]{1,32}$/.test(name)) throw refusal(400, "BOT_COMMAND_INVALID");
  if (description.length < 1 || description.length > 256)
    throw refusal(400, "BOT_COMMAND_DESCRIPTION_INVALID");
  return { command: name, description };
}

/** Two letters, or "" when none is named. */
function languageOf(params: Params): string {
  const language = params.text("language_code") ?? "";
  if (!/^(?:[a-z]{2})?$/.test(language)) throw refusal(400, "invalid language code specified");
  return language;
}

function scopeOf(backend: BotBackend, params: Params): CommandScope {
  const given = params.json("scope");
  if (given === undefined) return { type: "default" };
  const parsed = scopeFields.safeParse(given);
  if (!parsed.success)
    throw refusal(400, 'can\'t parse BotCommandScope: field "type" must be of type String');
  const { type, chat_id: ref, user_id: user } = parsed.data;
  switch (type) {
    case "default":
    case "all_private_chats":
    case "all_group_chats":
    case "all_chat_administrators":
      return { type };
    case "chat":
    case "chat_administrators":
      return { type, chat: chatOf(backend, type, ref) };
    case "chat_member":
      if (user === undefined) throw refusal(400, "user not found");
      return { type, chat: chatOf(backend, type, ref), user };
    default:
      throw refusal(400, "can't parse BotCommandScope: unsupported type specified");
  }
}

/**
 * The chat must be known to the bot; a channel has no commands, and a private chat has no
 * administrators and members.
 */
function chatOf(backend: BotBackend, type: string, ref: number | string | undefined): number {
  if (ref === undefined || ref === "") throw refusal(400, "chat_id is empty");
  if (backend.chats.find(Number(ref))?.started === true) {
    if (type !== "chat") throw refusal(400, "can't use specified scope in private chats");
    return Number(ref);
  }
  const chat = backend.world.bot.chat(String(ref));
  if (!chat) throw refusal(400, "chat not found");
  if (chat.kind === "channel") throw refusal(400, "can't change commands in channel chats");
  return chat.id;
}

import { type Asker, decodePress } from "@flotilla/contracts";
import { parseUserId, type UserId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { autoRetry } from "@grammyjs/auto-retry";
import { sequentialize } from "@grammyjs/runner";
import { Bot, type Context } from "grammy";
import { sendProblem } from "./chat/bot-errors.ts";
import { handlePress, type PressDeps } from "./presses.ts";
import { handleText, type TextDeps } from "./texts.ts";
import { type Said, say } from "./words/said.ts";
import { type Languages, languageFor, type Words } from "./words/words.ts";

/** The bot's client, with bounded retries: a 429 is obeyed, nothing waits for ever. `apiRoot` null = Telegram. */
export function createBot(token: string, apiRoot: string | null): Bot {
  const bot = new Bot(token, apiRoot === null ? {} : { client: { apiRoot } });
  bot.api.config.use(autoRetry({ maxRetryAttempts: 3, maxDelaySeconds: 30, rethrowHttpErrors: true }));
  return bot;
}

/** Parts of the routes. */
export interface RouteDeps extends PressDeps, TextDeps {
  readonly log: Logger;
  readonly adminIds: ReadonlySet<string>;
  /** The language of a chat. */
  readonly wordsOf: (chat: string) => Words;
}

const MENU_COMMANDS = ["menu", "workers", "cancel", "help"] as const;

/** Tells Telegram the commands of the bot's menu, in every language. */
export async function setMenu(bot: Bot, languages: Languages): Promise<void> {
  for (const words of Object.values(languages)) {
    const commands = MENU_COMMANDS.map((command) => ({ command, description: words.text(`command-${command}`) }));
    await bot.api.setMyCommands(commands, words.language === "en" ? {} : { language_code: words.language });
  }
}

/** Registers every handler. Whoever is not on the allow-list, and every chat that is not private, gets no answer at all. */
export function registerRoutes(bot: Bot, deps: RouteDeps): void {
  bot.use(async (context, next) => {
    const allowed = context.from && context.chat?.type === "private" && deps.adminIds.has(String(context.from.id));
    if (!allowed)
      return deps.log.warn({ from: context.from?.id, chat: context.chat?.type }, "refused: not an admin in a private chat");
    deps.admins.saw(adminOf(context), askerOf(context).name, languageFor(context.from?.language_code));
    await next();
  });
  bot.use(sequentialize((context) => String(context.chat?.id)));
  bot.command(["start", "menu"], (context) => deps.panels.show(chatOf(context), { kind: "menu" }, null));
  bot.command("workers", (context) => deps.panels.show(chatOf(context), { kind: "workers", page: 0 }, null));
  bot.command("help", async (context) => void (await context.reply(deps.wordsOf(chatOf(context)).text("help"))));
  bot.command("cancel", (context) => cancel(deps, context));
  bot.on("message:text", (context) =>
    handleText(deps, {
      text: context.message.text,
      admin: adminOf(context),
      asker: askerOf(context),
      chat: chatOf(context),
      erase: () => erase(deps, context),
    }),
  );
  bot.on("callback_query:data", (context) => press(deps, context, context.callbackQuery.data));
  bot.catch(({ error, ctx }) => deps.log.error({ err: error, update: ctx.update.update_id }, "update failed"));
}

async function press(deps: RouteDeps, context: Context, data: string): Promise<void> {
  const toast = (said?: Said): Promise<void> => answer(deps, context, said);
  const parsed = decodePress(data);
  const message = context.callbackQuery?.message?.message_id;
  if (!parsed || message === undefined) {
    await toast(say("toast-stale"));
    return await deps.panels.show(chatOf(context), { kind: "menu" }, null);
  }
  await handlePress(deps, {
    press: parsed,
    admin: adminOf(context),
    asker: askerOf(context),
    chat: chatOf(context),
    message,
    toast,
  });
}

async function answer(deps: RouteDeps, context: Context, said: Said | undefined): Promise<void> {
  try {
    const text = said && deps.wordsOf(chatOf(context)).plain(said).slice(0, 200);
    await context.answerCallbackQuery(text === undefined ? {} : { text });
  } catch (error) {
    // A press that is too old can no longer be answered; what it asked for is done all the same.
    if (sendProblem(error) !== "stale-query") deps.log.warn({ err: error }, "press not answered");
  }
}

async function erase(deps: RouteDeps, context: Context): Promise<void> {
  try {
    await context.deleteMessage();
  } catch (error) {
    deps.log.warn({ err: error }, "message not deleted");
  }
}

async function cancel(deps: RouteDeps, context: Context): Promise<void> {
  const admin = adminOf(context);
  deps.admins.expect(admin, null);
  const row = deps.wizard.of(admin);
  if (row) await deps.wizard.cancel(row, askerOf(context));
  await deps.panels.show(chatOf(context), row ? { kind: "worker", worker: row.worker } : { kind: "menu" }, null);
}

function adminOf(context: Context): UserId {
  return parseUserId(String(context.from?.id));
}

function chatOf(context: Context): string {
  return String(context.chat?.id);
}

function askerOf(context: Context): Asker {
  const { from } = context;
  return { id: String(from?.id), name: (from?.username ? `@${from.username}` : (from?.first_name ?? "?")).slice(0, 64) };
}

import { type Asker, decodePress } from "@flotilla/contracts";
import { parseUserId, type UserId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { autoRetry } from "@grammyjs/auto-retry";
import { sequentialize } from "@grammyjs/runner";
import { Bot, type Context } from "grammy";
import { sendProblem } from "./chat/bot-errors.ts";
import { handlePress, type PressDeps } from "./presses.ts";
import { handleText, type TextDeps } from "./texts.ts";

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
}

/** Commands of the bot's menu. */
export const MENU_COMMANDS = [
  { command: "menu", description: "Fleet summary" },
  { command: "workers", description: "List of workers" },
  { command: "cancel", description: "End the login or the question" },
  { command: "help", description: "What the buttons do" },
];

const HELP =
  "🛰 Flotilla runs your Telegram sessions.\n\n👷 Workers → a worker → 🔄 Restart, ⏹ Stop, 🔐 Authenticate, 📜 Log.\n➕ Add makes a new worker; 🔐 Authenticate logs its account in.\nCrashes come here as a message with the buttons that help.\n\n/menu /workers /cancel";

/** Registers every handler. Whoever is not on the allow-list, and every chat that is not private, gets no answer at all. */
export function registerRoutes(bot: Bot, deps: RouteDeps): void {
  bot.use(async (context, next) => {
    const allowed = context.from && context.chat?.type === "private" && deps.adminIds.has(String(context.from.id));
    if (!allowed)
      return deps.log.warn({ from: context.from?.id, chat: context.chat?.type }, "refused: not an admin in a private chat");
    deps.admins.saw(adminOf(context), askerOf(context).name);
    await next();
  });
  bot.use(sequentialize((context) => String(context.chat?.id)));
  bot.command(["start", "menu"], (context) => deps.panels.show(chatOf(context), { kind: "menu" }, null));
  bot.command("workers", (context) => deps.panels.show(chatOf(context), { kind: "workers", page: 0 }, null));
  bot.command("help", async (context) => void (await context.reply(HELP)));
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
  const toast = (text?: string): Promise<void> => answer(deps, context, text);
  const parsed = decodePress(data);
  const message = context.callbackQuery?.message?.message_id;
  if (!parsed || message === undefined) {
    await toast("This screen is out of date");
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

async function answer(deps: RouteDeps, context: Context, text: string | undefined): Promise<void> {
  try {
    await context.answerCallbackQuery(text === undefined ? {} : { text: text.slice(0, 200) });
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

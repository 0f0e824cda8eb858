import { type Asker, clip } from "@flotilla/contracts";
import { type Clock, parseUserId, sleep, type UserId, withoutNullish } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { autoRetry } from "@grammyjs/auto-retry";
import { Bot, type Context, type Transformer } from "grammy";
import type { ApiError, MessageOrigin } from "grammy/types";
import { SYSTEM } from "../admins/audit-store.ts";
import type { PlaceStore } from "../admins/place-store.ts";
import type { SilenceStore } from "../alerts/silence-store.ts";
import { decodePress } from "../kit/callback.ts";
import { isTokenRefusal, sendProblem } from "../kit/chat/bot-errors.ts";
import { repeatHarmless } from "../kit/chat/repeat.ts";
import type { SureSender } from "../kit/chat/sure-sender.ts";
import { chatId, messageOf, nameOf, placeOf, topicOf } from "../kit/chat/target.ts";
import type { PressContext } from "../kit/press-context.ts";
import type { Role } from "../kit/roles.ts";
import type { CommandContext } from "../kit/text-context.ts";
import { lines } from "../kit/words/html.ts";
import { readableName } from "../kit/words/readable.ts";
import { type Said, say } from "../kit/words/said.ts";
import { languageFor, type Words } from "../kit/words/words.ts";
import { type FileDeps, handleFile } from "../login/files.ts";
import { guardSecrets } from "../login/secret-messages.ts";
import type { FeatureDeps } from "./features.ts";
import type { Gate } from "./gate.ts";
import { handlePress, showMenu } from "./presses.ts";
import { isCommand, registerCommands } from "./text-commands.ts";
import { handleText, openQuestionOf } from "./texts.ts";
import { type BotWay, botWay } from "./way.ts";

/**
 * The bot's client, with bounded retries: a 429 is obeyed, a broken connection costs no tap,
 * nothing waits for ever. `apiRoot` null = Telegram. `gate` sees each call last, also a repeated
 * one.
 */
export function createBot(
  token: string,
  apiRoot: string | null,
  { agent }: Pick<BotWay, "agent"> = botWay(apiRoot, null),
  gate?: Transformer,
): Bot {
  const client = {
    ...withoutNullish({ apiRoot }),
    baseFetchConfig: { agent, compress: true },
  };
  const bot = new Bot(token, { client });
  if (gate) bot.api.config.use(gate);
  bot.api.config.use(quietWithoutToken());
  bot.api.config.use(repeatHarmless());
  bot.api.config.use(
    butPolling(autoRetry({ maxRetryAttempts: 3, maxDelaySeconds: 30, rethrowHttpErrors: true })),
  );
  return bot;
}

/**
 * The poll loop waits by itself: a pause that grows would go on after the trouble is over (field
 * fault K14).
 */
function butPolling(retry: Transformer): Transformer {
  return (call, method, payload, signal) =>
    method === "getUpdates" ? call(method, payload, signal) : retry(call, method, payload, signal);
}

/**
 * These find out whether Telegram knows the token: the poll loop repeats getUpdates, and the start
 * begins with getMe.
 */
const PROBES: ReadonlySet<string> = new Set(["getUpdates", "getMe"]);

/**
 * While the poll loop is told that there is no such token, no other call is made: each is answered
 * with that. A single 401 to another call is that call's alone, because Telegram has answered so to
 * good tokens.
 */
function quietWithoutToken(): Transformer {
  let refusal: ApiError | null = null;
  return async (call, method, payload, signal) => {
    if (refusal && !PROBES.has(method)) return refusal;
    const answer = await call(method, payload, signal);
    if (PROBES.has(method))
      refusal = !answer.ok && isTokenRefusal(answer.error_code) ? answer : null;
    return answer;
  };
}

/** Parts of the routes. */
export type RouteDeps = RouteParts & FeatureDeps;

/** What the routes need beyond what the features do. */
export interface RouteParts extends FileDeps {
  readonly log: Logger;
  readonly clock: Clock;
  readonly gate: Gate;
  readonly places: PlaceStore;
  readonly sender: SureSender;
  readonly silences: SilenceStore;
  /** The language of a chat. */
  readonly wordsOf: (chat: string) => Words;
}

/**
 * Registers every handler. Users who are not on the allow-list, and chats that no owner opened, get
 * no answer.
 */
export function registerRoutes(bot: Bot, deps: RouteDeps): void {
  bot.use(async (context, next) => {
    const migrated = context.message?.migrate_to_chat_id;
    if (migrated !== undefined) groupMoved(deps, String(context.chat?.id), String(migrated));
    if (!deps.gate.admits(context)) return await tellAnonymous(deps, context);
    deps.admins.saw(
      adminOf(context),
      askerOf(context).name,
      languageFor(context.from?.language_code),
    );
    const message = context.msgId;
    if (message !== undefined) deps.sender.saw(chatOf(context), message);
    await next();
  });
  bot.use(
    guardSecrets(deps, {
      read: (context) => commandContext(deps, context),
      isCommand,
      asked: (admin) => openQuestionOf(deps, admin)?.question ?? null,
      answer: (context) => handleText(deps, context),
    }),
  );
  registerCommands(bot, deps, (context) => commandContext(deps, context));
  bot.on("message:forward_origin", (context, next) => {
    const makesRoute = deps.admins.expecting(adminOf(context), chatOf(context))?.what === "rwiz";
    return makesRoute ? handleText(deps, commandContext(deps, context)) : next();
  });
  bot.on("message:text", (context) => handleText(deps, commandContext(deps, context)));
  bot.on("message:document", (context) => {
    const { file_id: id, file_name: name = "", file_size: bytes = null } = context.message.document;
    return handleFile(deps, commandContext(deps, context), { id, name, bytes });
  });
  bot.on("callback_query:data", (context) => press(deps, context, context.callbackQuery.data));
}

function groupMoved({ places, audit, clock }: RouteDeps, chat: string, to: string): void {
  if (!places.moved(chat, to)) return;
  audit.write(SYSTEM, say("audit-place-moved", { chat, to }), null, clock.now());
}

/** Silence for everybody else. */
async function tellAnonymous(deps: RouteDeps, context: Context): Promise<void> {
  if (!deps.gate.isAnonymous(context)) return;
  const said = say("toast-anonymous");
  if (context.callbackQuery) await answer(deps, context, said, undefined);
  else await context.reply(deps.wordsOf(chatOf(context)).said(said).text, { parse_mode: "HTML" });
}

/** A handler that has not answered the press by then gets this answer sent for it. */
const ANSWER_MS = 150;

/**
 * Answers a press once: as its handler says, or after a moment with "asked"; then the card tells
 * the rest.
 */
function answerOnce(
  deps: RouteDeps,
  context: Context,
): { toast: PressContext["toast"]; over: () => void } {
  const over = new AbortController();
  let answered: Promise<void> | null = null;
  const toast = (said?: Said, url?: string): Promise<void> => {
    over.abort();
    answered ??= answer(deps, context, said, url);
    return answered;
  };
  sleep(ANSWER_MS, over.signal).then(
    () => toast(say("toast-asked")),
    () => {},
  );
  return { toast, over: () => over.abort() };
}

async function press(deps: RouteDeps, context: Context, data: string): Promise<void> {
  const { toast, over } = answerOnce(deps, context);
  try {
    await pressed(deps, context, data, toast);
  } finally {
    over();
  }
}

async function pressed(
  deps: RouteDeps,
  context: Context,
  data: string,
  toast: PressContext["toast"],
): Promise<void> {
  const parsed = decodePress(data);
  const message = context.callbackQuery?.message?.message_id;
  if (!parsed || message === undefined)
    return await showMenu(deps, chatOf(context), message ?? null, toast);
  deps.log.debug({ verb: parsed.verb, from: context.from?.id }, "press");
  await handlePress(deps, { ...whoOf(deps, context), press: parsed, message, toast });
}

async function answer(
  deps: RouteDeps,
  context: Context,
  said: Said | undefined,
  url: string | undefined,
): Promise<void> {
  try {
    const text = said && deps.wordsOf(chatOf(context)).plain(said).slice(0, 200);
    await context.answerCallbackQuery(withoutNullish({ text, url }));
  } catch (error) {
    if (sendProblem(error) !== "stale-query")
      return deps.log.warn({ err: error }, "press not answered");
    await answerLate(deps, context, said, url);
  }
}

/** Answers that say nothing when what was asked for is on the card already. */
const OVERTAKEN: ReadonlySet<string> = new Set(["toast-asked", "toast-queued"]);

/**
 * A press that is too old takes no answer any more; what the answer would have said is a message
 * then (field fault K14).
 */
async function answerLate(
  deps: RouteDeps,
  context: Context,
  said: Said | undefined,
  url: string | undefined,
): Promise<void> {
  if (!said || OVERTAKEN.has(said.key)) return;
  const chat = chatOf(context);
  const text = lines(deps.wordsOf(chat).said(said), url ?? null).text;
  try {
    const options = { parse_mode: "HTML", ...topicOf(chat) } as const;
    deps.sender.saw(chat, (await context.api.sendMessage(chatId(chat), text, options)).message_id);
  } catch (error) {
    deps.log.warn({ err: error }, "late answer not sent");
  }
}

function commandContext(deps: RouteDeps, context: Context): CommandContext {
  const replyAll = async (said: readonly Said[]): Promise<void> => {
    const chat = chatOf(context);
    const text = lines(...said.map((each) => deps.wordsOf(chat).said(each))).text;
    const { message_id: message } = await context.reply(text, { parse_mode: "HTML" });
    deps.sender.saw(chat, message);
  };
  const reply = (said: Said): Promise<void> => replyAll([said]);
  const title = clip(readableName(context.chat?.title ?? "") || chatOf(context), 64);
  return {
    ...whoOf(deps, context),
    text: (context.message ?? context.editedMessage)?.text ?? "",
    title,
    ...originOf(context.message?.forward_origin),
    reply,
    replyAll,
    erase: () => erase(deps, context),
  };
}

function originOf(origin: MessageOrigin | undefined): Pick<CommandContext, "forwardedFrom"> {
  switch (origin?.type) {
    case "channel":
      return { forwardedFrom: String(origin.chat.id) };
    case "chat":
      return { forwardedFrom: String(origin.sender_chat.id) };
    case "user":
      return { forwardedFrom: String(origin.sender_user.id) };
    case "hidden_user":
      return { forwardedFrom: origin.sender_user_name };
    case undefined:
      return {};
    default:
      return origin satisfies never;
  }
}

interface Who {
  readonly id: string;
  readonly admin: UserId;
  readonly role: Role;
  readonly asker: Asker;
  readonly chat: string;
}

function whoOf(deps: RouteDeps, context: Context): Who {
  const admin = adminOf(context);
  return {
    id: `press-${String(context.update.update_id).padStart(10, "0")}`,
    admin,
    role: deps.admins.role(admin) ?? "viewer",
    asker: askerOf(context),
    chat: chatOf(context),
  };
}

async function erase(deps: RouteDeps, context: Context): Promise<boolean> {
  try {
    return await context.deleteMessage();
  } catch (error) {
    deps.log.warn({ err: error }, "message not deleted");
    return false;
  }
}

function adminOf(context: Context): UserId {
  return parseUserId(String(context.from?.id));
}

function chatOf(context: Context): string {
  const message = messageOf(context.update);
  return message ? placeOf(message) : String(context.chat?.id ?? 0);
}

function askerOf(context: Context): Asker {
  const { from } = context;
  return { id: String(from?.id), name: nameOf(from) };
}

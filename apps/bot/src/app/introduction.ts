import { AppError, sleep, withTimeout } from "@flotilla/kernel";
import type { PlainLog } from "@flotilla/observability";
import { type Bot, GrammyError, HttpError } from "grammy";
import { isTokenRefusal } from "../kit/chat/bot-errors.ts";
import type { Languages } from "../kit/words/words.ts";
import { setMenu } from "./text-commands.ts";

/** `getMe` without an answer by then has none. */
const ANSWER_MS = 10_000;
/** A start waits for the Bot API until then, and the rest starts without it. */
const FIRST_MS = 6000;
/** What is not vital holds nothing up for longer. */
const OPTIONAL_MS = 3000;
/** A single 401 has come to good tokens: it counts when it came three times. */
const AGAIN_MS = [1000, 3000];

/** Parts of {@link introduce}. */
interface IntroductionDeps {
  readonly bot: Bot;
  readonly languages: Languages;
  readonly log: Pick<PlainLog, "warn">;
}

/**
 * Asks who the bot is, which is all that it cannot do without, then says hello. Throws what the Bot
 * API says.
 */
export async function introduce(deps: IntroductionDeps): Promise<void> {
  await askWho(deps.bot);
  await greet(deps);
}

/**
 * The first introduction: false when the Bot API cannot be reached, or does not answer within
 * `patienceMs`; then the poll loop tries again. `shown`: where the Bot API is and how it is
 * reached. Throws AppError `bad-token`.
 */
export async function firstIntroduction(
  deps: IntroductionDeps,
  shown: string,
  patienceMs = FIRST_MS,
): Promise<boolean> {
  const problem = await firstProblem(deps.bot, patienceMs);
  if (problem === null) await greet(deps);
  else
    deps.log.warn(
      { problem },
      `the Bot API cannot be reached yet (${shown}); asking again every 5 s`,
    );
  return problem === null;
}

/** Why the Bot API did not answer, in a word: the error itself names the token in its address. */
export function reasonOf(error: unknown): string {
  if (error instanceof GrammyError) return error.description;
  const inner: unknown = error instanceof HttpError ? error.error : error;
  const { code, type, name } = (inner ?? {}) as { code?: unknown; type?: unknown; name?: unknown };
  const reason = [code, type, name].find((each) => typeof each === "string" && each !== "");
  return String(reason ?? "unknown");
}

async function askWho(bot: Bot): Promise<void> {
  bot.botInfo = await within(ANSWER_MS, (signal) => bot.api.getMe(signal));
}

/**
 * Webhook and list of commands: the bot works without them, so they may fail with a warning (field
 * fault C10).
 */
async function greet({ bot, languages, log }: IntroductionDeps): Promise<void> {
  await optional(
    log,
    "deleteWebhook",
    within(OPTIONAL_MS, (signal) => bot.api.deleteWebhook({}, signal)),
  );
  await optional(
    log,
    "setMyCommands",
    within(OPTIONAL_MS, (signal) => setMenu(bot, languages, signal)),
  );
}

async function optional(
  log: Pick<PlainLog, "warn">,
  what: string,
  call: Promise<unknown>,
): Promise<void> {
  try {
    await call;
  } catch (error) {
    log.warn(
      { what, reason: reasonOf(error) },
      `the Bot API did not take ${what}; the bot works without it`,
    );
  }
}

/** Null: the bot knows who it is. */
async function firstProblem(bot: Bot, patienceMs: number): Promise<string | null> {
  const over = new AbortController();
  const late = sleep(patienceMs, over.signal).catch(() => {});
  try {
    return await Promise.race([late.then(() => "no answer"), askAgain(bot).then(() => null)]);
  } catch (error) {
    if (!isRefusal(error)) return reasonOf(error);
    const root =
      error.error_code === 404
        ? " If it is right, BOT_API_ROOT leads to something that is no Bot API."
        : "";
    throw new AppError(
      "bad-token",
      `Telegram does not know this BOT_TOKEN. Copy it again from @BotFather into .env.${root}`,
    );
  } finally {
    over.abort();
  }
}

async function askAgain(bot: Bot): Promise<void> {
  for (const delayMs of AGAIN_MS) {
    try {
      return await askWho(bot);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await sleep(delayMs);
    }
  }
  await askWho(bot);
}

function isRefusal(error: unknown): error is GrammyError {
  return error instanceof GrammyError && isTokenRefusal(error.error_code);
}

type Signal = Parameters<Bot["api"]["getMe"]>[0];

async function within<T>(ms: number, call: (signal: Signal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const late = (): Error =>
    new AppError("no-answer", `The Bot API did not answer within ${ms / 1000} s.`);
  return await withTimeout(call(stop.signal as Signal), ms, late).finally(() => stop.abort());
}

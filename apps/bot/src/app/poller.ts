import { sleep } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { type Bot, BotError, GrammyError } from "grammy";
import type { Update } from "grammy/types";
import { isTokenRefusal, sendProblem } from "../kit/chat/bot-errors.ts";
import { chatId, messageOf, topicOf } from "../kit/chat/target.ts";
import type { Apology } from "./apology.ts";
import type { Inbox } from "./inbox.ts";
import { reasonOf } from "./introduction.ts";

/** Why presses do not arrive. */
export type PollProblem = "conflict" | "unauthorized" | "away";

/** A running poll loop. */
export interface Poller {
  /** What is wrong, since when, or null. */
  problem(): { readonly kind: PollProblem; readonly since: number } | null;
  /** Stops fetching and waits until the handlers in hand are done. */
  stop(): Promise<void>;
}

/** Parts of the loop. */
export interface PollerDeps {
  readonly bot: Bot;
  readonly inbox: Pick<Inbox, "keep" | "done" | "left">;
  /** Plain text for the sender of a press or text that failed; null: this chat is told nothing. */
  readonly apology?: (update: Update, error: unknown) => Apology | null;
  /** Asks who the bot is, before the first update; absent: that is known. */
  readonly introduce?: () => Promise<void>;
  /** Called once, when that is known. */
  readonly onIntroduced?: () => void;
  readonly log: Logger;
  readonly now: () => number;
}

/** Another program with our token is waited for: it is the other's turn until it ends. */
const WAIT_MS: Readonly<Record<PollProblem, number>> = {
  conflict: 30_000,
  away: 1000,
  unauthorized: 60_000,
};
/** The same problem is written into the log once in this time. */
const LOG_EVERY_MS = 60_000;
/** The longest pause that a 429 may ask for; Telegram says it again if it is not enough. */
const MAX_PAUSE_S = 60;
/**
 * A single 401 has come to good tokens, and a webhook is taken away: the second question comes
 * soon.
 */
const SOON_MS = 5_000;
const NO_TOKEN =
  "Telegram does not know BOT_TOKEN. If it stays so, start the bot with a valid one; it asks " +
  "once a minute, workers go on.";
/** https://core.telegram.org/bots/api#getupdates holds a poll for at most 50 s. */
const HOLD_S = 30;
const KINDS = ["message", "edited_message", "callback_query"] as const;

/**
 * Polls for updates for ever: a lost connection, a second poller, and a token that Telegram does
 * not know are waited out. An update is confirmed to Telegram only after it is written down or
 * done, so that a crash loses none. One chat's updates are taken in order.
 */
export function startPolling(deps: PollerDeps): Poller {
  const stopping = new AbortController();
  const work = new Work(deps);
  const state: { problem: ReturnType<Poller["problem"]> } = { problem: null };
  const fetchOnce = async (offset: number): Promise<number> => {
    const options = { offset, timeout: HOLD_S, allowed_updates: KINDS };
    const updates = await deps.bot.api.getUpdates(
      options,
      stopping.signal as Parameters<Bot["api"]["getUpdates"]>[1],
    );
    state.problem = null;
    await Promise.all(updates.map((update) => work.take(update)));
    return updates.reduce((next, update) => Math.max(next, update.update_id + 1), offset);
  };
  const begin = async (): Promise<void> => {
    await deps.introduce?.();
    deps.onIntroduced?.();
    for (const update of deps.inbox.left()) void work.run(update);
  };
  const loop = (async () => {
    let [begun, offset] = [false, 0];
    let loggedAt = Number.NEGATIVE_INFINITY;
    while (!stopping.signal.aborted) {
      try {
        if (!begun) await begin();
        begun = true;
        offset = await fetchOnce(offset);
      } catch (error) {
        if (stopping.signal.aborted) break;
        const kind = problemOf(error);
        // As at the start: the buttons are this bot's. The other program may set its address again;
        // then it stays a conflict.
        if (sendProblem(error) === "webhook") await deps.bot.api.deleteWebhook().catch(() => {});
        const isFirst = state.problem?.kind !== kind;
        state.problem = {
          kind,
          since: state.problem && !isFirst ? state.problem.since : deps.now(),
        };
        const err = error instanceof GrammyError ? error.description : reasonOf(error);
        const what = kind === "unauthorized" ? NO_TOKEN : "polling stopped; trying again";
        if (isFirst || Math.abs(deps.now() - loggedAt) >= LOG_EVERY_MS) {
          loggedAt = deps.now();
          deps.log.error({ err, problem: kind }, what);
        }
        const soon = isFirst && (kind === "unauthorized" || sendProblem(error) === "webhook");
        await sleep(pauseOf(error) ?? (soon ? SOON_MS : WAIT_MS[kind]), stopping.signal).catch(
          () => {},
        );
      }
    }
  })();
  return {
    problem: () => state.problem,
    stop: async () => {
      stopping.abort();
      await loop;
      await work.settled();
    },
  };
}

/** What a 429 asks for; null = it is none. Milliseconds. */
function pauseOf(error: unknown): number | null {
  const seconds =
    error instanceof GrammyError && error.error_code === 429
      ? (error.parameters.retry_after ?? 1)
      : null;
  return seconds === null ? null : Math.min(seconds, MAX_PAUSE_S) * 1000;
}

function problemOf(error: unknown): PollProblem {
  if (!(error instanceof GrammyError)) return "away";
  if (error.error_code === 409) return "conflict";
  return isTokenRefusal(error.error_code) ? "unauthorized" : "away";
}

/** Updates in hand, one after the other per chat. */
class Work {
  readonly #deps: PollerDeps;
  readonly #turns = new Map<number, Promise<void>>();

  constructor(deps: PollerDeps) {
    this.#deps = deps;
  }

  /**
   * Resolves when the update may be confirmed: at once when it is written down, else when it is
   * done.
   */
  take(update: Update): Promise<void> {
    const what = this.#keep(update);
    if (what === "known") return Promise.resolve();
    const done = this.run(update);
    return what === "kept" ? Promise.resolve() : done;
  }

  /** What cannot be written down, such as on a full disk, is done before it is confirmed. */
  #keep(update: Update): ReturnType<Inbox["keep"]> | "not-kept" {
    const { inbox, log } = this.#deps;
    try {
      return inbox.keep(update);
    } catch (error) {
      log.error({ err: error, update: update.update_id }, "update not written down");
      return "not-kept";
    }
  }

  /** Handles it after what came before it in its chat. */
  run(update: Update): Promise<void> {
    const chat = messageOf(update)?.chat.id ?? 0;
    const done = (this.#turns.get(chat) ?? Promise.resolve()).then(() => this.#handle(update));
    this.#turns.set(chat, done);
    void done.then(() => {
      if (this.#turns.get(chat) === done) this.#turns.delete(chat);
    });
    return done;
  }

  async settled(): Promise<void> {
    await Promise.all(this.#turns.values());
  }

  async #handle(update: Update): Promise<void> {
    const { bot, inbox, log } = this.#deps;
    try {
      await bot.handleUpdate(update);
    } catch (error) {
      log.error({ err: error, update: update.update_id }, "update failed");
      await this.#apologize(update, error instanceof BotError ? error.error : error);
    }
    try {
      inbox.done(update.update_id);
    } catch (error) {
      // It comes again at the next start, and is known by its id then.
      log.error({ err: error, update: update.update_id }, "update stays written down");
    }
  }

  /** No press and no text stays without a visible answer (invariant 10). */
  async #apologize(update: Update, error: unknown): Promise<void> {
    const { bot, apology, log } = this.#deps;
    const press = update.callback_query;
    try {
      const said = apology?.(update, error) ?? null;
      if (said === null) return;
      const { chat, text } = said;
      const answered =
        press &&
        bot.api.answerCallbackQuery(press.id, { text: text.slice(0, 200), show_alert: true });
      // It may have been answered already, before it failed.
      await (answered ?? Promise.reject(new Error("no press"))).catch(() =>
        bot.api.sendMessage(chatId(chat), text, topicOf(chat)),
      );
    } catch (problem) {
      log.warn({ err: problem }, "press not answered");
    }
  }
}

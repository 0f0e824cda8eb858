import type { Copies } from "@flotilla/archive";
import type { Asker } from "@flotilla/contracts";
import {
  type Clock,
  codeOf,
  parseUserId,
  SerialQueue,
  toError,
  type UserId,
} from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import type { Bot, Context } from "grammy";
import { decodePress, type Press } from "../kit/callback.ts";
import { sendProblem } from "../kit/chat/bot-errors.ts";
import type { Card } from "../kit/chat/screen.ts";
import { nameOf } from "../kit/chat/target.ts";
import { isTooLate } from "../kit/confirm.ts";
import { LANGUAGES, type Languages, languageFor, type Words } from "../kit/words/words.ts";
import type { CopiedAdmin, CopyFacts, GoodCopy } from "./copies.ts";
import type { Loss } from "./loss.ts";
import {
  askEmptyCard,
  askPutCard,
  failedCard,
  frontCard,
  olderCard,
  oneCard,
  RESCUE_ACTIONS,
  RESCUE_VERB,
  type RescueAction,
  type RescueSight,
  workingCard,
} from "./rescue-card.ts";
import { type Decision, type RescueNote, readRescueNote, writeRescueNote } from "./rescue-note.ts";

/** Parts of {@link Rescue}. */
export interface RescueDeps {
  readonly bot: Bot;
  readonly loss: Loss;
  readonly copies: Copies<CopyFacts>;
  readonly dataDir: string;
  readonly folder: string;
  readonly host: string;
  /** ADMIN_IDS: the only owners that are known without a database. */
  readonly owners: readonly UserId[];
  readonly languages: Languages;
  readonly clock: Clock;
  readonly log: Logger;
  /** Names of the workers that hosts tell of; null = Redis does not say. Never rejects. */
  readonly workers: () => Promise<readonly string[] | null>;
  /** Puts back the `control.db` of an archive, or sets the lost one aside. Throws AppError. */
  readonly carryOut: (copy: GoodCopy | null) => Promise<void>;
}

/** Who asked, where, and which message they pressed. */
interface Asked {
  readonly chat: string;
  readonly message: number | null;
  readonly by: Asker;
}

/**
 * The chat while the bot has no `control.db`: one card in the private chat of each owner, which says
 * what is lost and what the copies would bring back, and waits for a decision. All others get no
 * word (invariant 9). Workers and relays are not touched.
 */
export class Rescue {
  readonly #deps: RescueDeps;
  readonly #decided = Promise.withResolvers<Decision>();
  #note: RescueNote;
  /** A chat that hears of the rescue and writes at the same moment gets one card. */
  readonly #turns = new SerialQueue();
  #isBusy = false;
  #lastUpdate: number | null = null;

  constructor(deps: RescueDeps) {
    this.#deps = deps;
    const { cards } = readRescueNote(deps.dataDir);
    this.#note = { cards, decision: null };
  }

  /** Resolves when a decision was carried out: `control.db` can be opened. */
  get decided(): Promise<Decision> {
    return this.#decided.promise;
  }

  /** The number of the last update that came; null = none. */
  get lastUpdate(): number | null {
    return this.#lastUpdate;
  }

  /** Registers the handlers of the bot. */
  register(): void {
    const { bot, log } = this.#deps;
    bot.use(async (context, next) => {
      this.#lastUpdate = Math.max(this.#lastUpdate ?? 0, context.update.update_id);
      if (this.#isOwner(context)) return await next();
      log.warn({ from: context.from?.id, chat: context.chat?.type }, "refused: not an owner");
    });
    bot.on("callback_query:data", (context) => this.#press(context, context.callbackQuery.data));
    bot.on("message", async (context) => {
      // It may be a code or a password: what it was asked for cannot be known.
      if (!/^\/[a-z]/.test(context.message.text ?? "")) await quietly(context.deleteMessage());
      this.#learn(context);
      await this.#show({ ...askedBy(context), message: null }, "look", "");
    });
  }

  /** Shows every owner the card, where one from before is in the same message. */
  async tell(): Promise<void> {
    const { good } = await this.#deps.copies.latest();
    for (const owner of this.#deps.owners) {
      this.#suppose(owner, good?.facts.admins ?? []);
      const message = this.#note.cards[owner]?.message ?? 0;
      const asked = { chat: owner, message: message === 0 ? null : message, by: byOf(owner) };
      await this.#show(asked, "look", "").catch((error: unknown) =>
        this.#deps.log.info({ owner, err: error }, "rescue card not sent"),
      );
    }
  }

  #isOwner(context: Context): boolean {
    const from = context.from?.id;
    return (
      context.chat?.type === "private" && this.#deps.owners.some((owner) => owner === String(from))
    );
  }

  async #press(context: Context, text: string): Promise<void> {
    this.#learn(context);
    const asked = askedBy(context);
    const press = decodePress(text);
    const action = actionOf(press);
    const isOurs = this.#note.cards[asked.chat]?.message === asked.message;
    const answer = action === null || !isOurs ? "toast-rescue" : undefined;
    await quietly(
      context.answerCallbackQuery(answer ? { text: this.#words(asked.chat).text(answer) } : {}),
    );
    if (action === null) return await this.#show({ ...asked, message: null }, "look", "");
    await this.#show(asked, action, press?.arg ?? "");
  }

  async #show(asked: Asked, action: RescueAction, arg: string): Promise<void> {
    if (this.#isBusy) return;
    const [id = "", stamp = ""] = arg.split("-");
    if (action === "do-empty") return await this.#decide(asked, null, id);
    if (action === "do-put") {
      const copy = await this.#copy(id);
      return copy === null
        ? await this.#show(asked, "look", "")
        : await this.#decide(asked, copy, stamp);
    }
    const card = await this.#card(asked.chat, action, id);
    await this.#turns.run(() => this.#put(asked, card));
  }

  async #card(chat: string, action: RescueAction, id: string): Promise<Card> {
    const { copies } = this.#deps;
    const sight = await this.#sight(chat);
    if (action === "look") copies.lookAgain();
    if (action === "older") return olderCard(sight, copies.list());
    const { good, useless } = await copies.latest();
    if (action === "empty") return askEmptyCard(sight, good);
    const copy = action === "one" || action === "put" ? await copies.at(timeOf(id)) : null;
    if (copy && action === "one") return oneCard(sight, copy);
    if (copy?.state === "good" && action === "put") return askPutCard(sight, copy);
    return frontCard(sight, { good, useless, count: copies.list().length });
  }

  async #copy(id: string): Promise<GoodCopy | null> {
    const copy = await this.#deps.copies.at(timeOf(id));
    return copy?.state === "good" ? copy : null;
  }

  async #decide(asked: Asked, copy: GoodCopy | null, stamp: string): Promise<void> {
    const { clock, carryOut, log } = this.#deps;
    const now = clock.now();
    if (isTooLate(stamp, now)) return await this.#show(asked, "look", "");
    if (this.#isBusy) return;
    this.#isBusy = true;
    let failure: Error | null = null;
    const decision = { copyAt: copy?.at ?? null, by: asked.by, at: now };
    try {
      // Written first: killed from here on, the next start knows who wanted it.
      this.#keep({ ...this.#note, decision });
      await this.#onAll((words) => workingCard(words, decision.copyAt));
      await carryOut(copy);
      log.info({ by: asked.by.id, copyAt: decision.copyAt }, "control.db: an owner decided");
      this.#decided.resolve(decision);
    } catch (thrown) {
      failure = toError(thrown);
    }
    if (failure !== null) await this.#failed(failure);
  }

  /** Nothing was changed: the card says why, and the choice is open again. */
  async #failed(error: Error): Promise<void> {
    this.#deps.log.error({ err: error }, "control.db: the decision was not carried out");
    this.#isBusy = false;
    this.#tryToKeep({ ...this.#note, decision: null });
    const code = codeOf(error) ?? (error as NodeJS.ErrnoException).code ?? "";
    await this.#onAll((words) => failedCard(words, code, error.message));
  }

  /** Edits the card of every chat; one that cannot be edited stays as it was. */
  async #onAll(cardOf: (words: Words) => Card): Promise<void> {
    const { bot } = this.#deps;
    for (const [chat, { message }] of Object.entries(this.#note.cards)) {
      const { html, keyboard } = cardOf(this.#words(chat));
      await quietly(bot.api.editMessageText(chat, message, html, optionsOf(keyboard)));
    }
  }

  /**
   * Edits the message that was pressed; else sends a new card. It is the only card of the chat then:
   * a bot that was killed after it sent a card, and before it noted that, leaves a second one.
   */
  async #put({ chat, message }: Asked, card: Card): Promise<void> {
    const { api } = this.#deps.bot;
    const former = this.#note.cards[chat]?.message ?? 0;
    const shown = (await this.#edited(chat, message, card)) ?? (await this.#sent(chat, card));
    if (former === shown) return;
    this.#remember(chat, { message: shown });
    if (former !== 0) await quietly(api.deleteMessage(chat, former));
  }

  /** The message that shows the card now; null = it is gone. */
  async #edited(chat: string, message: number | null, card: Card): Promise<number | null> {
    if (message === null) return null;
    const { html, keyboard } = card;
    try {
      await this.#deps.bot.api.editMessageText(chat, message, html, optionsOf(keyboard));
    } catch (error) {
      const problem = sendProblem(error);
      if (problem === "message-gone") return null;
      if (problem !== "not-modified") throw error;
    }
    return message;
  }

  async #sent(chat: string, { html, keyboard }: Card): Promise<number> {
    const sent = await this.#deps.bot.api.sendMessage(chat, html, optionsOf(keyboard));
    return sent.message_id;
  }

  async #sight(chat: string): Promise<RescueSight> {
    const { host, loss, folder, clock, workers } = this.#deps;
    const words = this.#words(chat);
    return { words, host, loss, folder, workers: await workers(), now: clock.now() };
  }

  #words(chat: string): Words {
    const { language = "", zone = null } = this.#note.cards[chat] ?? {};
    return this.#deps.languages[LANGUAGES.find((each) => each === language) ?? "en"].in(zone);
  }

  /** The language of the client counts until the database says which one the admin chose. */
  #learn(context: Context): void {
    const chat = String(context.chat?.id ?? "");
    if (this.#note.cards[chat]) return;
    this.#remember(chat, { language: languageFor(context.from?.language_code) });
  }

  /** What the latest copy knows of an owner. */
  #suppose(owner: string, admins: readonly CopiedAdmin[]): void {
    const known = admins.find(({ id }) => id === owner);
    if (!known) return;
    const { language, zone } = known;
    this.#remember(owner, { language: language ?? "en", zone });
  }

  #remember(chat: string, more: Partial<RescueNote["cards"][string]>): void {
    const before = this.#note.cards[chat] ?? { message: 0, language: "en", zone: null };
    const cards = { ...this.#note.cards, [chat]: { ...before, ...more } };
    this.#tryToKeep({ ...this.#note, cards });
  }

  /** In a folder that cannot be written the card is a new message after a restart. */
  #tryToKeep(note: RescueNote): void {
    try {
      this.#keep(note);
    } catch (error) {
      this.#deps.log.debug({ err: error }, "rescue note not written");
    }
  }

  #keep(note: RescueNote): void {
    this.#note = note;
    writeRescueNote(this.#deps.dataDir, note);
  }
}

function actionOf(press: Press | null): RescueAction | null {
  if (press?.verb !== RESCUE_VERB) return null;
  return RESCUE_ACTIONS.find((each) => each === press.about) ?? null;
}

function timeOf(id: string): number {
  return Number.parseInt(id, 36);
}

function askedBy(context: Context): Asked {
  const id = parseUserId(String(context.from?.id ?? ""));
  return {
    chat: String(context.chat?.id ?? ""),
    message: context.callbackQuery?.message?.message_id ?? null,
    by: { id, name: nameOf(context.from) },
  };
}

function byOf(owner: UserId): Asker {
  return { id: owner, name: owner };
}

function optionsOf(keyboard: Card["keyboard"]) {
  return {
    parse_mode: "HTML",
    reply_markup: { inline_keyboard: keyboard.map((row) => [...row]) },
  } as const;
}

/** What is not vital. */
async function quietly(call: Promise<unknown>): Promise<void> {
  await call.catch(() => {});
}

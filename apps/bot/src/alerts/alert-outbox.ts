import type { Clock } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import type { Api } from "grammy";
import type { AlertChat } from "../admins/admin-store.ts";
import { sendProblem } from "../kit/chat/bot-errors.ts";
import { EDIT_GAP_MS, type EditPace } from "../kit/chat/edit-pace.ts";
import type { OldCards } from "../kit/chat/old-cards.ts";
import type { Card } from "../kit/chat/screen.ts";
import { digestOf } from "../kit/chat/shown.ts";
import { cardOptions, type SureSender } from "../kit/chat/sure-sender.ts";
import { chatId } from "../kit/chat/target.ts";
import type { Words } from "../kit/words/words.ts";
import type { CardRow } from "./alert-body.ts";
import { alertCard, digestCard, endedCard } from "./alert-card.ts";
import type { CardStore, Delivery } from "./card-store.ts";
import { ChatRounds } from "./chat-rounds.ts";
import { worstFirst } from "./group-card.ts";
import type { SentLog } from "./sent-log.ts";
import { audience, pace } from "./telling.ts";

/** Parts of the outbox. */
export interface AlertOutboxDeps {
  readonly api: Api;
  readonly cards: CardStore;
  readonly sender: SureSender;
  readonly old: OldCards;
  readonly sent: SentLog;
  /** Everybody who may hear of alerts, in the order in which they are asked. */
  readonly chats: () => readonly AlertChat[];
  /** Everybody hears at once. */
  readonly together: () => boolean;
  readonly unreachable: (chat: string) => void;
  readonly clock: Clock;
  readonly pace: EditPace;
  readonly log: Logger;
  /** How many workers there are. */
  readonly fleetSize: () => number;
  /** The language of a chat. */
  readonly wordsOf: (chat: string) => Words;
  /** Looks at the situation before each round. */
  readonly look: () => void;
}

/** A calm card that could not be told within this time says nothing new any more. */
const STALE_MS = 3_600_000;
/**
 * Events of one burst come within this time: the first message, which is what a phone shows, tells
 * of all of them. Milliseconds.
 */
const BURST_MS = 250;
/** A trouble that was noticed less than this ago may be new to the card. Milliseconds. */
const GROWN_MS = 10_000;

/**
 * Delivers cards: what is due stands in the database, so nothing is lost by a restart or while
 * Telegram is away, and nothing is told twice (see {@link SureSender}). New messages go at once,
 * and a burst ends in a digest; edits keep a gap.
 */
export class AlertOutbox {
  readonly #deps: AlertOutboxDeps;
  readonly #rounds = new ChatRounds((chat) =>
    this.#chat(chat, this.#deps.cards.current(this.#deps.clock.now())),
  );
  /** Messages whose press waits for its answer, by chat. */
  readonly #urgent = new Map<string, number>();
  #soon: NodeJS.Timeout | undefined;

  constructor(deps: AlertOutboxDeps) {
    this.#deps = deps;
  }

  /**
   * Sends and edits whatever is due. A chat that is being served gets one more round. Resolves when
   * every chat has heard all, which takes long for one that Telegram makes wait; no other chat
   * waits for it. `pressed`: the message whose press waits for an answer; its edit keeps no gap.
   * Never rejects.
   */
  async flush(pressed?: { readonly chat: string; readonly message: number }): Promise<void> {
    const { cards, chats, clock, log, look } = this.#deps;
    try {
      look();
      // Before anything is sent: what is due now stays due, even if the trouble ends before it can
      // be told.
      cards.owe(this.#due(cards.current(clock.now())));
      if (pressed) this.#urgent.set(pressed.chat, pressed.message);
      await Promise.all(chats().map(({ chat }) => this.#rounds.serve(chat)));
    } catch (error) {
      log.error({ err: error }, "alerts not told yet");
    }
  }

  /** As {@link flush}, when what comes with this event has had time to come. */
  soon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.flush();
    }, BURST_MS).unref();
  }

  /** Ends what waits; what is due is told after the next start. */
  close(): void {
    clearTimeout(this.#soon);
    this.#rounds.close();
  }

  /**
   * Everything for one chat, new cards first; the first refusal leaves the rest for the next round.
   * Resolves with the time until its next edit; 0 = none waits.
   */
  async #chat(chat: string, cards: readonly CardRow[]): Promise<number> {
    try {
      for (const card of cards) await this.#findLost(chat, card);
      await this.#tellNew(
        chat,
        cards.filter((card) => this.#isNew(chat, card)),
      );
      let waitMs = 0;
      for (const card of worstFirst(cards)) waitMs = Math.max(waitMs, await this.#edit(chat, card));
      this.#urgent.delete(chat);
      await this.#deps.old.clear(chat);
      return waitMs;
    } catch (error) {
      this.#deps.sent.write(chat, false, this.#deps.clock.now());
      if (sendProblem(error) === "unreachable") {
        this.#deps.unreachable(chat);
        this.#deps.cards.forgive(chat);
      }
      this.#deps.log.warn({ err: error, chat }, "alert not delivered yet");
      return 0;
    }
  }

  /**
   * A card that ended before its first message was written down: that message, if there is one,
   * must hear of the end.
   */
  async #findLost(chat: string, card: CardRow): Promise<void> {
    const { sender, cards, wordsOf } = this.#deps;
    const purpose = purposeOf(card);
    if (card.resolvedAt === null || cards.delivery(card.n, chat) || !sender.wished(chat, purpose))
      return;
    const message = await sender.lost(chat, purpose, this.#card(wordsOf(chat), card));
    const { n, telling } = card;
    const known = {
      card: n,
      chat,
      telling,
      revision: 0,
      digest: 0,
      ended: 0,
      shown: null,
    } as const;
    const found = message === null ? [] : [{ ...known, message }];
    cards.deliverAll(found, () => sender.done(chat, purpose));
  }

  /** It is due in this chat: for the first time, or again. */
  #isNew(chat: string, card: CardRow): boolean {
    const { cards } = this.#deps;
    const known = cards.delivery(card.n, chat);
    return known
      ? known.telling < card.telling && card.resolvedAt === null
      : cards.isOwed(card.n, chat);
  }

  #due(cards: readonly CardRow[]): { readonly card: number; readonly chat: string }[] {
    const rows = this.#deps.chats().flatMap(({ chat }) => cards.map((card) => ({ card, chat })));
    return rows
      .filter(({ card, chat }) => this.#becomesDue(chat, card))
      .map(({ card, chat }) => ({ card: card.n, chat }));
  }

  #becomesDue(chat: string, card: CardRow): boolean {
    if (this.#deps.cards.delivery(card.n, chat)) return false;
    // An admin who became reachable after the end does not need the story of it.
    if (
      card.resolvedAt !== null &&
      (!card.calm || this.#deps.clock.now() - card.openedAt > STALE_MS)
    )
      return false;
    return audience(this.#deps.chats(), card.level, this.#deps.together()).includes(chat);
  }

  async #tellNew(chat: string, cards: readonly CardRow[]): Promise<void> {
    if (cards.length === 0) return;
    const now = this.#deps.clock.now();
    const { single, digest } = pace(this.#deps.sent.lately(chat, now), cards.length, now);
    for (const card of cards.slice(0, single))
      await this.#send(chat, [card], this.#card(this.#deps.wordsOf(chat), card));
    const rest = cards.slice(single);
    if (digest) await this.#send(chat, rest, digestCard(this.#deps.wordsOf(chat), rest));
  }

  async #send(chat: string, cards: readonly CardRow[], card: Card): Promise<void> {
    const { sender, sent, clock, old } = this.#deps;
    const [first, ...more] = cards;
    const purpose = first && more.length === 0 ? purposeOf(first) : "digest";
    // Sent as a new message: the old one would say the same, further up.
    const before = first && more.length === 0 ? this.#deps.cards.delivery(first.n, chat) : null;
    const message = await sender.send(chat, purpose, card, {
      silent: cards.every((each) => each.calm || each.silent || each.resolvedAt !== null),
    });
    this.#deps.cards.deliverAll(
      cards.map((each) => ({
        card: each.n,
        chat,
        message,
        telling: each.telling,
        revision: each.revision,
        digest: cards.length > 1 ? 1 : 0,
        ended: each.resolvedAt === null ? 0 : 1,
        shown: digestOf(card),
      })),
      () => {
        sender.done(chat, purpose);
        if (before?.digest === 0 && before.message !== message) old.add(chat, before.message);
        sent.write(chat, true, clock.now());
      },
    );
  }

  /** Brings a message up to date. Resolves with the time until that may be done; 0 = it is done. */
  async #edit(chat: string, card: CardRow): Promise<number> {
    const { cards, pace } = this.#deps;
    const known = cards.delivery(card.n, chat);
    if (!known) return 0;
    if (known.revision < card.revision) {
      const shown = this.#render(chat, card, known);
      const digest = digestOf(shown);
      if (digest !== known.shown) {
        const by = this.#grows(card) ? "news" : "card";
        const waitMs =
          this.#urgent.get(chat) === known.message ? 0 : pace.waitMs(chat, EDIT_GAP_MS, by);
        if (waitMs > 0) return waitMs;
        pace.edited(chat, by);
        const there = await this.#show(chat, known.message, shown);
        if (!there) {
          await this.#send(chat, [card], this.#card(this.#deps.wordsOf(chat), card));
          return 0;
        }
      }
      // A digest lists several cards: all of them are up to date now.
      const listed = known.digest ? cards.byMessage(chat, known.message) : [card];
      const rows = listed.flatMap((each) => cards.delivery(each.n, chat) ?? []);
      const revisions = new Map(listed.map((each) => [each.n, each.revision]));
      cards.deliverAll(
        rows.map((row) => ({
          ...row,
          revision: revisions.get(row.card) ?? row.revision,
          shown: digest,
        })),
        () => {},
      );
    }
    const now = cards.delivery(card.n, chat);
    if (card.resolvedAt !== null && now?.ended === 0) await this.#end(chat, card, now);
    return 0;
  }

  /** A trouble came to it a moment ago. */
  #grows({ alerts }: CardRow): boolean {
    const now = this.#deps.clock.now();
    return alerts.some(
      ({ readyAt, resolvedAt }) => resolvedAt === null && now - readyAt < GROWN_MS,
    );
  }

  #card(words: Words, card: CardRow): Card {
    return alertCard(words, card, this.#deps.fleetSize());
  }

  #render(chat: string, card: CardRow, known: Delivery): Card {
    const words = this.#deps.wordsOf(chat);
    return known.digest
      ? digestCard(words, this.#deps.cards.byMessage(chat, known.message))
      : this.#card(words, card);
  }

  /**
   * The reply that is heard of: also for a muted card, whose end is good news. In a digest the line
   * says it.
   */
  async #end(chat: string, card: CardRow, known: Delivery): Promise<void> {
    const { sender, cards } = this.#deps;
    const purpose = `end.${card.n}`;
    if (!known.digest)
      await sender.send(chat, purpose, endedCard(this.#deps.wordsOf(chat), card), {
        silent: true,
        replyTo: known.message,
      });
    cards.deliverAll([{ ...known, ended: 1 }], () => sender.done(chat, purpose));
  }

  /** False when the message is gone. */
  async #show(chat: string, message: number, card: Card): Promise<boolean> {
    try {
      await this.#deps.api.editMessageText(chatId(chat), message, card.html, cardOptions(card));
      return true;
    } catch (error) {
      const problem = sendProblem(error);
      if (problem === "not-modified") return true;
      if (problem === "message-gone") return false;
      throw error;
    }
  }
}

function purposeOf(card: CardRow): string {
  return `alert.${card.n}.${card.telling}`;
}

import type { Clock } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import type { Database } from "@flotilla/sqlite";
import type { Api } from "grammy";
import type { Words } from "../words/words.ts";
import { sendProblem } from "./bot-errors.ts";
import { EDIT_GAP_MS, type EditPace } from "./edit-pace.ts";
import type { OldCards } from "./old-cards.ts";
import type { PanelRow, PanelStore } from "./panel-store.ts";
import type { Card, Screen } from "./screen.ts";
import { digestOf } from "./shown.ts";
import { cardOptions, type SureSender } from "./sure-sender.ts";
import { chatId, isGroup } from "./target.ts";

/** Parts of the panels. */
export interface PanelDeps {
  readonly api: Api;
  readonly db: Database;
  readonly store: PanelStore;
  readonly sender: SureSender;
  readonly old: OldCards;
  readonly clock: Clock;
  readonly pace: EditPace;
  readonly log: Logger;
  /** Milliseconds between two automatic refreshes of a chat. */
  readonly calmGapMs: (chat: string) => number;
  /** The language of a chat. */
  readonly wordsOf: (chat: string) => Words;
  readonly render: (chat: string, screen: Screen) => Promise<Card>;
}

/** What handlers do with the live message of a chat. */
export type LivePanels = Pick<Panels, "show" | "replace" | "message" | "screen">;

/**
 * A card refreshes by itself at most so often. Telegram takes one message a second in a chat, and
 * 20 a minute in a group.
 */
const CALM_GAP_MS = 5000;
const CALM_GROUP_GAP_MS = 15_000;

/**
 * The live message of each chat: edited in place when what it shows has changed, one edit a second
 * at most, and sent again when it is gone. Work for one chat is done in order.
 */
export class Panels {
  readonly #deps: PanelDeps;
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #shownAt = new Map<string, number>();
  readonly #later = new Map<string, NodeJS.Timeout>();
  #closed = false;

  constructor(deps: PanelDeps) {
    this.#deps = deps;
  }

  /** Shows a screen in the message given, or in a new one; it becomes the chat's live message. */
  show(chat: string, screen: Screen, message: number | null): Promise<void> {
    return this.#inTurn(chat, async () => {
      const card = await this.#deps.render(chat, screen);
      const id =
        message === null ? await this.#send(chat, card) : await this.#edit(chat, message, card);
      await this.#live(
        { chat, message: id, screen, shown: digestOf(card) },
        id === message ? card : null,
      );
    });
  }

  /**
   * From now on this is the chat's live message; what was it before goes. `edited`: what it shows,
   * if it was there already: then one that was being sent when the bot died goes as well.
   */
  async #live(row: PanelRow, edited: Card | null): Promise<void> {
    const { db, store, sender, old } = this.#deps;
    const { chat, message } = row;
    const before = [
      store.find(chat)?.message,
      edited && (await sender.lost(chat, "panel", edited)),
    ];
    db.transaction(() => {
      for (const other of before)
        if (typeof other === "number" && other !== message) old.add(chat, other);
      old.keep(chat, message);
      store.set(row);
      sender.done(chat, "panel");
    });
    await old.clear(chat);
  }

  /** The live message of a chat. */
  message(chat: string): number | null {
    return this.#deps.store.find(chat)?.message ?? null;
  }

  /** The screen that a chat looks at. */
  screen(chat: string): Screen | null {
    return this.#deps.store.find(chat)?.screen ?? null;
  }

  /** Shows another screen in the live message, or in a new one when there is none. */
  async replace(chat: string, screen: Screen): Promise<void> {
    await this.show(chat, screen, this.#deps.store.find(chat)?.message ?? null);
  }

  /**
   * Brings the live message up to date if what it shows has changed. `urgent` is for the answer to
   * a press, which an admin waits for; everything else keeps the gap between edits, and is done
   * when that is over.
   */
  refresh(chat: string, urgency: "urgent" | "calm"): Promise<void> {
    return this.#inTurn(chat, async () => {
      const panel = this.#deps.store.find(chat);
      if (!panel) return;
      if (urgency === "calm" && this.#waitMs(chat) > 0) return this.#refreshLater(chat);
      const card = await this.#deps.render(chat, panel.screen);
      const shown = digestOf(card);
      if (shown === panel.shown && !this.#deps.sender.wished(chat, "panel"))
        return await this.#deps.old.clear(chat);
      // An alert may have been edited while the screen was made.
      if (urgency === "calm" && this.#waitMs(chat) > 0) return this.#refreshLater(chat);
      const message = await this.#edit(chat, panel.message, card);
      await this.#live({ ...panel, message, shown }, message === panel.message ? card : null);
    });
  }

  /** Refreshes every chat's live message. Never rejects. */
  async refreshAll(): Promise<void> {
    await Promise.all(
      this.#deps.store
        .all()
        .map((panel) =>
          this.refresh(panel.chat, "calm").catch((error: unknown) =>
            this.#deps.log.warn({ err: error }, "refresh failed"),
          ),
        ),
    );
  }

  /** Ends what is still to come. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#later.values()) clearTimeout(timer);
    this.#later.clear();
  }

  #refreshLater(chat: string): void {
    if (this.#closed || this.#later.has(chat)) return;
    const again = (): void => {
      this.#later.delete(chat);
      this.refresh(chat, "calm").catch((error: unknown) =>
        this.#deps.log.warn({ err: error }, "refresh failed"),
      );
    };
    this.#later.set(chat, setTimeout(again, this.#waitMs(chat)));
  }

  /** Until the next automatic refresh. */
  #waitMs(chat: string): number {
    const { pace, calmGapMs, clock } = this.#deps;
    const own =
      (this.#shownAt.get(chat) ?? Number.NEGATIVE_INFINITY) + calmGapMs(chat) - clock.monotonicMs();
    return Math.max(0, own, pace.waitMs(chat, Math.min(EDIT_GAP_MS, calmGapMs(chat)), "screen"));
  }

  async #send(chat: string, card: Card): Promise<number> {
    const message = await this.#deps.sender.send(chat, "panel", {
      ...card,
      html: this.#text(chat, card),
    });
    this.#shownAt.set(chat, this.#deps.clock.monotonicMs());
    return message;
  }

  async #edit(chat: string, message: number, card: Card): Promise<number> {
    this.#shownAt.set(chat, this.#deps.clock.monotonicMs());
    this.#deps.pace.edited(chat, "screen");
    try {
      await this.#deps.api.editMessageText(
        chatId(chat),
        message,
        this.#text(chat, card),
        cardOptions(card),
      );
      return message;
    } catch (error) {
      const problem = sendProblem(error);
      if (problem === "not-modified") return message;
      if (problem === "message-gone") return await this.#send(chat, card);
      if (problem === "unreachable") this.#forget(chat, message);
      throw error;
    }
  }

  /** Who comes back gets a new one. */
  #forget(chat: string, message: number): void {
    const { db, store, old } = this.#deps;
    db.transaction(() => {
      old.add(chat, message);
      store.forget(chat);
    });
  }

  #text(chat: string, card: Card): string {
    return `${card.html}\n\n${this.#deps.wordsOf(chat).html("updated", { at: this.#deps.clock.now() }).text}`;
  }

  #inTurn(chat: string, work: () => Promise<void>): Promise<void> {
    const result = (this.#turns.get(chat) ?? Promise.resolve()).then(work);
    this.#turns.set(
      chat,
      result.catch(() => {}),
    );
    return result;
  }
}

/** Milliseconds between two automatic refreshes of a chat. */
export function calmGapMs(chat: string): number {
  return isGroup(chat) ? CALM_GROUP_GAP_MS : CALM_GAP_MS;
}

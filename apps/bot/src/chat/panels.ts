import { createHash } from "node:crypto";
import type { Clock } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import type { Api } from "grammy";
import type { Card, Screen } from "../screens/screen.ts";
import type { PanelStore } from "../store/panels.ts";
import type { Words } from "../words/words.ts";
import { sendProblem } from "./bot-errors.ts";
import { cardOptions, type SureSender } from "./sure-sender.ts";
import { chatId, isGroup } from "./target.ts";

/** Parts of the panels. */
export interface PanelDeps {
  readonly api: Api;
  readonly store: PanelStore;
  readonly sender: SureSender;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a chat rests between two refreshes that nobody asked for. */
  readonly calmGapMs: (chat: string) => number;
  /** The language of a chat. */
  readonly wordsOf: (chat: string) => Words;
  readonly render: (chat: string, screen: Screen) => Promise<Card>;
}

/** A card refreshes by itself at most so often. Telegram takes one message a second in a chat, and 20 a minute in a group. */
const CALM_GAP_MS = 5000;
const CALM_GROUP_GAP_MS = 15_000;

/**
 * The live message of each chat: edited in place when what it shows has changed, one edit a second at most, and
 * sent anew when it is gone. Work for one chat is done in order.
 */
export class Panels {
  readonly #deps: PanelDeps;
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #editedAt = new Map<string, number>();
  readonly #later = new Map<string, NodeJS.Timeout>();
  #closed = false;

  constructor(deps: PanelDeps) {
    this.#deps = deps;
  }

  /** Shows a screen in the message given, or in a new one; it becomes the chat's live message. */
  show(chat: string, screen: Screen, message: number | null): Promise<void> {
    return this.#inTurn(chat, async () => {
      const card = await this.#deps.render(chat, screen);
      const shown = digest(card);
      const before = this.#deps.store.find(chat)?.message ?? null;
      const id = message === null ? await this.#send(chat, card) : await this.#edit(chat, message, card);
      // First this: a kill in between finds the new one again, but nobody would come back for the old one.
      if (before !== null && before !== id) await this.#remove(chat, before);
      this.#deps.store.set({ chat, message: id, screen, shown });
      // An edit says nothing about a message that was being sent when the bot died.
      if (id !== message) this.#deps.sender.done(chat, "panel");
    });
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
   * Brings the live message up to date if what it shows has changed. `urgent` is for the answer to a press, which
   * somebody waits for; everything else keeps the gap between edits, and is done when that is over.
   */
  refresh(chat: string, urgency: "urgent" | "calm"): Promise<void> {
    return this.#inTurn(chat, async () => {
      const panel = this.#deps.store.find(chat);
      if (!panel) return;
      if (urgency === "calm" && this.#tooSoon(chat)) return this.#refreshLater(chat);
      const card = await this.#deps.render(chat, panel.screen);
      const shown = digest(card);
      if (shown === panel.shown) return;
      const message = await this.#edit(chat, panel.message, card);
      this.#deps.store.set({ ...panel, message, shown });
      if (message !== panel.message) this.#deps.sender.done(chat, "panel");
    });
  }

  /** Refreshes every chat's live message. Never rejects. */
  async refreshAll(): Promise<void> {
    await Promise.all(
      this.#deps.store
        .all()
        .map((panel) =>
          this.refresh(panel.chat, "calm").catch((error: unknown) => this.#deps.log.warn({ err: error }, "refresh failed")),
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
      this.refresh(chat, "calm").catch((error: unknown) => this.#deps.log.warn({ err: error }, "refresh failed"));
    };
    this.#later.set(chat, setTimeout(again, this.#deps.calmGapMs(chat)));
  }

  #tooSoon(chat: string): boolean {
    return this.#deps.clock.monotonicMs() - (this.#editedAt.get(chat) ?? Number.NEGATIVE_INFINITY) < this.#deps.calmGapMs(chat);
  }

  async #send(chat: string, card: Card): Promise<number> {
    const message = await this.#deps.sender.send(chat, "panel", { ...card, html: this.#text(chat, card) });
    this.#editedAt.set(chat, this.#deps.clock.monotonicMs());
    return message;
  }

  async #edit(chat: string, message: number, card: Card): Promise<number> {
    this.#editedAt.set(chat, this.#deps.clock.monotonicMs());
    try {
      await this.#deps.api.editMessageText(chatId(chat), message, this.#text(chat, card), cardOptions(card));
      return message;
    } catch (error) {
      const problem = sendProblem(error);
      if (problem === "not-modified") return message;
      if (problem === "message-gone") return await this.#send(chat, card);
      if (problem === "unreachable") this.#deps.store.forget(chat);
      throw error;
    }
  }

  /** A panel that is no longer live would show things that are no longer true. */
  async #remove(chat: string, message: number): Promise<void> {
    try {
      await this.#deps.api.deleteMessage(chatId(chat), message);
    } catch (error) {
      this.#deps.log.debug({ err: error }, "old panel not deleted");
    }
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

/** How long a chat rests between two refreshes that nobody asked for. */
export function calmGapMs(chat: string): number {
  return isGroup(chat) ? CALM_GROUP_GAP_MS : CALM_GAP_MS;
}

function digest(card: Card): string {
  return createHash("sha256").update(JSON.stringify(card)).digest("base64url");
}

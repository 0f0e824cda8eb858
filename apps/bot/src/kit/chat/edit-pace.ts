import type { Clock } from "@flotilla/kernel";

/**
 * Milliseconds between two automatic edits in a chat (field fault K2): people read no faster, and
 * Telegram answers 429 to more.
 */
export const EDIT_GAP_MS = 3000;

/**
 * Who edits: a live screen, the card of an alert, or such a card that has something new to tell.
 */
export type Editor = "screen" | "card" | "news";

interface Edit {
  readonly at: number;
  readonly by: Editor;
}

/**
 * When each chat was last edited, and by whom: live screens and alert cards share one gap and take
 * turns, so that a card that changes for minutes leaves the screen true. News do not wait for a
 * turn.
 */
export class EditPace {
  readonly #clock: Clock;
  readonly #last = new Map<string, Edit>();
  /** Until when a turn is kept, by chat and side. */
  readonly #turns = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An edit is made now. */
  edited(chat: string, by: Editor): void {
    this.#last.set(chat, { at: this.#clock.monotonicMs(), by });
    this.#turns.delete(turnOf(chat, by === "screen"));
  }

  /**
   * For how long the next edit has to wait, when `gapMs` is the time between two. 0 = it may be
   * made now.
   */
  waitMs(chat: string, gapMs: number, by: Editor): number {
    const last = this.#last.get(chat);
    if (!last) return 0;
    const now = this.#clock.monotonicMs();
    const isScreen = by === "screen";
    const hadTurn = by !== "news" && isScreen === (last.by === "screen");
    const yields = hadTurn && (this.#turns.get(turnOf(chat, !isScreen)) ?? 0) > now;
    const waitMs = Math.max(0, Math.ceil(last.at + (yields ? 2 : 1) * gapMs - now));
    if (waitMs > 0) this.#turns.set(turnOf(chat, isScreen), now + waitMs + gapMs);
    return waitMs;
  }
}

function turnOf(chat: string, isScreen: boolean): string {
  return `${isScreen ? "screen" : "card"} ${chat}`;
}

import type { Clock } from "@flotilla/kernel";

/** Nobody reads faster, and Telegram answers more with 429: edits that nobody asked for keep this gap in a chat. Milliseconds (field fault K2). */
export const EDIT_GAP_MS = 3000;

/** When each chat was last edited, whoever did it: live screens and alert cards share one gap. */
export class EditPace {
  readonly #clock: Clock;
  readonly #editedAt = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An edit is made now. */
  edited(chat: string): void {
    this.#editedAt.set(chat, this.#clock.monotonicMs());
  }

  /** For how long the next edit has to wait, when `gapMs` is the time between two. 0 = it may be made now. */
  waitMs(chat: string, gapMs: number): number {
    const last = this.#editedAt.get(chat);
    return last === undefined ? 0 : Math.max(0, Math.ceil(last + gapMs - this.#clock.monotonicMs()));
  }
}

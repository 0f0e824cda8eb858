import type { Update } from "./model.ts";

/** An update ahead of its box's position. */
export type GapUpdate = Extract<Update, { kind: "box" }>;

/** Most updates held; the difference brings the rest. */
const MAX_HELD = 5000;

/**
 * Updates that came too early: the missing ones may follow within half a second, and often do, or
 * the difference brings them.
 */
export class Gaps {
  readonly #waitMs: number;
  #held: { readonly update: GapUpdate; readonly until: number }[] = [];

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** Holds updates; `now` is monotonic. Returns those for which there is no room. */
  hold(updates: readonly GapUpdate[], now: number): readonly GapUpdate[] {
    const room = MAX_HELD - this.#held.length;
    for (const update of updates.slice(0, room))
      this.#held.push({ update, until: now + this.#waitMs });
    return updates.slice(room);
  }

  /** All held updates, for another try. */
  updates(): readonly GapUpdate[] {
    return this.#held.map(({ update }) => update);
  }

  /** Keeps, of the tried updates, those that are still ahead. */
  keep(tried: readonly GapUpdate[], ahead: readonly GapUpdate[]): void {
    const over = new Set(tried);
    for (const update of ahead) over.delete(update);
    this.#held = this.#held.filter(({ update }) => !over.has(update));
  }

  /** Boxes whose wait is over: their difference is due. */
  expired(now: number): string[] {
    return this.#held.filter(({ until }) => until <= now).map(({ update }) => update.box);
  }

  /** Updates of a box whose wait was over at that time. */
  waited(box: string, at: number): readonly GapUpdate[] {
    return this.#held
      .filter(({ update, until }) => update.box === box && until <= at)
      .map(({ update }) => update);
  }

  /** Drops the updates of a box: its difference brings them. */
  drop(box: string): void {
    this.#held = this.#held.filter(({ update }) => update.box !== box);
  }

  /**
   * Time at which the first wait is over, or Infinity; ignores boxes with a due request. Monotonic
   * milliseconds.
   */
  nextAt(isAsked: (box: string) => boolean): number {
    const waiting = this.#held.filter(({ update }) => !isAsked(update.box));
    return waiting.reduce((first, { until }) => Math.min(first, until), Number.POSITIVE_INFINITY);
  }
}

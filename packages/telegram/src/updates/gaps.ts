import type { Update } from "./model.ts";

/** An update that is ahead of its box. */
export type GapUpdate = Extract<Update, { kind: "box" }>;

/** So many updates are held at most; what is beyond is asked for. */
const MAX_HELD = 5000;

/** Updates that came too early: what is between may follow within half a second, and often does, or the difference brings it. */
export class Gaps {
  readonly #waitMs: number;
  #held: { readonly update: GapUpdate; readonly until: number }[] = [];

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** Keeps updates; `now` is monotonic. Returns those for which there is no room. */
  hold(updates: readonly GapUpdate[], now: number): readonly GapUpdate[] {
    const room = MAX_HELD - this.#held.length;
    for (const update of updates.slice(0, room)) this.#held.push({ update, until: now + this.#waitMs });
    return updates.slice(room);
  }

  /** All that wait, for another try. */
  updates(): readonly GapUpdate[] {
    return this.#held.map(({ update }) => update);
  }

  /** Of those that were tried, keeps only those that are still ahead. */
  keep(tried: readonly GapUpdate[], ahead: readonly GapUpdate[]): void {
    const over = new Set(tried);
    for (const update of ahead) over.delete(update);
    this.#held = this.#held.filter(({ update }) => !over.has(update));
  }

  /** Boxes that waited long enough: their difference is due. */
  expired(now: number): string[] {
    return this.#held.filter(({ until }) => until <= now).map(({ update }) => update.box);
  }

  /** Those of a box that had waited long enough at that time. */
  waited(box: string, at: number): readonly GapUpdate[] {
    return this.#held.filter(({ update, until }) => update.box === box && until <= at).map(({ update }) => update);
  }

  /** Forgets the updates of a box: its difference brings them. */
  drop(box: string): void {
    this.#held = this.#held.filter(({ update }) => update.box !== box);
  }

  /** When the first of them expires, or Infinity; without those of boxes that are asked for already. Monotonic milliseconds. */
  nextAt(isAsked: (box: string) => boolean): number {
    const waiting = this.#held.filter(({ update }) => !isAsked(update.box));
    return waiting.reduce((first, { until }) => Math.min(first, until), Number.POSITIVE_INFINITY);
  }
}

/**
 * Channels whose requests the server refuses; they block no other box. A new message of one is a
 * reason to ask again: at once after the first refusal, then after growing pauses. Times are
 * monotonic milliseconds.
 */
export class Aside {
  readonly #pausesMs: readonly number[];
  readonly #boxes = new Map<string, { readonly times: number; readonly until: number }>();

  constructor(pausesMs: readonly number[]) {
    this.#pausesMs = pausesMs;
  }

  /** Whether the server refused its last request for good. */
  has(box: string): boolean {
    return this.#boxes.has(box);
  }

  /** The channels that are not asked now. */
  resting(now: number): ReadonlySet<string> {
    return new Set([...this.#boxes].filter(([, { until }]) => until > now).map(([box]) => box));
  }

  refused(box: string, now: number): void {
    const times = (this.#boxes.get(box)?.times ?? 0) + 1;
    const pauseMs =
      times === 1 ? 0 : (this.#pausesMs[Math.min(times - 1, this.#pausesMs.length) - 1] ?? 0);
    this.#boxes.set(box, { times, until: now + pauseMs });
  }

  answered(box: string): void {
    this.#boxes.delete(box);
  }
}

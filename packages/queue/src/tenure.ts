import type { Clock } from "@flotilla/kernel";

/** What a holder asks of Redis: taken before it is sent, because the answer counts from then. */
export interface Question {
  readonly asked: Moment;
  /** The lease keys. */
  readonly keys: readonly string[];
  /** It was granted these before, and its right has not ended. */
  readonly granted: boolean;
  /** The highest fencing number that this holder knows of. */
  readonly known: number;
}

interface Moment {
  readonly monotonicMs: number;
  readonly now: number;
}

/** Parts of {@link Tenure}. */
export interface TenureOptions {
  /** How long after a question that was granted its holder acts on it. */
  readonly actMs: number;
  /** On one host the kernel's lock decides: the right does not end by itself. */
  readonly endless: boolean;
  readonly clock: Clock;
}

/**
 * The time for which one holder may act, and what it may ask in it; no Redis, no timers. Once it is over, it stays over: this holder asks
 * as a newcomer, because in the meantime another one may have been granted, and a Redis that came back empty would not know. The deadline is on two
 * clocks: the monotonic one does not run while the machine sleeps, the other one may be set back.
 */
export class Tenure {
  readonly #options: TenureOptions;
  #fence: number | null = null;
  #held: readonly string[] = [];
  #asked: Moment = { monotonicMs: Number.NEGATIVE_INFINITY, now: Number.NEGATIVE_INFINITY };
  #over = true;

  constructor(options: TenureOptions) {
    this.#options = options;
  }

  /** The lease keys of the last grant. */
  get held(): readonly string[] {
    return this.#held;
  }

  /** Whether the right lasts at this very moment. */
  lasts(): boolean {
    this.#over ||= this.leftMs() <= 0;
    return !this.#over;
  }

  /** How long it lasts, in milliseconds. */
  leftMs(): number {
    const { clock, actMs, endless } = this.#options;
    if (endless) return Number.POSITIVE_INFINITY;
    return actMs - Math.max(clock.monotonicMs() - this.#asked.monotonicMs, clock.now() - this.#asked.now);
  }

  /** The next question. `sessionFence` is what the session knows: the higher number counts. */
  question(keys: readonly string[], sessionFence: number): Question {
    const { clock } = this.#options;
    const asked = { monotonicMs: clock.monotonicMs(), now: clock.now() };
    const same = keys.length === this.#held.length && keys.every((key) => this.#held.includes(key));
    const fence = this.#fence ?? 0;
    const granted = this.#fence !== null && same && this.lasts();
    return { asked, keys, granted, known: granted ? fence : Math.max(sessionFence, fence) };
  }

  /** Redis granted it. False when the answer came too late to be of use. */
  begin({ asked, keys }: Question, fence: number): boolean {
    this.#asked = asked;
    this.#fence = fence;
    this.#held = keys;
    this.#over = this.leftMs() <= 0;
    return !this.#over;
  }
}

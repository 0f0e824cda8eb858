import type { Clock } from "@flotilla/kernel";

/**
 * A holder's question to Redis. `asked` is taken before it is sent, because the tenure counts from
 * then.
 */
export interface Question {
  readonly asked: Moment;
  /** The lease keys. */
  readonly keys: readonly string[];
  /** True = these keys were granted to it before, and its tenure has not ended. */
  readonly granted: boolean;
  /** The highest fencing token that this holder knows. */
  readonly known: number;
}

interface Moment {
  readonly monotonicMs: number;
  readonly now: number;
}

/** Clock and length of a {@link Tenure}. */
export interface TenureOptions {
  /** Milliseconds after a granted question in which the holder acts. */
  readonly actMs: number;
  /** True on one host: the kernel's lock decides, and the tenure does not expire. */
  readonly endless: boolean;
  readonly clock: Clock;
}

/**
 * The time in which one holder may act, and its next question; without Redis or timers. A tenure
 * that has ended never revives: the holder asks as a new one, because another holder may have been
 * granted meanwhile, and a Redis that came back empty would not know. Two clocks limit it: the
 * monotonic one stops while the machine sleeps, the other one may be set back.
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

  /** Whether the tenure lasts at this moment. */
  lasts(): boolean {
    this.#over ||= this.leftMs() <= 0;
    return !this.#over;
  }

  /** Milliseconds that are left. */
  leftMs(): number {
    const { actMs, endless } = this.#options;
    return endless ? Number.POSITIVE_INFINITY : actMs - this.ageMs();
  }

  /** Milliseconds since the last granted question, by the clock that is further. */
  ageMs(): number {
    const { clock } = this.#options;
    return Math.max(clock.monotonicMs() - this.#asked.monotonicMs, clock.now() - this.#asked.now);
  }

  /** The next question. `sessionFence` is the session's fencing token; the higher one counts. */
  question(keys: readonly string[], sessionFence: number): Question {
    const { clock } = this.#options;
    const asked = { monotonicMs: clock.monotonicMs(), now: clock.now() };
    const same = keys.length === this.#held.length && keys.every((key) => this.#held.includes(key));
    const fence = this.#fence ?? 0;
    const granted = this.#fence !== null && same && this.lasts();
    return { asked, keys, granted, known: granted ? fence : Math.max(sessionFence, fence) };
  }

  /** Starts the tenure that Redis granted. False when the answer came too late. */
  begin({ asked, keys }: Question, fence: number): boolean {
    this.#asked = asked;
    this.#fence = fence;
    this.#held = keys;
    this.#over = this.leftMs() <= 0;
    return !this.#over;
  }
}

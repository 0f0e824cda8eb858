import type { Clock } from "@flotilla/kernel";

/**
 * Telegram's clock as far as an account knows it: the date of the last update and what has passed
 * since. A host whose clock is wrong must not make messages look old (field fault F17). All times
 * are milliseconds since the Unix epoch.
 */
export class TelegramClock {
  readonly #clock: Clock;
  readonly #date: () => number | null;
  #known: number | null;
  #base: number | null = null;

  /**
   * `date`: of the account's position in its updates, in seconds since the Unix epoch; null: none.
   */
  constructor(clock: Clock, date: () => number | null) {
    this.#clock = clock;
    this.#date = date;
    this.#known = date();
  }

  /** Until Telegram has said a date in this process, the host's clock. */
  now(): number {
    const up = this.#clock.monotonicMs();
    const date = this.#date();
    if (date !== null && date !== this.#known) {
      this.#known = date;
      this.#base = Math.max(this.#base ?? 0, date * 1000 - up);
    }
    return this.#base === null ? this.#clock.now() : this.#base + up;
  }

  /**
   * The host's time, and never before what Telegram says: what is kept for a time is not forgotten
   * because a clock that was behind wrote it.
   */
  stamp(): number {
    return Math.max(this.#clock.now(), (this.#date() ?? 0) * 1000);
  }

  /**
   * What is older may be forgotten: a host's clock that is ahead for a moment makes nothing old.
   */
  before(keepMs: number): number {
    return Math.min(this.#clock.now(), (this.#date() ?? Number.POSITIVE_INFINITY) * 1000) - keepMs;
  }
}

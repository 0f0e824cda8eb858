import type { Clock } from "@flotilla/kernel";

/**
 * Telegram's clock as far as an account knows it: the date of the last update and what has passed since. A host whose clock is wrong must not
 * make messages look old (field fault F17). Until Telegram has said a date in this process, it is the host's clock.
 */
export class TelegramClock {
  readonly #clock: Clock;
  readonly #date: () => number | null;
  #known: number | null;
  #base: number | null = null;

  /** `date`: of the account's position in its updates, in seconds since the Unix epoch; null: none. */
  constructor(clock: Clock, date: () => number | null) {
    this.#clock = clock;
    this.#date = date;
    this.#known = date();
  }

  /** Milliseconds since the Unix epoch. */
  now(): number {
    const up = this.#clock.monotonicMs();
    const date = this.#date();
    if (date !== null && date !== this.#known) {
      this.#known = date;
      this.#base = Math.max(this.#base ?? 0, date * 1000 - up);
    }
    return this.#base === null ? this.#clock.now() : this.#base + up;
  }
}

import type { Clock } from "./clock.ts";

/** The wall clock of a machine drifts against its monotonic one; what is more was a jump. */
const JUMP_MS = 1000;

/**
 * A moment of this process: when it was by the wall clock as that is now, also after the wall clock
 * jumped (field fault F17).
 */
export class Moment {
  readonly #clock: Clock;
  readonly #monotonicMs: number;
  readonly #firstAt: number;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#monotonicMs = clock.monotonicMs();
    this.#at = clock.now();
    this.#firstAt = this.#at;
  }

  /**
   * By how much the wall clock jumped since, in milliseconds: times that were noted then are as
   * wrong now.
   */
  get jumpedMs(): number {
    return this.at - this.#firstAt;
  }

  /**
   * Milliseconds since the Unix epoch; the same at each call as long as the wall clock only drifts.
   */
  get at(): number {
    const now = this.#clock.now() - (this.#clock.monotonicMs() - this.#monotonicMs);
    if (Math.abs(now - this.#at) >= JUMP_MS) this.#at = now;
    return this.#at;
  }
}

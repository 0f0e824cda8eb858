import { type Clock, systemClock } from "./clock.ts";

/** The end of a wait, by the monotonic clock: a jump of the wall clock does not move it. */
export class Deadline {
  readonly #clock: Clock;
  readonly #atMs: number;

  /** The wait ends `afterMs` milliseconds from now. */
  constructor(afterMs: number, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#atMs = clock.monotonicMs() + afterMs;
  }

  /** Milliseconds that are left; 0 when it is over. */
  get leftMs(): number {
    return Math.max(0, this.#atMs - this.#clock.monotonicMs());
  }

  get isOver(): boolean {
    return this.leftMs === 0;
  }
}

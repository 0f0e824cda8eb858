import type { Clock } from "@flotilla/kernel";

/** The sandbox's own time: real time plus an offset that the control API moves forward. */
export class MovableClock implements Clock {
  #offsetMs = 0;

  now(): number {
    return Date.now() + this.#offsetMs;
  }

  monotonicMs(): number {
    return performance.now() + this.#offsetMs;
  }

  /** Moves time forward by `byMs` milliseconds (>= 0). */
  advance(byMs: number): void {
    if (!(byMs >= 0)) throw new RangeError("the clock only moves forward");
    this.#offsetMs += byMs;
  }
}

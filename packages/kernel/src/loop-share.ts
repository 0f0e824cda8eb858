import { type Clock, systemClock } from "./clock.ts";

/**
 * Resolves in the next turn of the event loop, after the timers, sockets and signals that are due.
 */
export async function nextTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  await promise;
}

/**
 * Splits long synchronous work into slices of `sliceMs` milliseconds, so that heartbeats, leases
 * and stops run in between. It measures time instead of counting, because one unit of work may take
 * any time.
 */
export class LoopShare {
  readonly #sliceMs: number;
  readonly #clock: Clock;
  #since: number;

  constructor(sliceMs: number, clock: Clock = systemClock) {
    this.#sliceMs = sliceMs;
    this.#clock = clock;
    this.#since = clock.monotonicMs();
  }

  /** Starts a slice; call it right after a turn of the event loop. */
  begin(): void {
    this.#since = this.#clock.monotonicMs();
  }

  /** Whether the current slice has used up its time. */
  isOver(): boolean {
    return this.#clock.monotonicMs() - this.#since >= this.#sliceMs;
  }

  /** Gives the event loop a turn when the slice is over; otherwise resolves at once. */
  async turn(): Promise<void> {
    if (!this.isOver()) return;
    await nextTurn();
    this.begin();
  }
}

import { type Clock, systemClock } from "./clock.ts";

/** Resolves in the next turn of the event loop: timers, sockets and signals that wait have had theirs by then. */
export async function nextTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  await promise;
}

/**
 * Work that awaits only what is there already never lets the event loop turn: heartbeats, leases and stops wait until it ends.
 * Such work runs for `sliceMs` milliseconds at a time. Time decides, not counts: a unit of work may be anything.
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

  /** The event loop has turned just now. */
  begin(): void {
    this.#since = this.#clock.monotonicMs();
  }

  /** Whether others have waited long enough. */
  isOver(): boolean {
    return this.#clock.monotonicMs() - this.#since >= this.#sliceMs;
  }

  /** Lets the others have a turn when this slice is over; resolves at once when it is not. */
  async turn(): Promise<void> {
    if (!this.isOver()) return;
    await nextTurn();
    this.begin();
  }
}

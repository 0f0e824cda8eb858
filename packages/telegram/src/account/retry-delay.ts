import type { Fault } from "@flotilla/contracts";
import { type Clock, sleep } from "@flotilla/kernel";

/** Most milliseconds of a hold, because the supervisor that set it may be gone. */
const HOLD_MAX_MS = 15 * 60_000;

/** Whether the return of the network may end the wait; waits of the server stay. */
export function isOfNetwork(fault: Fault): boolean {
  return fault.class === "NETWORK" && fault.waitS === undefined;
}

/** The wait between two connection attempts, which the supervisor may hold and end. */
export class RetryDelay {
  readonly #clock: Clock;
  #isHeld = false;
  #goes = 0;
  #order = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Stops retries after a network fault until {@link RetryDelay.go}: another worker probes the
   * network.
   */
  hold(): void {
    this.#isHeld = true;
    this.#changed();
  }

  /** Ends the hold, and all waits that may change. */
  go(): void {
    this.#isHeld = false;
    this.#goes += 1;
    this.#changed();
  }

  /**
   * Resolves after `delayMs`, on {@link RetryDelay.go}, or when `signal` aborts. With `mayChange`
   * false, `hold` and `go` have no effect.
   */
  async wait(delayMs: number, mayChange: boolean, signal: AbortSignal): Promise<void> {
    if (!mayChange) return await sleep(delayMs, signal).catch(() => {});
    const [from, goes] = [this.#clock.monotonicMs(), this.#goes];
    for (;;) {
      const leftMs = from + (this.#isHeld ? HOLD_MAX_MS : delayMs) - this.#clock.monotonicMs();
      if (signal.aborted || leftMs <= 0 || this.#goes > goes) return;
      await sleep(leftMs, AbortSignal.any([signal, this.#order.signal])).catch(() => {});
    }
  }

  #changed(): void {
    this.#order.abort();
    this.#order = new AbortController();
  }
}

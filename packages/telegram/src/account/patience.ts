import type { Fault } from "@flotilla/contracts";
import { sleep } from "@flotilla/kernel";

/** Whoever said "hold" may be gone: so long at most, in milliseconds. */
const HOLD_MAX_MS = 15 * 60_000;

/** Whether a network that comes back ends the wait; what the server asked for stays asked for. */
export function isOfNetwork(fault: Fault): boolean {
  return fault.class === "NETWORK" && fault.waitS === undefined;
}

/** The wait between two tries, which somebody who sees more than one connection may prolong and end. */
export class Patience {
  #isHeld = false;
  #goes = 0;
  #order = new AbortController();

  /** No more tries after a fault of the network, before {@link Patience.go}: somebody else looks whether there is one. */
  hold(): void {
    this.#isHeld = true;
    this.#changed();
  }

  /** Whoever waits because of the network tries at once. */
  go(): void {
    this.#isHeld = false;
    this.#goes += 1;
    this.#changed();
  }

  /** Resolves after `delayMs`, when it is told to go, or when `signal` is aborted. `mayChange` false: no order changes it. */
  async wait(delayMs: number, mayChange: boolean, signal: AbortSignal): Promise<void> {
    if (!mayChange) return await sleep(delayMs, signal).catch(() => {});
    const [from, goes] = [performance.now(), this.#goes];
    for (;;) {
      const leftMs = from + (this.#isHeld ? HOLD_MAX_MS : delayMs) - performance.now();
      if (signal.aborted || leftMs <= 0 || this.#goes > goes) return;
      await sleep(leftMs, AbortSignal.any([signal, this.#order.signal])).catch(() => {});
    }
  }

  #changed(): void {
    this.#order.abort();
    this.#order = new AbortController();
  }
}

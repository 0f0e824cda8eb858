import type { DeliveryResult } from "@flotilla/contracts";

/** Two tries of one step at the same time are one: the second gets the result of the first. */
export class SharedTries {
  readonly #running = new Map<string, Promise<DeliveryResult>>();

  async run(key: string, work: () => Promise<DeliveryResult>): Promise<DeliveryResult> {
    const running = this.#running.get(key);
    if (running) return await running;
    const started = work();
    this.#running.set(key, started);
    try {
      return await started;
    } finally {
      this.#running.delete(key);
    }
  }
}

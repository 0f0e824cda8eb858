import { availableParallelism } from "node:os";
import { sleep } from "@flotilla/kernel";
import type { StartResult } from "./managed-worker-deps.ts";

/** Longest time that one start occupies its place. */
const PLACE_MS = 10_000;

/**
 * Limits concurrent automatic restarts, so that sixty workers that crash together do not block the
 * host, the supervisor and the bot (field fault K13). At most one per CPU; a failed start halves
 * the window, a successful one widens it by one. Starts by an admin do not wait here.
 */
export class StartWindow {
  readonly #most: number;
  readonly #waiting: (() => Promise<StartResult>)[] = [];
  #size: number;
  #running = 0;

  constructor(most = availableParallelism()) {
    this.#most = Math.max(1, most);
    this.#size = this.#most;
  }

  /** How many starts may run at once now. */
  get size(): number {
    return this.#size;
  }

  /** Runs `start` when a place is free, first come first served. */
  take(start: () => Promise<StartResult>): void {
    this.#waiting.push(start);
    this.#next();
  }

  #next(): void {
    while (this.#running < this.#size) {
      const start = this.#waiting.shift();
      if (!start) return;
      this.#running += 1;
      void this.#begin(start);
    }
  }

  async #begin(start: () => Promise<StartResult>): Promise<void> {
    const over = new AbortController();
    const late = sleep(PLACE_MS, over.signal).then(
      () => null,
      () => null,
    );
    const result = await Promise.race([start(), late]).catch(() => null);
    over.abort();
    this.#running -= 1;
    if (result?.kind === "ready") this.#size = Math.min(this.#most, this.#size + 1);
    else this.#size = Math.max(1, Math.floor(this.#size / 2));
    this.#next();
  }
}

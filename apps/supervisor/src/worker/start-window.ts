import { availableParallelism } from "node:os";
import { sleep } from "@flotilla/kernel";
import type { StartResult } from "./managed-worker-deps.ts";

/** A start that takes longer than this gives its place to the next one. Milliseconds. */
const PLACE_MS = 10_000;

/**
 * Lets restarts that come by themselves begin a few at a time, so that sixty workers that crashed together do not hold up the host, the
 * supervisor and the bot (field fault K13). As many as there are CPUs at most; a start that fails halves the window, one that succeeds widens it.
 * What a person asks for does not wait here.
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

  /** How many may start at the same time now. */
  get size(): number {
    return this.#size;
  }

  /** Begins it when there is a place, in the order of asking. */
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

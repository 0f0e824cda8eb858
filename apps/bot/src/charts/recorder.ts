import type { RelayStatus, WorkerStatus } from "@flotilla/contracts";
import type { Clock, WorkerId } from "@flotilla/kernel";
import { lookAt } from "./rollup.ts";
import type { RollupStore } from "./rollup-store.ts";

/** Parts of {@link Recorder}. */
export interface RecorderDeps {
  readonly store: RollupStore;
  readonly clock: Clock;
  readonly workers: () => readonly { readonly id: WorkerId }[];
  /** Workers that routes read with, and what they say about their relays. */
  readonly readers: () => ReadonlySet<string>;
  readonly relay: (worker: WorkerId) => Promise<RelayStatus | null>;
}

/**
 * Milliseconds between two records: hosts write each status every 10 s, and at once when it
 * changed.
 */
const EVERY_MS = 10_000;

/** Looks at the fleet for the charts. */
export class Recorder {
  readonly #deps: RecorderDeps;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
  }

  /**
   * Records all workers, unless it did so just now. `fresh` false: Redis is away, and the states
   * are unknown.
   */
  async look(statuses: readonly WorkerStatus[], fresh: boolean): Promise<void> {
    const { clock, store, workers, readers, relay } = this.#deps;
    if (!fresh || clock.monotonicMs() - this.#lastAt < EVERY_MS) return;
    this.#lastAt = clock.monotonicMs();
    const reading = readers();
    const relayed = await Promise.all(
      statuses.map(async ({ worker }) =>
        reading.has(worker) ? delivered(await relay(worker).catch(() => null)) : null,
      ),
    );
    const now = clock.now();
    store.add(
      new Map(
        statuses.map((status, n) => [status.worker, lookAt(status, relayed[n] ?? null, now)]),
      ),
    );
    store.prune(
      workers().map(({ id }) => id),
      now,
    );
  }

  /** A change of state, told by an event: restarts that are over before the next look count too. */
  heard(status: WorkerStatus): void {
    const now = this.#deps.clock.now();
    // An event that waited in the queue says nothing about now.
    if (now - status.updatedAt < EVERY_MS)
      this.#deps.store.add(new Map([[status.worker, lookAt(status, null, now)]]));
  }
}

function delivered(status: RelayStatus | null): number | null {
  return status === null
    ? null
    : status.routes.reduce((sum, route) => sum + (route.counts.delivered ?? 0), 0);
}

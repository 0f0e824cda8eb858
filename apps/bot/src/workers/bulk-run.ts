import type { Asker, BulkAction } from "@flotilla/contracts";
import { type Clock, toError } from "@flotilla/kernel";
import { type CommandSender, troubleOf } from "@flotilla/queue";
import { type Said, say } from "../kit/words/said.ts";
import type { BulkRow, BulkStore } from "./bulk-store.ts";
import { DEADLINE_MS } from "./commands.ts";
import type { WorkerRow } from "./worker-store.ts";

/** Parts of {@link Bulk}. */
export interface BulkDeps {
  readonly sender: CommandSender;
  readonly store: BulkStore;
  readonly clock: Clock;
  /** Whether the worker is between two hosts: it is left out. */
  readonly isMoving?: (worker: WorkerRow["id"]) => boolean;
}

/**
 * One act on many workers: one command per host, the first worker of each as a canary where there
 * are several.
 */
export class Bulk {
  readonly #deps: BulkDeps;

  constructor(deps: BulkDeps) {
    this.#deps = deps;
  }

  /**
   * The same act that is under way for all of these workers, begun by another press; else null
   * (field fault K7).
   */
  covering(action: BulkAction, workers: readonly WorkerRow[], id: string): BulkRow | null {
    const [newest = null] = this.#others(action, id);
    return workers.length > 0 && this.#left(action, workers, id).length === 0 ? newest : null;
  }

  /**
   * Begins it, for the workers for which the same act is not under way. The same `id` twice is the
   * same wish. A host that cannot be asked is shown as failed.
   */
  async begin(
    action: BulkAction,
    wanted: readonly WorkerRow[],
    asker: Asker,
    id: string,
  ): Promise<void> {
    const { sender, store, clock } = this.#deps;
    const now = clock.now();
    const workers = this.#left(action, wanted, id);
    const hosts = [...new Set(workers.map((worker) => worker.host))];
    store.begin({ id, action, workers: workers.map((worker) => worker.id) }, asker, hosts, now);
    for (const host of hosts) {
      if (store.find(id)?.hosts[host]?.phase !== "asked") continue;
      const ours = workers.filter((worker) => worker.host === host).map((worker) => worker.id);
      const canary = ours.length > 1 && (action === "start" || action === "restart");
      const base = { v: 1 as const, askedBy: asker, askedAt: now, deadlineAt: now + DEADLINE_MS };
      try {
        // One id for all hosts: events name it, and each host has a queue of its own.
        await sender.toHost(host, { ...base, id, kind: "bulk", action, workers: ours, canary });
      } catch (error) {
        store.refused(id, host, ours, {
          code: `redis-${troubleOf(error)}`,
          message: toError(error).message,
        });
      }
    }
  }

  #others(action: BulkAction, id: string): BulkRow[] {
    return this.#deps.store.underWay(action).filter((each) => each.id !== id);
  }

  #left(action: BulkAction, workers: readonly WorkerRow[], id: string): WorkerRow[] {
    const busy = new Set(this.#others(action, id).flatMap((each) => each.workers));
    const isMoving = this.#deps.isMoving ?? (() => false);
    return workers.filter(
      ({ id: each, hostGone }) => !hostGone && !busy.has(each) && !isMoving(each),
    );
  }

  /**
   * Ends it after the workers in hand. Answers with the reason when no host could be told; then it
   * continues.
   */
  async cancel(bulk: BulkRow, asker: Asker, id: string): Promise<Said | null> {
    const { sender, store, clock } = this.#deps;
    const now = clock.now();
    const base = { v: 1 as const, id, askedBy: asker, askedAt: now, deadlineAt: now + DEADLINE_MS };
    const hosts = Object.keys(bulk.hosts) as WorkerRow["host"][];
    const told = await Promise.allSettled(
      hosts.map((host) => sender.toHost(host, { ...base, kind: "bulk.cancel", bulk: bulk.id })),
    );
    const [refused] = told.filter(({ status }) => status === "rejected");
    if (refused?.status === "rejected" && told.every(({ status }) => status === "rejected"))
      return say(`problem-redis-${troubleOf(refused.reason)}`);
    store.cancel(bulk.id);
    return null;
  }
}

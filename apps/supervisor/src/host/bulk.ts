import type {
  BulkAction,
  BulkPhase,
  CommandOutcome,
  FleetEvent,
  HostCommand,
} from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";

export type BulkCommand = Extract<HostCommand, { kind: "bulk" }>;
/** A `bulk.progress` event without the fields that the host adds. */
export type BulkProgress = Omit<
  Extract<FleetEvent, { kind: "bulk.progress" }>,
  "v" | "id" | "at" | "host"
>;

export interface BulkDeps {
  /** Does the action for one worker. Never rejects: a failure is an outcome. */
  readonly perform: (action: BulkAction, worker: WorkerId) => Promise<CommandOutcome>;
  readonly tell: (progress: BulkProgress) => void;
  /** Aborted when this host ends or an admin cancels: no further worker is started. */
  readonly stopping: AbortSignal;
}

/**
 * Does one action for many workers, one after the other. Stops run in parallel, because each may
 * take its whole grace period (invariant 13). Reports progress after each worker. With `canary`, a
 * first worker that fails leaves the others as they are.
 */
export async function carryOutBulk(command: BulkCommand, deps: BulkDeps): Promise<void> {
  const bulk = new Bulk(command, deps);
  const [first, ...rest] = command.workers;
  if (command.canary && first !== undefined) {
    bulk.tell("canary", first);
    if (!(await bulk.one(first))) return bulk.tell("canary-failed", null);
    await bulk.all(rest);
  } else await bulk.all(command.workers);
  bulk.tell(deps.stopping.aborted ? "stopped" : "done", null);
}

class Bulk {
  readonly #command: BulkCommand;
  readonly #deps: BulkDeps;
  readonly #done: WorkerId[] = [];
  readonly #failed: BulkProgress["failed"] = [];

  constructor(command: BulkCommand, deps: BulkDeps) {
    this.#command = command;
    this.#deps = deps;
  }

  tell(phase: BulkPhase, current: WorkerId | null): void {
    const { id, action, workers } = this.#command;
    const { tell } = this.#deps;
    const [done, failed] = [[...this.#done], [...this.#failed]];
    tell({
      kind: "bulk.progress",
      command: id,
      action,
      phase,
      total: workers.length,
      done,
      failed,
      current,
    });
  }

  async all(workers: readonly WorkerId[]): Promise<void> {
    const { action } = this.#command;
    if (action === "stop" || action === "maintenance") {
      await Promise.all(workers.map((worker) => this.#told(worker)));
      return;
    }
    for (const worker of workers) {
      if (this.#deps.stopping.aborted) return;
      this.tell("rest", worker);
      await this.one(worker);
    }
  }

  async #told(worker: WorkerId): Promise<void> {
    await this.one(worker);
    this.tell("rest", null);
  }

  /** True when the action succeeded for the worker. */
  async one(worker: WorkerId): Promise<boolean> {
    const outcome = await this.#deps.perform(this.#command.action, worker);
    if (outcome.kind !== "failed") this.#done.push(worker);
    else this.#failed.push({ worker, code: outcome.code, message: outcome.message });
    return outcome.kind !== "failed";
  }
}

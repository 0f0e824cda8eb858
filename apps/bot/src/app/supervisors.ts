import { type HostRow, STATUS_STALE_MS } from "@flotilla/contracts";
import type { Clock, HostId } from "@flotilla/kernel";
import type { WorkerStore } from "../workers/worker-store.ts";

/** Parts of {@link Supervisors}. */
interface SupervisorsDeps {
  readonly workers: Pick<WorkerStore, "all">;
  /** The host that new workers belong to. */
  readonly host: HostId;
  readonly clock: Pick<Clock, "now" | "monotonicMs">;
}

/**
 * Which hosts that should have a supervisor were heard of: those of the workers, and the one that ➕
 * Add puts workers on.
 */
export class Supervisors {
  readonly #deps: SupervisorsDeps;
  readonly #heardAt = new Map<HostId, number>();
  readonly #since: number;

  constructor(deps: SupervisorsDeps) {
    this.#deps = deps;
    this.#since = deps.clock.monotonicMs();
  }

  /** What the board of hosts says now; its times are by the clock of this machine. */
  heard(rows: readonly HostRow[], now = this.#deps.clock.now()): void {
    const at = this.#deps.clock.monotonicMs();
    for (const row of rows) if (now - row.at <= STATUS_STALE_MS) this.#heardAt.set(row.host, at);
  }

  /** For the health endpoint: a sentence for each that was not heard of for 30 s. */
  problems(): string[] {
    const { workers, host, clock } = this.#deps;
    const now = clock.monotonicMs();
    const ofWorkers = workers.all().flatMap((worker) => (worker.hostGone ? [] : worker.host));
    const hosts = new Set([host, ...ofWorkers]);
    const silent = [...hosts].filter(
      (each) => now - (this.#heardAt.get(each) ?? this.#since) > STATUS_STALE_MS,
    );
    return silent.map((each) => `no supervisor of ${each} is heard of`);
  }
}

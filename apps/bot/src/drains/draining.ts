import { type Asker, type HostRow, STATUS_STALE_MS, type WorkerStatus } from "@flotilla/contracts";
import type { Clock, HostId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import type { Drain } from "../hosts/drain.ts";
import type { DrainStore } from "../hosts/drain-store.ts";
import type { MoveStore } from "../moves/move-store.ts";
import type { Moving } from "../moves/moving.ts";
import { targetFrom } from "../moves/targets.ts";
import type { Bulk } from "../workers/bulk-run.ts";
import type { CommandStore } from "../workers/command-store.ts";
import type { Commands } from "../workers/commands.ts";
import type { WorkerStore } from "../workers/worker-store.ts";
import { advance, entryOf, idOf, inHand } from "./advance.ts";

export interface DrainingDeps {
  readonly db: Database;
  readonly drains: DrainStore;
  readonly moves: MoveStore;
  readonly moving: Pick<Moving, "begin">;
  readonly workers: WorkerStore;
  readonly commands: Pick<Commands, "askHost">;
  readonly commandLog: Pick<CommandStore, "find">;
  readonly bulk: Pick<Bulk, "begin">;
  readonly clock: Clock;
}

/** Fresh rows and statuses of Redis. */
interface Seen {
  readonly rows: readonly HostRow[];
  readonly statuses: readonly WorkerStatus[];
}

/**
 * Empties hosts, one worker after the other. A move is begun in the transaction that writes it
 * down, and a stop has one id: a bot that died in between does nothing twice.
 */
export class Draining {
  readonly #deps: DrainingDeps;
  /** Commands that this process has sent. */
  readonly #asked = new Set<string>();

  constructor(deps: DrainingDeps) {
    this.#deps = deps;
  }

  /** Begins it; the same `id` twice is the same wish. */
  begin(
    host: HostId,
    how: Drain["how"],
    { asker, id }: { readonly asker: Asker; readonly id: string },
  ): void {
    const { drains, workers, clock } = this.#deps;
    if (drains.find(id) || drains.of(host)) return;
    const own = workers.all().filter((worker) => worker.host === host && !worker.hostGone);
    drains.save({
      id,
      host,
      asker,
      askedAt: clock.now(),
      how,
      entries: own.map(entryOf),
      cancelling: false,
      overAt: null,
      end: null,
    });
  }

  /** ✖️: the worker in hand is finished, the rest stays. */
  cancel(drain: Drain): void {
    if (drain.overAt === null) this.#deps.drains.save({ ...drain, cancelling: true });
  }

  /**
   * The host takes workers again; those that the drain stopped are started. Answers with the id of
   * the act that starts them; null = none was stopped.
   */
  async takeAgain(drain: Drain, asker: Asker): Promise<string | null> {
    const { drains, workers, bulk, clock } = this.#deps;
    const names = new Set(
      drain.entries.flatMap(({ worker, wasStopped }) => (wasStopped ? worker : [])),
    );
    const chosen = workers.all().filter(({ id }) => names.has(id));
    const id = `${drain.id}-start`;
    // A bot that dies in between is asked once more, under the same id.
    if (chosen.length > 0) await bulk.begin("start", chosen, asker, id);
    drains.end(drain.host, { at: clock.now(), how: "taking" });
    return chosen.length > 0 ? id : null;
  }

  /** One look at each drain. `rows` and `statuses` as Redis says now. */
  async look(rows: readonly HostRow[], statuses: readonly WorkerStatus[]): Promise<void> {
    const { drains } = this.#deps;
    for (const { host } of drains.allUnderWay()) {
      // An owner may have pressed a button while the one before was asked for.
      const drain = drains.of(host);
      if (drain) await this.#stop(this.#advanced(drain, { rows, statuses }));
    }
  }

  #advanced(drain: Drain, { rows, statuses }: Seen): Drain {
    const { db, drains, moves, moving, workers, commandLog, clock } = this.#deps;
    const now = clock.now();
    const all = workers.all();
    const statusOf = (name: string): WorkerStatus | null =>
      statuses.find(({ worker }) => worker === name) ?? null;
    const isDrained = (host: HostId): boolean => drains.of(host) !== null;
    const next = advance(drain, {
      now,
      isHeard: rows.some(({ host, at }) => host === drain.host && now - at <= STATUS_STALE_MS),
      workers: all,
      status: statusOf,
      move: (id) => moves.find(id),
      isMoving: (worker) => moves.of(worker) !== null,
      command: (id) => commandLog.find(id),
      target: () => targetFrom(drain.host, { rows, workers: all, isDrained, now }),
    });
    if (next === drain) return drain;
    db.transaction(() => {
      drains.save(next);
      const n = inHand(next);
      const entry = next.entries[n];
      const row = all.find(({ id }) => id === entry?.worker);
      if (next.how === "move" && entry?.to && row)
        moving.begin(row, entry.to, statusOf(row.id), { asker: next.asker, id: idOf(next, n) });
    });
    return next;
  }

  async #stop(drain: Drain): Promise<void> {
    const { commands, commandLog } = this.#deps;
    const n = inHand(drain);
    const entry = drain.entries[n];
    if (drain.how !== "stop" || !entry) return;
    const id = idOf(drain, n);
    if (this.#asked.has(id) && commandLog.find(id)) return;
    await commands.askHost("stop", entry.worker, drain.asker, id);
    this.#asked.add(id);
  }
}

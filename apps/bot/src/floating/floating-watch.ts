import { isDeepStrictEqual } from "node:util";
import type { Asker, StandbyOwner } from "@flotilla/contracts";
import type { Clock, HostId, WorkerId } from "@flotilla/kernel";
import type { StandbyBoard } from "@flotilla/queue";
import type { Database } from "@flotilla/sqlite";
import { alertBody } from "../alerts/alert-body.ts";
import type { AlertStore } from "../alerts/alert-store.ts";
import type { DrainStore } from "../hosts/drain-store.ts";
import { say } from "../kit/words/said.ts";
import type { MoveStore } from "../moves/move-store.ts";
import type { AuditLog } from "../workers/deps.ts";
import type { WorkerStore } from "../workers/worker-store.ts";

export interface FloatingDeps {
  readonly db: Database;
  readonly board: Pick<StandbyBoard, "all" | "closed" | "keepClosed">;
  readonly drains: Pick<DrainStore, "allUnderWay">;
  readonly workers: Pick<WorkerStore, "find" | "setHost">;
  /** A record may be older than the routes: 0 = the reader is told again. */
  readonly routes: { told(worker: WorkerId, version: 0): void };
  readonly moves: Pick<MoveStore, "isBetween">;
  readonly alerts: Pick<AlertStore, "raise">;
  readonly audit: AuditLog;
  /** Who did what no admin did. */
  readonly system: Asker;
  readonly clock: Clock;
}

/**
 * Follows which host has each floating worker (ADR 18): hosts take them over without the bot, and it
 * tells what they did. Hosts hear from it which of them are drained and take none.
 */
export class FloatingWatch {
  readonly #deps: FloatingDeps;
  #owners: ReadonlyMap<WorkerId, StandbyOwner> = new Map();

  constructor(deps: FloatingDeps) {
    this.#deps = deps;
  }

  /** What Redis last said of a worker; null = it does not float. */
  ownerOf(worker: WorkerId): StandbyOwner | null {
    return this.#owners.get(worker) ?? null;
  }

  /** One look at Redis. Throws AppError `redis-away`. */
  async look(): Promise<void> {
    const { board, workers, moves, drains } = this.#deps;
    const owners = await board.all();
    const drained = drains.allUnderWay().map(({ host }) => host);
    // A Redis that came back empty is told again.
    if (!isDeepStrictEqual(await board.closed(), drained)) await board.keepClosed(drained);
    this.#owners = new Map(owners.map((owner) => [owner.worker, owner]));
    const taken = owners.flatMap(({ worker, host: to }) => {
      const from = workers.find(worker)?.host;
      // While it moves, its move says who has it.
      return from === undefined || from === to || moves.isBetween(worker)
        ? []
        : [{ worker, from, to }];
    });
    const ways = Map.groupBy(taken, ({ from, to }) => `${from}/${to}`);
    for (const [first, ...more] of ways.values())
      if (first) this.#tell(first, [first, ...more].map(({ worker }) => worker).toSorted());
  }

  #tell({ from, to }: { from: HostId; to: HostId }, names: readonly WorkerId[]): void {
    const { db, workers, routes, alerts, audit, system, clock } = this.#deps;
    const now = clock.now();
    const title = say("notice-taken-over", { from, to, count: names.length });
    const details = [say("notice-taken-over-names", { names: names.join(", ") })];
    db.transaction(() => {
      for (const worker of names) {
        workers.setHost(worker, to);
        routes.told(worker, 0);
        audit.write(system, say("audit-taken-over", { from, to }), worker, now);
      }
      const body = alertBody({ kind: "notice", host: to, title, details });
      alerts.raise(`taken-over:${from}:${to}:${now}`, body, now);
    });
  }
}

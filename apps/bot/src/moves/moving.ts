import {
  type Asker,
  type HostRow,
  STATE_TABLE,
  STATUS_STALE_MS,
  type WorkerStatus,
} from "@flotilla/contracts";
import type { Clock, HostId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import type { CommandStore } from "../workers/command-store.ts";
import type { Commands } from "../workers/commands.ts";
import type { WorkerRow, WorkerStore } from "../workers/worker-store.ts";
import { advance } from "./advance.ts";
import { commandOf, hostOf, isCancellable, type Move, ownerOf, withoutHost } from "./move.ts";
import type { MoveStore } from "./move-store.ts";

export interface MovingDeps {
  readonly db: Database;
  readonly moves: MoveStore;
  readonly workers: WorkerStore;
  readonly commands: Pick<Commands, "moveStep">;
  readonly commandLog: Pick<CommandStore, "find">;
  readonly clock: Clock;
}

/**
 * Carries out moves. Each step is written down, with the host that has the worker from then on,
 * before it is asked for: a bot that died in between asks once more under the same id.
 */
export class Moving {
  readonly #deps: MovingDeps;
  readonly #since: number;
  /** Commands that this process has sent. */
  readonly #asked = new Set<string>();

  constructor(deps: MovingDeps) {
    this.#deps = deps;
    this.#since = deps.clock.now();
  }

  /** Begins it; the same `id` twice is the same wish. `status`: of the worker as it is now. */
  begin(
    { id: worker, host: from }: WorkerRow,
    to: HostId,
    status: WorkerStatus | null,
    { asker, id }: { readonly asker: Asker; readonly id: string },
  ): void {
    const { moves, clock } = this.#deps;
    if (moves.find(id) || moves.of(worker)) return;
    const now = clock.now();
    moves.save({
      id,
      worker,
      from,
      to,
      asker,
      askedAt: now,
      wasRunning: status !== null && !STATE_TABLE[status.state].isStopped,
      step: "pack",
      at: now,
      attempt: 0,
      tries: 0,
      packs: 1,
      cancelling: false,
      why: null,
      end: null,
    });
  }

  /** ✖️: false = it is too late for that. */
  cancel(id: string): boolean {
    const { moves } = this.#deps;
    const move = moves.find(id);
    if (!move || !isCancellable(move)) return false;
    moves.save({ ...move, cancelling: true });
    return true;
  }

  /** One look at each that is under way. `rows` and `statuses` as Redis says now. */
  async look(rows: readonly HostRow[], statuses: readonly WorkerStatus[]): Promise<void> {
    const { moves, commandLog, clock } = this.#deps;
    const now = clock.now();
    for (const move of moves.allUnderWay()) {
      const next = advance(move, {
        now,
        since: this.#since,
        command: (id) => commandLog.find(id),
        status: statuses.find(({ worker }) => worker === move.worker) ?? null,
        isHeard: (host) => rows.some((row) => row.host === host && now - row.at <= STATUS_STALE_MS),
      });
      if (next !== move) this.#keep(next);
      await this.#ask(next);
    }
  }

  /** A host is gone for good: no move waits for it any longer. Call it in a transaction. */
  forgetHost(host: HostId): void {
    const { moves, clock } = this.#deps;
    for (const move of moves.allUnderWay()) {
      const next = withoutHost(move, host, clock.now());
      if (next !== move) this.#keep(next);
    }
  }

  /** The step and the owner change together. */
  #keep(move: Move): void {
    const { db, moves, workers } = this.#deps;
    db.transaction(() => {
      moves.save(move);
      workers.setHost(move.worker, ownerOf(move));
    });
  }

  async #ask(move: Move): Promise<void> {
    const id = commandOf(move);
    const isIdle = move.step === "restart" && !move.wasRunning;
    if (move.end || isIdle || this.#asked.has(id)) return;
    const verb = move.step === "start" || move.step === "restart" ? "start" : VERBS[move.step];
    const by = { asker: move.asker, id };
    // What could not be sent is written down as such, and tried again under another id.
    await this.#deps.commands.moveStep(verb, hostOf(move), {
      worker: move.worker,
      move: move.id,
      by,
    });
    this.#asked.add(id);
  }
}

const VERBS = {
  pack: "move.pack",
  unpack: "move.unpack",
  clear: "move.clear",
  drop: "move.drop",
} as const;

import type { CommandOutcome, RelayStatus, Route } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { ChatLists } from "./chat-lists.ts";
import type { RouteStore } from "./route-store.ts";

/** Where readers say how they are doing. */
interface Board {
  read(worker: WorkerId): Promise<RelayStatus | null>;
}

type Lines = Extract<CommandOutcome, { kind: "dry" }>["lines"];

/**
 * What readers said. Keeps the results of dry runs for the panels that wait for them, and the last
 * known figures for when Redis is away.
 */
export class RelayFigures {
  readonly #store: RouteStore;
  readonly #board: Board;
  readonly #dry = new Map<string, Lines>();
  readonly #known = new Map<WorkerId, RelayStatus>();
  /** What workers listed for new routes. */
  readonly lists = new ChatLists();

  constructor(store: RouteStore, board: Board) {
    this.#store = store;
    this.#board = board;
  }

  /** Keeps what a dry run found. */
  keepDry(command: string, found: Lines): void {
    this.#dry.set(command, found);
    for (const old of [...this.#dry.keys()].slice(0, -50)) this.#dry.delete(old);
  }

  /** What a dry run found; null while it is under way. */
  dryOf(command: string): Lines | null {
    return this.#dry.get(command) ?? null;
  }

  /** What the readers of these routes last said, of all unless given; without silent ones. */
  async readers(routes: readonly Route[] = this.#store.all()): Promise<RelayStatus[]> {
    const workers = new Set(routes.map(({ from }) => from.worker));
    const found = await Promise.all([...workers].map((worker) => this.of(worker)));
    return found.filter((status) => status !== null);
  }

  /** What readers had said when they were last asked, without a new question to Redis. */
  known(): readonly RelayStatus[] {
    return [...this.#known.values()];
  }

  /** What this reader said last, by now or before; null = nothing yet. */
  async of(worker: WorkerId): Promise<RelayStatus | null> {
    const status = await this.#board.read(worker).catch(() => null);
    if (status) this.#known.set(worker, status);
    return status ?? this.#known.get(worker) ?? null;
  }
}

import type { CommandOutcome, RelayStatus } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import type { Card, Screen } from "../kit/screen.ts";
import type { Words } from "../kit/words/words.ts";
import { fillScreen } from "./fill.ts";
import { routeCard } from "./route-card.ts";
import { dryScreen, routesScreen, sourcesScreen } from "./route-list.ts";
import type { RouteStore } from "./route-store.ts";
import { ChatLists } from "./wizard/chat-lists.ts";

/** Screens about routes. */
export type RelayScreen = Extract<
  Screen,
  { kind: "routes" | "route" | "sources" | "dry" | "fill" }
>;

/** Is this screen about routes? */
export function isRelayScreen(screen: Screen): screen is RelayScreen {
  return ["routes", "route", "sources", "dry", "fill"].includes(screen.kind);
}

/** Where readers say how they are doing. */
interface Board {
  read(worker: WorkerId): Promise<RelayStatus | null>;
}

type Lines = Extract<CommandOutcome, { kind: "dry" }>["lines"];

/**
 * Renders them. Keeps the results of dry runs for the panels that wait for them, and the last known
 * figures for when Redis is away.
 */
export class RelayScreens {
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

  async render(words: Words, now: number, screen: RelayScreen): Promise<Card> {
    switch (screen.kind) {
      case "routes":
        return await this.#routes(words, screen.worker);
      case "route": {
        const route = this.#store.find(screen.route);
        const status = route && (await this.#read(route.from.worker));
        const version = this.#store
          .readers()
          .find(({ worker }) => worker === route?.from.worker)?.version;
        return routeCard({
          words,
          now,
          route,
          name: screen.route,
          status,
          version,
          sure: screen.sure,
        });
      }
      case "sources": {
        const routes = this.#store.of(screen.worker);
        return sourcesScreen(words, screen.worker, routes, await this.#read(screen.worker), now);
      }
      case "fill":
        return fillScreen(words, screen.route);
      case "dry":
        return dryScreen(words, screen, this.#dry.get(screen.command) ?? null);
      default:
        return screen satisfies never;
    }
  }

  /** Keeps what a dry run found. */
  keepDry(command: string, found: Lines): void {
    this.#dry.set(command, found);
    for (const old of [...this.#dry.keys()].slice(0, -50)) this.#dry.delete(old);
  }

  /** The same, as it was when it was last looked at. */
  known(): readonly RelayStatus[] {
    return [...this.#known.values()];
  }

  /** What every reader last said, for those who said anything. */
  async readers(): Promise<RelayStatus[]> {
    const workers = new Set(this.#store.all().map(({ from }) => from.worker));
    const found = await Promise.all([...workers].map((worker) => this.#read(worker)));
    return found.filter((status) => status !== null);
  }

  async #routes(words: Words, worker: string): Promise<Card> {
    const routes =
      worker === ""
        ? this.#store.all()
        : this.#store.all().filter(({ from }) => from.worker === worker);
    const readers = [...new Set(routes.map(({ from }) => from.worker))];
    const statuses = new Map<string, RelayStatus>();
    for (const reader of readers) {
      const status = await this.#read(reader);
      if (status) statuses.set(reader, status);
    }
    return routesScreen(words, worker, routes, statuses);
  }

  async #read(worker: WorkerId): Promise<RelayStatus | null> {
    const status = await this.#board.read(worker).catch(() => null);
    if (status) this.#known.set(worker, status);
    return status ?? this.#known.get(worker) ?? null;
  }
}

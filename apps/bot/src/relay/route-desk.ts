import type {
  BotAnswer,
  BotRequest,
  RelayStatus,
  Route,
  RoutesForReader,
  UnknownChat,
} from "@flotilla/contracts";
import { type HostId, SerialQueue, type WorkerId } from "@flotilla/kernel";
import {
  diffRoutes,
  findHarmful,
  knownChats,
  latestRouteVersion,
  type RouteProblem,
  validateRoutes,
  worksByOthers,
} from "@flotilla/relay";
import type { RouteStore } from "./route-store.ts";

/** A reader that is behind is told again so often, and only if it spoke within this time. */
const AGAIN_MS = 60_000;

/** Parts of the desk. */
export interface RouteDeskDeps {
  readonly store: RouteStore;
  readonly isWorker: (id: WorkerId) => boolean;
  readonly tell: (message: RoutesForReader) => Promise<void>;
  readonly now: () => number;
  /** Two hosts between which files of a route cannot go; null = they can. */
  readonly apart: (route: Route) => { readonly from: HostId; readonly to: HostId } | null;
  /** What readers last said: which names mean the same chat. */
  readonly readers: () => readonly RelayStatus[];
  /** Which of these are no chat of that reader's account; null = it cannot say now. */
  readonly unknownChats: (
    reader: WorkerId,
    chats: readonly string[],
  ) => Promise<readonly UnknownChat[] | null>;
}

/** What is wrong with a source of a route, in words for people. */
type Finding = Pick<RouteProblem, "route" | "field" | "message">;

/** Changes routes: checked first, written once, then told to the readers until they have them. */
export class RouteDesk {
  readonly #deps: RouteDeskDeps;
  /** The version of each reader that was answered by telling it again. */
  readonly #outbidden = new Map<WorkerId, number>();
  /** When a reader that was behind was told again. Milliseconds since the epoch. */
  readonly #toldAgain = new Map<WorkerId, number>();
  readonly #telling = new SerialQueue();

  constructor(deps: RouteDeskDeps) {
    this.#deps = deps;
  }

  /** Answers another program of the fleet, such as the command line. */
  async answer(request: BotRequest): Promise<BotAnswer> {
    const { store } = this.#deps;
    if (request.kind === "routes.get")
      return { kind: "routes", version: store.version(), routes: store.all() };
    const { added, changed, removed } = diffRoutes(store.all(), request.file.routes);
    const { wrong, notes } = await this.#lookAtSources(request.file.routes);
    const problems = wrong.length > 0 ? wrong : this.apply(request.file.routes);
    if (problems.length > 0) return { kind: "refused", problems };
    await this.flush();
    const counts = { added: added.length, changed: changed.length, removed: removed.length };
    return { kind: "applied", version: store.version(), ...counts, notes };
  }

  /**
   * Asks the readers about new sources of these routes: a number with a better one is wrong, others
   * may become right later (B11).
   */
  async #lookAtSources(
    routes: readonly Route[],
  ): Promise<{ readonly wrong: Finding[]; readonly notes: Finding[] }> {
    const before = new Map(this.#deps.store.all().map(({ id, from }) => [id, from]));
    const named = routes.flatMap(({ id, from: { worker, chats } }) => {
      const known = before.get(id);
      const isKnown = (chat: string): boolean =>
        known?.worker === worker && known.chats.includes(chat);
      return chats.filter((chat) => !isKnown(chat)).map((chat) => ({ id, worker, chat }));
    });
    const asked = [...Map.groupBy(named, ({ worker }) => worker)].map(async ([worker, sources]) => {
      const chats = [...new Set(sources.map(({ chat }) => chat))];
      const unknown = (await this.#deps.unknownChats(worker, chats)) ?? [];
      return sources.flatMap(({ id, chat }) => {
        const found = unknown.find(({ ref }) => ref === chat);
        return found ? [{ id, worker, ...found }] : [];
      });
    });
    const found = (await Promise.all(asked)).flat();
    const finding = (id: string, message: string): Finding => ({
      route: id,
      field: "from",
      message,
    });
    return {
      wrong: found.flatMap(({ id, worker, ref, meant }) =>
        meant === null
          ? []
          : finding(id, `${worker} cannot find ${ref}. The number you mean is ${meant}.`),
      ),
      notes: found.flatMap(({ id, worker, ref, meant }) =>
        meant === null
          ? finding(
              id,
              `${worker} cannot find ${ref}: nothing arrives from there until it is in that chat.`,
            )
          : [],
      ),
    };
  }

  /**
   * Makes these the routes, unless something is wrong with any of them: then nothing changes and
   * the problems are returned.
   */
  apply(routes: readonly Route[]): RouteProblem[] {
    const problems = this.#problems(routes);
    if (problems.length === 0) this.#deps.store.replace(routes, this.#deps.now());
    return problems;
  }

  /**
   * What would be wrong with the routes if this one was added or changed; empty = it can be saved.
   */
  check(route: Route): RouteProblem[] {
    return this.#problems(this.#with(route));
  }

  #problems(routes: readonly Route[]): RouteProblem[] {
    const { store, readers } = this.#deps;
    const { added, changed } = diffRoutes(store.all(), routes);
    // A route that was stopped stays as it is, off: it must not keep an admin from changing other
    // routes.
    const touched = new Set([...added, ...changed.map(({ after }) => after)].map(({ id }) => id));
    const counts = ({ id, on }: Route): boolean => on || touched.has(id);
    return [
      ...this.#strangers(routes),
      ...this.#apart(routes.filter(({ id }) => touched.has(id))),
      ...validateRoutes(routes, knownChats(readers()), counts),
    ];
  }

  /** Adds or changes one route. */
  put(route: Route): RouteProblem[] {
    return this.apply(this.#with(route));
  }

  #with(route: Route): Route[] {
    const others = this.#deps.store.all();
    const at = others.findIndex(({ id }) => id === route.id);
    return at === -1 ? [...others, route] : others.with(at, route);
  }

  /** Takes one route away; what waits on it is given up. */
  remove(id: string): void {
    this.apply(this.#deps.store.all().filter((route) => route.id !== id));
  }

  /**
   * Switches off each route that turns out to do harm: the newest one of a loop that shows only now
   * (two names are one chat, or Telegram copies a channel into a group), and one that reads a
   * service chat. Returns what was switched off, and why.
   */
  stopHarmful(): RouteProblem[] {
    const { store, readers, now } = this.#deps;
    const stopped: RouteProblem[] = [];
    for (;;) {
      const routes = store.all();
      const found = findHarmful(
        routes.filter(({ on }) => on),
        knownChats(readers()),
      ).at(-1);
      if (!found) return stopped;
      store.replace(
        routes.map((route) => (route.id === found.route ? { ...route, on: false } : route)),
        now(),
      );
      stopped.push(found);
    }
  }

  /**
   * Tells readers again that work by other routes than the bot's. One that is ahead has a version
   * which this bot never gave out, such as one forged in Redis under version 0.1: it gets a higher
   * one, once; one that cannot be is passed over by the reader itself. One that is behind was
   * started by another host from an older record (ADR 18), or its queue was lost: it gets the same
   * version, at most once in a minute.
   */
  tellAstray(): void {
    const { store, readers, now } = this.#deps;
    for (const { worker, version, told } of store.readers()) {
      const status = readers().find((each) => each.worker === worker);
      if (!status) continue;
      if (status.version > version) this.#outbid(worker, version, status.version);
      else if (told === version && this.#isBehind(status, version)) {
        this.#toldAgain.set(worker, now());
        store.told(worker, 0);
        void this.flush();
      }
    }
  }

  #outbid(worker: WorkerId, version: number, theirs: number): void {
    const { store, now } = this.#deps;
    if (this.#outbidden.get(worker) === theirs) return;
    this.#outbidden.set(worker, theirs);
    store.outbid(worker, theirs > latestRouteVersion(now()) ? version : theirs + 1);
    void this.flush();
  }

  /** Only a reader that speaks: the queue of one that is away keeps what it was told. */
  #isBehind({ worker, version, at }: RelayStatus, ours: number): boolean {
    const now = this.#deps.now();
    const isFresh = now - at < AGAIN_MS;
    const last = this.#toldAgain.get(worker) ?? Number.NEGATIVE_INFINITY;
    return isFresh && worksByOthers(ours, version, now) && now - last >= AGAIN_MS;
  }

  /**
   * Tells readers what they were not told yet. One pass at a time; a failure is tried again at the
   * next call.
   */
  flush(): Promise<void> {
    return this.#telling.run(() => this.#tellAll()).catch(() => {});
  }

  /** At the start of the bot: tell everybody again, a queue may have been lost. */
  tellAgain(): void {
    for (const { worker } of this.#deps.store.readers()) this.#deps.store.told(worker, 0);
  }

  async #tellAll(): Promise<void> {
    const { store, tell } = this.#deps;
    for (const { worker, version, told } of store.readers()) {
      if (told === version) continue;
      await tell({ v: 1, kind: "routes", worker, version, routes: store.of(worker) });
      store.told(worker, version);
    }
  }

  #apart(routes: readonly Route[]): RouteProblem[] {
    return routes.flatMap((route) => {
      const hosts = route.maxFileMb > 0 && route.action.kind === "copy" && this.#deps.apart(route);
      if (!hosts) return [];
      const message =
        `Files cannot go from ${hosts.from} to ${hosts.to}: ${hosts.from} has no HOST_URL. Set it ` +
        "there, choose a sender on the same host, or set maxFileMb to 0.";
      return { route: route.id, field: "to", message, code: "apart", about: hosts };
    });
  }

  #strangers(routes: readonly Route[]): RouteProblem[] {
    return routes.flatMap(({ id, from, to }) => {
      const unknown = (worker: WorkerId, field: "from" | "to"): RouteProblem[] =>
        this.#deps.isWorker(worker)
          ? []
          : [
              {
                route: id,
                field,
                message: `There is no worker "${worker}" in this fleet.`,
                code: "stranger",
                about: { worker },
              },
            ];
      return [
        ...unknown(from.worker, "from"),
        ...(to.kind === "worker" ? unknown(to.worker, "to") : []),
      ];
    });
  }
}

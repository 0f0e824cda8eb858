import { Route, type RoutesForReader, type UnknownChat } from "@flotilla/contracts";
import { type Clock, markedChannel, systemClock, toError } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { latestRouteVersion, type ReadyRoute, readyRoute } from "@flotilla/relay";
import type { SessionStore } from "@flotilla/session-store";

/**
 * The routes that this worker reads for. The bot sends them; the session's file keeps them, so that
 * relays run without the bot. Names of chats are resolved by what the account knows; the others are
 * asked for when there is a connection.
 */
export class RouteBook {
  readonly #store: SessionStore;
  readonly #log: Logger;
  readonly #clock: Clock;
  #routes: readonly Route[] = [];
  #ready: readonly ReadyRoute[] = [];
  #chats: ReadonlySet<string> = new Set();
  #version = 0;
  /** Where the names led when the routes were made ready. */
  #sight = "";
  #moves = 0;
  readonly #elsewhere = new Set<string>();

  constructor(store: SessionStore, log: Logger, clock: Clock = systemClock) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#load();
  }

  /** Version of the routes as the bot counts. */
  get version(): number {
    return this.#version;
  }

  /** All routes, also those that are off. */
  get all(): readonly Route[] {
    return this.#routes;
  }

  /** The routes that are ready to be asked. */
  get ready(): readonly ReadyRoute[] {
    return this.#ready;
  }

  route(id: string): Route | null {
    return this.#routes.find((route) => route.id === id) ?? null;
  }

  /** The chats that routes read, by marked id. */
  get chats(): ReadonlySet<string> {
    return this.#chats;
  }

  /**
   * Does any route read this chat? What is said elsewhere is not even stored: a chat that became
   * another one is followed at once.
   */
  wants(chat: string): boolean {
    if (this.#store.chatPins.moves !== this.#moves) this.refresh();
    return this.#chats.has(chat);
  }

  /** Takes what the bot says, unless it is older. Returns whether it was news. */
  take({ version, routes }: RoutesForReader): boolean {
    const latest = latestRouteVersion(this.#clock.now());
    if (version > latest)
      this.#log.error(
        { version },
        "routes of a time that has not come yet are refused: see the clocks",
      );
    if (!this.#store.relay.setRoutes({ version, body: JSON.stringify(routes) }, latest))
      return false;
    this.#load();
    return true;
  }

  /** Sources whose names this account does not know yet. */
  unknown(): string[] {
    return this.sources().filter((ref) => this.idOf(ref) === null);
  }

  /** Sources of routes that are on. */
  sources(): string[] {
    return [...new Set(this.#routes.flatMap(({ on, from }) => (on ? from.chats : [])))];
  }

  /**
   * Those of these that are numbers of no chat of this account, as far as it knows its chats (field
   * fault B11).
   */
  misnumbered(refs: readonly string[]): UnknownChat[] {
    const { entities, updates } = this.#store;
    const exists = (chat: string): boolean =>
      entities.byId(chat) !== null || updates.sources.get(chat) !== null;
    const wrong = refs.filter(
      (ref) => /^-?[0-9]/.test(ref) && !exists(ref) && this.idOf(ref) === ref,
    );
    return wrong.map((ref) => {
      const digits = ref.replace(/^-(?:100)?/, "");
      const meant = [
        markedChannel(digits),
        `-${digits}`,
        digits,
        markedChannel(ref.replace("-", "")),
      ];
      return { ref, meant: meant.find(exists) ?? null };
    });
  }

  /** Sources and target of a route that have another number by now (field fault B4). */
  moved({ id, from, to }: Route): { readonly chat: string; readonly to: string }[] {
    const became = (chat: string, now: string | null) =>
      now === null || now === chat ? [] : [{ chat, to: now }];
    const sources = from.chats
      .filter((ref) => ref.startsWith("-"))
      .flatMap((ref) => became(ref, this.idOf(ref)));
    if (to.kind === "webhook") return sources;
    return [...sources, ...became(to.chat, this.#store.relay.map.landed(id, to.chat))];
  }

  /**
   * Marked id of the chat that `ref` names now, wherever it went; null while a name is not known.
   */
  idOf(ref: string): string | null {
    const { entities, chatPins } = this.#store;
    const named = ref.startsWith("@") ? (entities.byUsername(ref.slice(1))?.id ?? null) : ref;
    return named === null ? null : chatPins.now(named);
  }

  /** Routes of which a name leads to another chat than when they were made. */
  get elsewhere(): ReadonlySet<string> {
    return this.#elsewhere;
  }

  /** Looks at the names again. */
  refresh(): void {
    this.#moves = this.#store.chatPins.moves;
    this.#sight = this.#look();
    this.#elsewhere.clear();
    this.#ready = this.#routes.flatMap((route) => this.#prepare(route));
    this.#chats = new Set(this.#ready.flatMap(({ route, chats }) => (route.on ? [...chats] : [])));
  }

  /**
   * The same, when a name leads elsewhere by now or was learned meanwhile, or a chat became another
   * one.
   */
  refreshIfChanged(): void {
    if (this.#look() !== this.#sight) this.refresh();
  }

  #look(): string {
    return this.#routes
      .map(({ from }) => from.chats.map((ref) => this.idOf(ref) ?? "").join())
      .join(";");
  }

  #load(): void {
    const stored = this.#store.relay.routes();
    if (!stored) return;
    const parsed = Route.array().safeParse(JSON.parse(stored.body));
    if (!parsed.success)
      return void this.#log.error(
        "the stored routes cannot be read; waiting for the bot to send them",
      );
    this.#version = stored.version;
    this.#routes = parsed.data;
    this.refresh();
  }

  #prepare(route: Route): ReadyRoute[] {
    try {
      return [readyRoute(route, (ref) => this.#pinned(route, ref))];
    } catch (error) {
      this.#log.error({ route: route.id, cause: toError(error).message }, "a route cannot be used");
      return [];
    }
  }

  /**
   * What a route means by a name is what it led to at first; one that leads to another chat since
   * is not read (field fault F20).
   */
  #pinned({ id, on }: Route, ref: string): string | null {
    const { chatPins } = this.#store;
    const led = this.idOf(ref);
    if (!ref.startsWith("@") || !on) return led;
    const pin = chatPins.get(id, ref);
    if (pin === null && led !== null) chatPins.set(id, ref, led);
    if (pin === null) return led;
    if (led === null || led === chatPins.now(pin)) return chatPins.now(pin);
    this.#elsewhere.add(id);
    return null;
  }
}

import { isDeepStrictEqual } from "node:util";
import type {
  Delivery,
  RelayMessage,
  Route,
  RoutesForReader,
  UnknownChat,
} from "@flotilla/contracts";
import { FileReader } from "@flotilla/files";
import {
  AppError,
  type Clock,
  LoopShare,
  SerialQueue,
  sleep,
  toError,
  type WorkerId,
} from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { type QueuePlace, RelayLink } from "@flotilla/queue";
import type { SessionStore } from "@flotilla/session-store";
import { Backfill, type BackfillWish } from "./backfill.ts";
import { Dispatcher } from "./dispatcher.ts";
import { type DryRunLine, dryRun } from "./dry-run.ts";
import { RelayFiles } from "./files.ts";
import { alertLane, Intake } from "./intake.ts";
import { LinkedChannels } from "./linked-channels.ts";
import type { RelayTelegram } from "./ports.ts";
import { RouteBook } from "./route-book.ts";
import { Sender } from "./sender.ts";
import { relayStatus } from "./status.ts";
import { TargetNames } from "./target-names.ts";
import { UnknownChats } from "./unknown-chats.ts";
import { WebhookSender } from "./webhook.ts";

/** Parts of a relay. */
export interface RelayOptions {
  readonly worker: WorkerId;
  readonly store: SessionStore;
  readonly fleetKey: Buffer;
  readonly place: QueuePlace;
  readonly telegram: RelayTelegram;
  /**
   * Where files lie on their way to a sender that cannot have them by reference: the same folder
   * for all programs of a host.
   */
  readonly dataDir: string;
  /** Address at which other hosts get files of this one; null = they cannot. */
  readonly filesAt: string | null;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called after each step of work: a sign of life. */
  readonly worked?: () => void;
  /** Called when the store has other routes than before. */
  readonly routesTaken?: () => void;
}

const TICK_MS = 250;
/** Milliseconds for received messages before the event loop turns. */
const SLICE_MS = 20;
const REPORT_MS = 2000;
/** Rows of a removed route that are given up between two turns of the loop. */
const DROP_STEP = 500;

/**
 * The relaying half of a worker: what it reads for its own routes, and what it delivers for the
 * routes of others.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #book: RouteBook;
  readonly #intake: Intake;
  readonly #dispatcher: Dispatcher;
  readonly #sender: Sender;
  readonly #targets: TargetNames;
  readonly #webhook: WebhookSender;
  readonly #link: RelayLink;
  readonly #backfill: Backfill;
  readonly #files: RelayFiles;
  readonly #linked: LinkedChannels;
  readonly #stopping = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  #lastReport = "";
  #isReporting = false;
  readonly #unknown: UnknownChats;

  constructor(options: RelayOptions) {
    const { store, clock, log, worker, place } = options;
    const now = (): number => clock.now();
    this.#options = options;
    const onError = (error: unknown): void => log.debug({ err: error }, "relay");
    this.#book = new RouteBook(store, log, clock);
    const { telegram } = options;
    this.#unknown = new UnknownChats(this.#book, telegram);
    this.#intake = new Intake(store, this.#book, {
      worker,
      now,
      onLoop: (route) => this.#dispatcher.stop(route, "loop"),
    });
    this.#linked = new LinkedChannels({ store, telegram, now, signal: this.#stopping.signal, log });
    const { dataDir, fleetKey } = options;
    const reader = new FileReader({ dataDir, fleetKey, clock });
    this.#files = new RelayFiles(dataDir, telegram.files, reader);
    this.#targets = new TargetNames(store.chatPins, telegram);
    this.#sender = new Sender({
      relay: store.relay,
      names: this.#targets,
      telegram,
      files: this.#files,
      now,
      log,
    });
    this.#webhook = new WebhookSender(options.fleetKey, now);
    const route = (id: string): Route | null => this.#book.route(id);
    this.#dispatcher = new Dispatcher({
      worker,
      relay: store.relay,
      stops: store.routeStops,
      route,
      hand: (delivery) => this.#hand(delivery),
      fetch: (ready, row) => this.#files.fetch(worker, ready, row, this.#stopping.signal),
      forget: (row) => void this.#files.forget(worker, row).catch(onError),
      judgeAlbum: (id, pieces) => this.#intake.judgeAlbum(id, pieces),
      telegramNow: () => store.telegramClock.now(),
      faultOf: telegram.faultOf,
      clock,
      log,
    });
    this.#link = new RelayLink({
      place,
      who: worker,
      handle: (message) => this.#receive(message),
      onError,
    });
    const idOf = (ref: string): string | null => this.#idOf(ref);
    const wake = (): void => this.#pump();
    this.#backfill = new Backfill({
      store,
      intake: this.#intake,
      telegram: options.telegram,
      wake,
      idOf,
      now,
    });
  }

  /** The chats that routes read, by marked id. */
  sources(): ReadonlySet<string> {
    return this.#book.chats;
  }

  /**
   * Does any route read this chat? For the update engine: the text of other chats is not stored.
   */
  wants(chat: string): boolean {
    return this.#book.wants(chat);
  }

  /** Starts to relay. Deliveries that were under way when the process ended resume. */
  start(): void {
    this.#link.start();
    const { store, worker } = this.#options;
    void this.#files.cleanUp(worker, (row) => store.relay.outbox.row(row) !== null);
    const every = (ms: number, work: () => void): void =>
      void this.#timers.push(setInterval(() => this.#guard(work), ms));
    every(TICK_MS, () => this.#tick());
    every(REPORT_MS, () => {
      this.#book.refreshIfChanged();
      this.#stopElsewhere();
      void this.#report();
    });
    this.#dropGone();
    this.received();
  }

  /** The inbox has something. It is worked off little by little; calls meanwhile are one. */
  received(): void {
    this.#hasMore = true;
    if (this.#isTaking) return;
    this.#isTaking = true;
    this.#taking = this.#take();
  }
  #hasMore = false;
  #isTaking = false;
  #taking: Promise<void> = Promise.resolve();

  async #take(): Promise<void> {
    const share = new LoopShare(SLICE_MS, this.#options.clock);
    while (this.#hasMore && !this.#stopping.signal.aborted) {
      this.#hasMore = false;
      this.#guard(() => {
        this.#hasMore = this.#intake.step() > 0;
        if (this.#hasMore) this.#pump();
      });
      this.#options.worked?.();
      await share.turn();
    }
    this.#isTaking = false;
  }

  /** There is a connection: names that were not known can be asked for. */
  async resolveNames(): Promise<void> {
    await this.#unknown.learn();
    // Also when nothing had to be asked: names are learned on the way, from whatever Telegram
    // sends.
    this.#guard(() => this.#book.refresh());
    this.#guard(() => this.#stopElsewhere());
    this.#guard(() => this.#linked.learn(this.#book.chats));
  }

  /**
   * What the route would do with the latest messages of its sources. Changes nothing. Throws what
   * Telegram answered.
   */
  async dryRun(route: Route): Promise<DryRunLine[]> {
    return await dryRun(this.#options.telegram, route, (ref) => this.#idOf(ref));
  }

  /** Which of these are no chat of the account. Throws what Telegram answered. */
  async find(refs: readonly string[]): Promise<UnknownChat[]> {
    return await this.#unknown.find(refs);
  }

  /** What a new route can be made of. Throws what Telegram answered. */
  get lists(): Pick<RelayTelegram, "chats" | "topics"> {
    return this.#options.telegram;
  }

  /** Fetches old messages for a route. Throws AppError `no-route`, `backfill-running`. */
  backfill(route: string, wish: BackfillWish): void {
    const ready = this.#book.ready.find((it) => it.route.id === route);
    if (!ready) throw new AppError("no-route", "This worker does not read for such a route.");
    this.#backfill.start(ready, wish);
  }

  /** Ends a backfill. Returns whether there was one. */
  async cancelBackfill(): Promise<boolean> {
    return await this.#backfill.cancel();
  }

  /** What was set aside on a route is tried again or given up. Returns how many. */
  poison(route: string, what: "retry" | "drop"): number {
    const { relay } = this.#options.store;
    const count =
      what === "retry" ? relay.outbox.retryPoison(route) : relay.outbox.dropPoison(route);
    this.#dispatcher.wake(route);
    return count;
  }

  /** A name that leads to another chat now: nothing is read from it until an admin has looked. */
  #stopElsewhere(): void {
    for (const route of this.#book.elsewhere) this.#dispatcher.stop(route, "name-moved");
  }

  /**
   * A blocked or parked route is tried at once. One whose name leads elsewhere means the new chat
   * from now on.
   */
  wake(route: string): void {
    if (this.#book.elsewhere.has(route)) {
      this.#options.store.chatPins.forget(route);
      this.#book.refresh();
    }
    this.#dispatcher.wake(route);
  }

  /** Stops; what is left stays in the outbox. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#stopping.abort(new AppError("not-connected", "This worker ends."));
    this.#dispatcher.close();
    await this.#backfill.cancel();
    await Promise.all([this.#taking, this.#dropping.idle()]);
    await this.#link.close();
  }

  async #receive(message: RelayMessage): Promise<void> {
    switch (message.kind) {
      case "delivery": {
        const confirmation = await this.#sender.perform(message);
        if (message.reader === this.#options.worker) this.#dispatcher.confirmed(confirmation);
        else await this.#link.confirm(message.reader, confirmation);
        return;
      }
      case "confirmation":
        this.#dispatcher.confirmed(message);
        return;
      case "routes":
        this.#takeRoutes(message);
        return;
      case "target-gone":
        this.#targets.forget(message.route);
        return;
      default:
        message satisfies never;
    }
  }

  #takeRoutes(message: RoutesForReader): void {
    const before = this.#book.all;
    if (!this.#book.take(message)) return;
    this.#options.routesTaken?.();
    // A route whose sources an admin changed means the chats that the names lead to now.
    for (const { id, from } of before)
      if (!isDeepStrictEqual(this.#book.route(id)?.from.chats, from.chats))
        this.#options.store.chatPins.forget(id);
    this.#book.refresh();
    for (const route of before) this.#tellTargetGone(route, message.version);
    this.#dispatcher.changed(before);
    this.#dropGone();
    void this.resolveNames();
    this.#tick();
  }

  /**
   * The sender of a route that is gone, or delivers elsewhere now, forgets what the name of its
   * target led to.
   */
  #tellTargetGone({ id, to }: Route, version: number): void {
    if (
      to.kind !== "worker" ||
      !to.chat.startsWith("@") ||
      isDeepStrictEqual(this.#book.route(id)?.to, to)
    )
      return;
    const { worker, log } = this.#options;
    if (to.worker === worker) {
      this.#targets.forget(id);
      return;
    }
    this.#link
      .targetGone(to.worker, { v: 1, kind: "target-gone", route: id, version })
      .catch((error: unknown) => {
        log.debug(
          { route: id, cause: toError(error).message },
          "a sender could not be told that its target is gone",
        );
      });
  }

  /**
   * What waits on routes that are gone is given up, a little at a time; a route that is put back
   * meanwhile keeps the rest.
   */
  #dropGone(): void {
    const { store, log } = this.#options;
    if (this.#book.version === 0) return;
    const { signal } = this.#stopping;
    const isGone = (route: string): boolean => this.#book.route(route) === null;
    const work = async (): Promise<void> => {
      for (const { route } of store.relay.outbox.depths())
        while (isGone(route) && store.relay.outbox.dropRoute(route, DROP_STEP) === DROP_STEP)
          await sleep(1, signal);
    };
    this.#dropping.run(work).catch((error: unknown) => {
      if (!signal.aborted)
        log.error(
          { cause: toError(error).message },
          "what waits on a removed route could not be given up",
        );
    });
  }
  readonly #dropping = new SerialQueue();

  /** Webhooks are called from here, everything else travels. */
  async #hand(delivery: Delivery): Promise<void> {
    if (delivery.to.kind === "webhook")
      this.#dispatcher.confirmed(await this.#webhook.perform(delivery));
    else {
      const { filesAt } = this.#options;
      await this.#link.deliver(filesAt === null ? delivery : { ...delivery, filesAt });
    }
  }

  #pump(): void {
    const lanes = this.#book.all.flatMap(({ id }) => [id, alertLane(id)]);
    this.#dispatcher.pump(lanes);
  }

  #tick(): void {
    this.received();
    this.#pump();
    this.#dispatcher.repeat();
  }

  async #report(): Promise<void> {
    const { worker, clock, store } = this.#options;
    if (this.#book.version === 0) return;
    const idOf = (ref: string): string | null => this.#idOf(ref);
    const parts = {
      book: this.#book,
      dispatcher: this.#dispatcher,
      files: this.#files,
      unknown: this.#unknown.known(),
    };
    const status = relayStatus(
      { worker, store, now: () => clock.now(), idOf, ...parts },
      this.#backfill.status(),
    );
    const seen = JSON.stringify({ ...status, at: 0 });
    // One at a time: a Redis that is frozen looks connected, and answers nothing.
    if (seen === this.#lastReport || this.#isReporting || !this.#link.connected) return;
    this.#isReporting = true;
    await this.#link
      .report(status)
      .then(
        () => {
          this.#lastReport = seen;
        },
        () => {},
      )
      .finally(() => {
        this.#isReporting = false;
      });
  }

  #idOf(ref: string): string | null {
    return this.#book.idOf(ref);
  }

  /** A full disk must not end the process: the next tick tries again. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.log.error({ cause: toError(error).message }, "relaying failed; trying again");
    }
  }
}

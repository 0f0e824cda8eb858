import type { RelayMessage, RelayStatus, RoutesForReader } from "@flotilla/contracts";
import type { FileReader } from "@flotilla/files";
import type { Clock, WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import {
  answerBotRequests,
  type Consumer,
  type QueuePlace,
  RelayBoard,
  RelayLink,
} from "@flotilla/queue";
import type { Database } from "@flotilla/sqlite";
import type { Api } from "grammy";
import { firstSight } from "../kit/control-db.ts";
import type { Words } from "../kit/words/words.ts";
import { BotDelivery } from "./bot-delivery.ts";
import type { RouteDesk } from "./route-desk.ts";

/** What the bot's share in relaying works with. */
export interface BotRelayDeps {
  readonly db: Database;
  readonly api: Api;
  readonly admins: { reachable(): string[] };
  readonly fileReader: FileReader;
  readonly clock: Clock;
  readonly wordsOf: (chat: string) => Words;
  readonly desk: RouteDesk;
}

/**
 * The bot's share in relaying: its way to readers, what it delivers itself, and answers for other
 * programs of the fleet.
 */
export class BotRelay {
  readonly #place: QueuePlace;
  readonly #onError: (error: unknown) => void;
  readonly #link: RelayLink;
  readonly #board: RelayBoard;
  #delivery: BotDelivery | null = null;
  #requests: Consumer | null = null;

  constructor(place: QueuePlace, log: Logger) {
    this.#place = place;
    this.#onError = (error) => log.debug({ err: error }, "relay queue");
    this.#link = new RelayLink({
      place,
      who: "the bot",
      handle: (message) => this.#handle(message),
      onError: this.#onError,
    });
    this.#board = new RelayBoard(place, this.#onError);
  }

  /** Sends a reader its routes; waits for Redis when it is away. */
  async tellRoutes(message: RoutesForReader): Promise<void> {
    await this.#link.tellRoutes(message);
  }

  /** What a reader last said about its relays. Rejects within milliseconds when Redis is away. */
  async read(worker: WorkerId): Promise<RelayStatus | null> {
    return await this.#board.read(worker);
  }

  /**
   * From now on deliveries are carried out, requests answered, and readers told what they were not
   * told yet.
   */
  start(deps: BotRelayDeps): void {
    const { desk, clock } = deps;
    this.#delivery = new BotDelivery({ ...deps, now: () => clock.now() });
    this.#link.start();
    this.#requests = answerBotRequests(this.#place, {
      handle: (request) => desk.answer(request),
      onError: this.#onError,
      isNew: (id) => firstSight(deps.db, `request.${id}`, clock.now()),
    });
    desk.tellAgain();
    void desk.flush();
  }

  async close(): Promise<void> {
    await this.#requests?.close();
    await this.#link.close();
    this.#board.close();
  }

  async #handle(message: RelayMessage): Promise<void> {
    if (message.kind === "delivery" && this.#delivery)
      await this.#link.confirm(message.reader, await this.#delivery.perform(message));
  }
}

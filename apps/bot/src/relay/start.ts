import type { RelayMessage } from "@flotilla/contracts";
import type { Clock } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { answerBotRequests, type QueuePlace, RelayLink } from "@flotilla/queue";
import type { Database } from "@flotilla/sqlite";
import type { Api } from "grammy";
import type { AdminStore } from "../store/admins.ts";
import type { WorkerStore } from "../store/workers.ts";
import type { Words } from "../words/words.ts";
import { BotDelivery } from "./bot-delivery.ts";
import { RouteDesk } from "./route-desk.ts";
import { RouteStore } from "./route-store.ts";

/** What the bot's share in relaying needs. */
export interface BotRelayDeps {
  readonly place: QueuePlace;
  readonly db: Database;
  readonly api: Api;
  readonly admins: AdminStore;
  readonly workers: WorkerStore;
  readonly clock: Clock;
  readonly wordsOf: (chat: string) => Words;
  readonly log: Logger;
}

/** The bot's share in relaying, running. */
export interface BotRelay {
  readonly store: RouteStore;
  readonly desk: RouteDesk;
  close(): Promise<void>;
}

/** Starts it: routes are told to their readers, deliveries by the bot are carried out, other programs get answers. */
export function startBotRelay(deps: BotRelayDeps): BotRelay {
  const { place, db, workers, clock, log } = deps;
  const now = (): number => clock.now();
  const onError = (error: unknown): void => log.debug({ err: error }, "relay queue");
  const delivery = new BotDelivery({ ...deps, now });
  const handle = async (message: RelayMessage): Promise<void> => {
    if (message.kind === "delivery") await link.confirm(message.reader, await delivery.perform(message));
  };
  const link: RelayLink = new RelayLink({ place, who: "the bot", handle, onError });
  const store = new RouteStore(db);
  const isWorker = (id: string): boolean => workers.find(id) !== null;
  const desk = new RouteDesk({ store, isWorker, tell: (message) => link.tellRoutes(message), now });
  link.start();
  const requests = answerBotRequests(place, (request) => desk.answer(request), onError);
  desk.tellAgain();
  void desk.flush();
  return {
    store,
    desk,
    close: async () => {
      await requests.close();
      await link.close();
    },
  };
}

import { Route, type SourceMessage } from "@flotilla/contracts";
import { parseWorkerId, systemClock } from "@flotilla/kernel";
import { createLogger } from "@flotilla/observability";
import { fleetPlace, type QueuePlace, RelayLink } from "@flotilla/queue";
import {
  type InboxEvent,
  type MessageContent,
  openSession,
  type SessionStore,
} from "@flotilla/session-store";
import { Relay } from "../../src/relay/relay.ts";
import type { Targets } from "./targets.ts";

export { Targets } from "./targets.ts";

export const FLEET_KEY = Buffer.alloc(32, 9);
const log = createLogger({ name: "test", level: "silent" });

export function route(change: Partial<Record<keyof Route, unknown>> = {}): Route {
  return Route.parse({
    id: "signals",
    from: { worker: "reader", chats: ["-1000000000001"] },
    to: { kind: "worker", worker: "sender", chat: "-1000000000002" },
    ...change,
  });
}

/** A fleet on this Redis, without a bot that creates it. */
export function placeAt(url: string): QueuePlace {
  return fleetPlace({
    redis: url,
    fleet: { id: "0123456789abcdef", from01: false },
    fleetKey: Buffer.alloc(32, 7),
  });
}

/** The relay of one worker and its session. */
export interface Running {
  readonly store: SessionStore;
  readonly relay: Relay;
  /** Versions of the routes in the store when their arrival was told. */
  readonly taken: readonly number[];
  receive(...events: InboxEvent[]): void;
  close(): Promise<void>;
}

export function runWorker(dir: string, name: string, place: QueuePlace, targets: Targets): Running {
  const worker = parseWorkerId(name);
  const store = openSession({ dir, name, fleetKey: FLEET_KEY });
  const taken: number[] = [];
  const relay = new Relay({
    worker,
    store,
    fleetKey: FLEET_KEY,
    place,
    telegram: targets.port(name),
    dataDir: dir,
    filesAt: null,
    clock: systemClock,
    log,
    routesTaken: () => void taken.push(store.relay.routes()?.version ?? 0),
  });
  relay.start();
  return {
    store,
    relay,
    taken,
    receive: (...events) => {
      store.updates.commit({ events }, (chat) => relay.wants(chat));
      relay.received();
    },
    close: async () => {
      await relay.close();
      store.close();
    },
  };
}

let version = 0;

/** Publishes routes to a worker, as the bot does when routes change. */
export async function tellRoutes(
  place: QueuePlace,
  worker: string,
  routes: Route[],
): Promise<void> {
  const link = new RelayLink({ place, who: "the bot", handle: async () => {}, onError: () => {} });
  await link.tellRoutes({
    v: 1,
    kind: "routes",
    worker: parseWorkerId(worker),
    version: ++version,
    routes,
  });
  await link.close();
}

export function content(text: string, more: Partial<MessageContent> = {}): MessageContent {
  const none = {
    entities: [],
    media: null,
    groupedId: null,
    replyTo: null,
    topicId: null,
    from: null,
    ttlS: null,
  };
  return { text, ...none, out: false, noforwards: false, service: false, ...more };
}

export function post(
  messageId: number,
  text: string,
  more: Partial<MessageContent> = {},
): InboxEvent {
  return {
    kind: "new",
    box: "1",
    chat: "-1000000000001",
    messageId,
    version: 0,
    date: Date.now(),
    content: content(text, more),
  };
}

/** A message of the source's history. */
export function aMessage(id: number): SourceMessage {
  const none = {
    groupedId: null,
    replyTo: null,
    topic: null,
    sender: null,
    senderName: null,
    senderUsername: null,
    media: null,
  };
  const chat = { chat: "-1000000000001", chatTitle: null, chatUsername: null };
  return {
    ...chat,
    ...none,
    id,
    date: Date.now(),
    text: "",
    entities: [],
    protected: false,
    ephemeral: false,
  };
}

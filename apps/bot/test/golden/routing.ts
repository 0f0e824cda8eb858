import { RouteStatus } from "@flotilla/contracts";
import { type Clock, parseWorkerId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import type { AuditStore } from "../../src/admins/audit-store.ts";
import type { PlaceStore } from "../../src/admins/place-store.ts";
import { RelayFigures } from "../../src/relay/relay-figures.ts";
import { RouteDesk } from "../../src/relay/route-desk.ts";
import type { RouteStore } from "../../src/relay/route-store.ts";
import { RouteWizard } from "../../src/relay/wizard/route-wizard.ts";
import type { WorkerStore } from "../../src/workers/worker-store.ts";
import { NOW } from "../support.ts";
import { CHATS, fillDrafts, TOPICS } from "./drafts.ts";

const MIN = 60_000;
const NEWS = parseWorkerId("news_1");

interface Stores {
  readonly routes: RouteStore;
  readonly workers: WorkerStore;
  readonly places: PlaceStore;
  readonly audit: AuditStore;
}

/** What shows and makes routes, with what a reader and its lists say. */
export function goldenRouting(stores: Stores, db: Database, clock: Clock) {
  const relay = relayFigures(stores.routes);
  const isWorker = (id: string): boolean => stores.workers.find(id) !== null;
  const unknownChats = async (): Promise<null> => null;
  const desk = {
    apart: () => null,
    store: stores.routes,
    isWorker,
    tell: async () => {},
    now: () => NOW,
    readers: () => [],
    unknownChats,
  };
  relay.lists.keep(NEWS, { kind: "chats", chats: [...CHATS] });
  relay.lists.keep(NEWS, { kind: "topics", chat: "-1003", topics: TOPICS });
  const routeWizard = new RouteWizard({
    ...stores,
    commands: { relay: async () => ({ kind: "sent", id: "c" }) as const },
    clock,
    relay: new RouteDesk(desk),
    lists: relay.lists,
    drafts: fillDrafts(db),
    finder: { unknown: unknownChats },
    botChat: async () => null,
  });
  return { relayFigures: relay, routeWizard };
}

function relayFigures(routes: RouteStore): RelayFigures {
  const found = RouteStatus.parse({
    route: "signals",
    waiting: 42,
    poison: 2,
    poisonReason: "MEDIA_EMPTY",
    counts: { matched: 120, delivered: 118, filtered: 50, protected: 2, edited: 3 },
    p50Ms: 1234,
    p99Ms: 5000,
    lastDeliveredAt: NOW - 4000,
    parkedUntil: NOW + MIN,
    reason: "FLOOD_WAIT",
    blocked: false,
    forecastAt: NOW + 4 * MIN,
    apart: () => null,
    unknownChats: ["@signals_2", "2000001 → -1000002000001"],
    moved: [{ chat: "-4711", to: "-1000000004712" }],
  });
  const source = {
    title: null,
    username: null,
    closed: null,
    rhythmMs: 4 * MIN,
    usualSilenceMs: 0,
  };
  const status = {
    v: 1 as const,
    worker: NEWS,
    version: 1,
    at: NOW,
    routes: [found],
    sources: [
      { ...source, ref: "@signals_1", chat: "-1001", title: "Signals", lastMessageAt: NOW - MIN },
      { ...source, ref: "@quiet_1", chat: "-1002", lastMessageAt: NOW - 180 * MIN },
      { ...source, ref: "-1003", chat: "-1003", lastMessageAt: null, closed: "CHANNEL_PRIVATE" },
      { ...source, ref: "-1004", chat: "-1004", lastMessageAt: null },
      { ...source, ref: "@who_1", chat: null, lastMessageAt: null },
    ],
    backfill: {
      route: "signals" as const,
      state: "done" as const,
      fetched: 20,
      taken: 7,
      known: 3,
      wanted: 20,
      reason: null,
      waitsUntil: null,
    },
    senders: [],
  };
  const screens = new RelayFigures(routes, {
    read: (worker) => Promise.resolve(worker === NEWS ? (status as never) : null),
  });
  screens.keepDry("dry", [
    { text: "BTC at a new high", verdict: "take" },
    { text: "Good morning", verdict: "filtered" },
  ]);
  return screens;
}

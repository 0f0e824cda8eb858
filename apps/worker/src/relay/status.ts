import type {
  BackfillStatus,
  RelayStatus,
  RouteStatus,
  RouteStuck,
  SourceStatus,
  UnknownChat,
} from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { forecast, percentile } from "@flotilla/relay";
import type { SessionStore } from "@flotilla/session-store";
import { usualSilenceMs } from "@flotilla/telegram";
import type { Dispatcher } from "./dispatcher.ts";
import type { RelayFiles } from "./files.ts";
import type { LaneState } from "./lane.ts";
import type { RouteBook } from "./route-book.ts";

/** So many of the latest deliveries tell how long they take. */
const SAMPLE = 200;
const MINUTE_MS = 60_000;
/** Milliseconds without an answer of the sender after which the card says so. */
const SILENT_MS = 5000;

/** Parts of the status. */
export interface StatusDeps {
  readonly worker: WorkerId;
  readonly store: SessionStore;
  readonly idOf: (ref: string) => string | null;
  readonly book: RouteBook;
  readonly dispatcher: Dispatcher;
  readonly files: Pick<RelayFiles, "progress">;
  readonly now: () => number;
  /** Sources that are no chat of the account, as far as that is known. */
  readonly unknown: readonly UnknownChat[];
}

/** How all routes of this reader are doing. */
export function relayStatus(deps: StatusDeps, backfill: BackfillStatus | null): RelayStatus {
  const { worker, book, now, store } = deps;
  const depths = new Map(store.relay.outbox.depths().map((depth) => [depth.route, depth]));
  const routes = book.all.map(({ id }) => {
    const { waiting = 0, poison = 0 } = depths.get(id) ?? {};
    return routeStatus(deps, id, waiting, poison);
  });
  const refs = new Set(book.all.flatMap(({ from }) => from.chats));
  const sources = [...refs].map((ref) => sourceStatus(deps, ref));
  const senders = new Set(
    book.all.flatMap(({ on, to }) => (on && to.kind === "worker" ? [to.worker] : [])),
  );
  senders.delete(worker);
  return {
    v: 1,
    worker,
    version: book.version,
    at: now(),
    routes,
    sources,
    backfill,
    senders: [...senders],
  };
}

function sourceStatus({ store, idOf }: StatusDeps, ref: string): SourceStatus {
  const chat = idOf(ref);
  const row = chat === null ? null : store.updates.sources.get(chat);
  const known = chat === null ? null : store.entities.byId(chat);
  return {
    ref,
    chat,
    title: known?.name ?? null,
    username: known?.username ?? null,
    lastMessageAt: row && row.lastMessageAt > 0 ? row.lastMessageAt : null,
    rhythmMs: row?.rhythmMs ?? null,
    usualSilenceMs: row ? usualSilenceMs(row.silences, row.lastMessageAt) : 0,
    closed: row?.closed ?? null,
    copiesOf: chat === null ? null : (store.linkedChats.get(chat)?.channel ?? null),
  };
}

function routeStatus(deps: StatusDeps, id: string, waiting: number, poison: number): RouteStatus {
  const { store, book, now, dispatcher } = deps;
  const { relay } = store;
  const route = book.route(id);
  const lane = dispatcher.state(id);
  const latest = relay.outbox.deliveries(id, SAMPLE);
  const took = latest.map(({ tookMs }) => tookMs);
  const inMinute = latest.filter(({ doneAt }) => doneAt > now() - MINUTE_MS).length;
  return {
    route: id,
    waiting,
    poison,
    poisonReason: poison > 0 ? (relay.outbox.poison(id, 1)[0]?.reason ?? null) : null,
    counts: { ...relay.outbox.counts(id) },
    p50Ms: percentile(took, 0.5),
    p99Ms: percentile(took, 0.99),
    lastDeliveredAt: latest[0]?.doneAt ?? null,
    parkedUntil: lane.parkedUntil,
    reason:
      lane.reason ?? silence(lane, route?.to.kind === "worker" ? route.to.worker : null, now()),
    blocked: lane.hold?.kind === "blocked",
    stuck: stuckOf(lane, now()),
    forecastAt: forecast(waiting, inMinute / 60, lane.parkedUntil, now()),
    file: deps.files.progress(id),
    unknownChats: deps.unknown
      .filter(({ ref }) => route?.from.chats.includes(ref))
      .map(({ ref, meant }) => (meant === null ? ref : `${ref} → ${meant}`)),
    moved: route ? book.moved(route) : [],
  };
}

function stuckOf({ hold, underWaySince }: LaneState, now: number): RouteStuck | null {
  if (hold) return hold;
  if (underWaySince === null || now - underWaySince < SILENT_MS) return null;
  return { kind: "silent", code: "", since: underWaySince };
}

/** Promise S1-09: a reader whose sender is not ready says so. */
function silence({ underWaySince }: LaneState, sender: string | null, now: number): string | null {
  if (underWaySince === null || now - underWaySince < SILENT_MS) return null;
  const seconds = Math.round((now - underWaySince) / 1000);
  return `${sender ?? "The bot"} has not answered for ${seconds} s: it is not running, or Redis is away.`;
}

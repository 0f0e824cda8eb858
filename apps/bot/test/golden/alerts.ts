import { randomUUID } from "node:crypto";
import {
  type ExitReport,
  type Fault,
  type FleetEvent,
  HostTrouble,
  RelayStatus,
  Route,
  RouteStatus,
  type StorageProblem,
} from "@flotilla/contracts";
import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import { AlertActions } from "../../src/alerts/alert-actions.ts";
import type { AlertRow, CardRow } from "../../src/alerts/alert-body.ts";
import { AlertStore } from "../../src/alerts/alert-store.ts";
import { CardStore } from "../../src/alerts/card-store.ts";
import { applyToAlerts } from "../../src/alerts/from-events.ts";
import { raiseTrouble } from "../../src/alerts/host-trouble.ts";
import { SilenceStore } from "../../src/alerts/silence-store.ts";
import { type Sight, watch } from "../../src/alerts/watch.ts";
import { say } from "../../src/kit/words/said.ts";
import { BY_SCHEDULE } from "../../src/schedules/kinds.ts";
import { tellOfFindings, tellOfRun } from "../../src/schedules/schedule-alerts.ts";
import { HOST, NOW, statusOf } from "../support.ts";
import { BACKUP_ROWS, BACKUPS } from "./backups.ts";
import { FINDINGS, LINK } from "./states.ts";

const MIN = 60_000;
const HOST_B = parseHostId("host-b");
const base = (worker: string) => ({
  v: 1 as const,
  id: randomUUID(),
  at: NOW,
  host: HOST,
  worker: parseWorkerId(worker),
});
const fault = (kind: Fault["class"], code: string, message = code): Fault => ({
  class: kind,
  code,
  message,
});

function state(worker: string, more: Parameters<typeof statusOf>[1]): FleetEvent {
  return {
    ...base(worker),
    kind: "worker.state",
    previous: "RUNNING",
    status: statusOf(worker, more),
  };
}

function exited(
  worker: string,
  decision: ExitReport["decision"],
  more: Partial<ExitReport> = {},
): FleetEvent {
  const line = "TypeError: Cannot read properties of undefined (reading 'chats')";
  const exit = {
    pid: 4,
    uptimeMs: 95 * MIN,
    exitCode: 1,
    signal: null,
    firstErrorLine: line,
    fault: fault("CRASH", "exit-1"),
  };
  return { ...base(worker), kind: "worker.exited", exit: { ...exit, decision, ...more } };
}

const storage = (worker: string, problem: StorageProblem): FleetEvent => ({
  ...base(worker),
  kind: "worker.storage",
  problem,
});
const restart = { kind: "restart", delayMs: 30_000, attempt: 2, limit: 5 } as const;
const outage = {
  beganAt: NOW - 4 * MIN,
  endedAt: NOW,
  missed: 37,
  recovered: 25,
  lost: 12,
  offlineMs: null,
};
const holder = {
  command: "node worker.ts",
  user: "ann",
  state: "running",
  since: NOW,
  ours: true,
} as const;

const DETAILS: Partial<Record<HostTrouble, string>> = {
  "folder-gone": "/srv/flotilla/data",
  "record-deleted": "/srv/flotilla/data/host.db → /srv/flotilla/data/host.db.rescued",
  "record-set-aside":
    "/srv/flotilla/data/host.db → /srv/flotilla/data/host.db.damaged-20261129T080000000Z",
  "record-missing": "/srv/flotilla/data/host.db",
  "record-unwritable": "/srv/flotilla/data/host.db: sqlite-full",
  "sessions-idle": "news_1, relay_1",
  "disk-full": "/srv/flotilla/data: 0 MB",
  "clock-apart": "+86400 s",
};

const OWN_DETAILS = {
  "control-deleted": "/srv/flotilla/data/control.db → /srv/flotilla/data/control.db.rescued",
  "control-disk-full": "/srv/flotilla/data: 0 MB",
  "supervisor-ended": "supervisor ended (SIGKILL)",
  "supervisor-down": "supervisor ended (exit code 1)",
};

function trouble(what: HostTrouble): FleetEvent {
  const detail = DETAILS[what] ?? "/srv/flotilla/data/fleet.key";
  return {
    v: 1,
    id: randomUUID(),
    at: NOW,
    host: HOST,
    kind: "host.trouble",
    trouble: what,
    over: false,
    detail,
    ...(what === "record-missing" ? { backupAt: NOW - 180 * MIN } : {}),
  };
}

/** Events of hosts, each of which opens an alert. */
const EVENTS: readonly FleetEvent[] = [
  exited("crash_1", restart),
  exited("crash_2", restart, { exitCode: null, signal: "SIGKILL", firstErrorLine: null }),
  exited("crash_3", restart, {
    fault: fault("OOM", "oom", "It used 530 MB, the limit is 512 MB."),
    exitCode: 137,
  }),
  exited("crash_4", { kind: "retry", delayMs: 5000 }),
  exited("gave_up_1", { kind: "gave-up", attempts: 5, windowMs: 10 * MIN }),
  exited("gave_up_2", { kind: "park" }),
  state("broken_1", {
    state: "BROKEN",
    restoreHelps: true,
    fault: fault("DB_BROKEN", "sqlite-corrupt"),
  }),
  state("locked_1", {
    state: "LOCKED",
    fault: fault("SESSION_LOCKED", "sqlite-locked", "held by pid 990 python3 old.py"),
  }),
  state("locked_2", {
    state: "LOCKED",
    fault: fault("SESSION_LOCKED", "sqlite-locked", "held by pid 41"),
    holder: { ...holder, pid: 41 },
  }),
  state("locked_3", {
    state: "LOCKED",
    fault: fault("SESSION_LOCKED", "sqlite-locked", "held by pid 990"),
    holder: { ...holder, pid: 990, command: "python3 old_bot.py", ours: false },
  }),
  state("login_1", {
    state: "NEEDS_LOGIN",
    restoreHelps: false,
    fault: fault("AUTH_DEAD", "AUTH_KEY_UNREGISTERED"),
  }),
  state("login_2", {
    state: "NEEDS_LOGIN",
    restoreHelps: true,
    fault: fault("AUTH_DEAD", "AUTH_KEY_DUPLICATED"),
  }),
  state("banned_1", { state: "BANNED", fault: fault("BANNED", "USER_DEACTIVATED_BAN") }),
  state("limited_1", { state: "DEGRADED", fault: fault("LIMITED", "PEER_FLOOD") }),
  { ...base("gap_1"), kind: "worker.lost", lost: 12, why: "too-many", outage },
  {
    ...base("gap_4"),
    kind: "worker.lost",
    lost: 12,
    why: "too-many",
    outage: { ...outage, offlineMs: 41_900 },
  },
  {
    ...base("gap_2"),
    kind: "worker.lost",
    lost: 1,
    why: "unreadable",
    outage: { ...outage, beganAt: null, lost: 1 },
  },
  { ...base("gap_3"), kind: "worker.lost", lost: 3, why: "unreadable", outage: null },
  storage("storage_1", { kind: "slow-wait", operation: "saveCursor", tookMs: 12_000 }),
  storage("storage_2", { kind: "waits-long", p95Ms: 1500 }),
  storage("storage_3", { kind: "wal-large", walBytes: 80_000_000, holder: "pid 4121 sqlite3" }),
  storage("storage_4", { kind: "wal-large", walBytes: 80_000_000, holder: null }),
  storage("storage_5", { kind: "checkpoint-failed", message: "disk I/O error" }),
  ...HostTrouble.options.map(trouble),
];

const source = { chat: "-100", title: "#signals" };
const waiting = { until: NOW + 31 * MIN, method: "updates.getDifference" };
const sending = {
  perMinute: 20,
  tokens: 0,
  waitUntil: NOW + 31 * MIN,
  halvedUntil: null,
  stopped: null,
};
const flood = { state: "FLOOD", since: NOW } as const;
const quiet = {
  ...source,
  silentSince: NOW - 180 * MIN,
  rhythmMs: 4 * MIN,
  found: 0,
  withheld: false,
};
const sources = { checkedAt: NOW, readable: 13, closed: [], quiet: [] };
const offline = {
  state: "RECONNECTING",
  since: NOW - 6 * MIN,
  link: { ...LINK, attempt: 3 },
} as const;

const routes = [
  "poison",
  "rights",
  "access",
  "limited",
  "topic",
  "webhook",
  "sender",
  "other",
  "number",
  "lost",
].map((id) =>
  Route.parse({
    id,
    from: { worker: "news_1", chats: ["@signals_1"] },
    to:
      id === "webhook"
        ? { kind: "webhook", url: "https://hooks.example/in" }
        : { kind: "worker", worker: "relay_1", chat: "@digest_1" },
  }),
);
const CODES = {
  rights: "CHAT_WRITE_FORBIDDEN",
  access: "CHANNEL_PRIVATE",
  limited: "PEER_FLOOD",
  topic: "TOPIC_CLOSED",
  webhook: "http-500",
  other: "ANYTHING_NEW",
} as const;

const UNKNOWN: Readonly<Record<string, readonly string[]>> = {
  number: ["2000001 → -1000002000001"],
  lost: ["@signals_1", "-100200300 → -1000000200300"],
};

function routeStatus(id: string): RouteStatus {
  const since = NOW - 5 * MIN;
  const code = CODES[id as keyof typeof CODES];
  const blocked = code ? { kind: "blocked", code, since } : null;
  const stuck = id === "sender" ? { kind: "silent", code: "", since } : blocked;
  return RouteStatus.parse({
    ...{
      route: id,
      waiting: 3,
      counts: {},
      p50Ms: null,
      p99Ms: null,
      lastDeliveredAt: null,
      parkedUntil: null,
    },
    ...{ poison: id === "poison" ? 2 : 0, poisonReason: id === "poison" ? "MEDIA_EMPTY" : null },
    ...{
      reason: null,
      blocked: code !== undefined,
      stuck,
      forecastAt: null,
      unknownChats: UNKNOWN[id] ?? [],
    },
  });
}

const reader = RelayStatus.parse({
  ...{ v: 1, worker: "news_1", version: 1, at: NOW, sources: [], backfill: null },
  routes: routes.map(({ id }) => routeStatus(id)),
});

/** A night of which not all went well. */
function schedules(store: AlertStore): void {
  const part = { id: "a", before: null, state: "failed", said: "The disk is full." } as const;
  const about = { n: 1, slot: NOW, begunAt: NOW, endedAt: NOW, isLate: false, by: BY_SCHEDULE };
  const told: Parameters<typeof tellOfRun>[0] = {
    alerts: store,
    host: HOST,
    schedules: { told: () => ({}), setTold: () => {} },
    answers: { findingsOf: () => FINDINGS },
  };
  for (const schedule of ["copies", "restart"] as const)
    tellOfRun(
      told,
      { ...about, schedule, state: "failed", parts: [{ ...part, key: "news_1" }] },
      NOW,
    );
  const checked = { ...part, key: HOST, state: "done" } as const;
  tellOfFindings(told, { ...about, schedule: "check", state: "done", parts: [checked] }, NOW);
}

/** What can be seen of the fleet, with each condition in it that is an alert. */
const SIGHTS: readonly Sight[] = [
  {
    now: NOW,
    host: HOST,
    redisAwaySince: null,
    tokenConflict: true,
    refused: (["unsigned", "wrong-signature", "too-old", "unreadable", "again"] as const).map(
      (why, n) => ({
        queue: `host.host-${n}`,
        why,
        times: 3,
        at: NOW,
      }),
    ),
    hosts: [
      { host: HOST, hosts: "one", at: NOW },
      { host: parseHostId("host-b"), hosts: "several", at: NOW },
      ...BACKUP_ROWS,
    ],
    ownBackup: BACKUPS["host-damaged"] ?? null,
    relay: { routes, readers: [reader] },
    statuses: [
      statusOf("news_1"),
      statusOf("offline_1", offline),
      statusOf("flood_1", { ...flood, link: { ...LINK, nextTryAt: NOW + 31 * MIN } }),
      statusOf("flood_2", { ...flood, link: { ...LINK, readingWait: waiting } }),
      statusOf("flood_3", { ...flood, link: { ...LINK, sending } }),
      statusOf("quiet_1", { link: { ...LINK, sources: { ...sources, quiet: [quiet] } } }),
      statusOf("quiet_2", {
        link: { ...LINK, sources: { ...sources, quiet: [{ ...quiet, found: 2 }] } },
      }),
      statusOf("quiet_3", {
        link: { ...LINK, sources: { ...sources, quiet: [{ ...quiet, withheld: true }] } },
      }),
      statusOf("closed_1", {
        link: {
          ...LINK,
          sources: { ...sources, closed: [{ ...source, reason: "CHANNEL_PRIVATE" }] },
        },
      }),
      statusOf("far_1", { host: HOST_B, ...offline }),
      statusOf("far_2", { host: HOST_B, ...offline }),
      statusOf("lost_1", { host: parseHostId("host-c"), updatedAt: NOW - MIN }),
    ],
  },
  { now: NOW, host: HOST, redisAwaySince: NOW - MIN, tokenConflict: false, statuses: [] },
];

/** Every alert that there can be, opened by what opens it in a real fleet; oldest first. */
export async function goldenAlerts(db: Database): Promise<AlertRow[]> {
  const store = new AlertStore(db, 0);
  for (const event of EVENTS)
    applyToAlerts(store, event, { solvedBy: () => say("solved-itself"), stoppedBy: () => null });
  const [all, withoutRedis] = SIGHTS;
  if (withoutRedis) watch(store, withoutRedis);
  const redis = store.open("redis:");
  if (all) watch(store, all);
  const actions = new AlertActions({
    ...{ alerts: store, cards: new CardStore(db, store), silences: new SilenceStore(db) },
    ...{ host: HOST, now: () => NOW },
    outbox: { flush: async () => {} },
  });
  await actions.practise("test", "@ann", "1");
  await actions.practise("drill", "@ann", "2");
  for (const found of [
    "control-deleted",
    "control-disk-full",
    "supervisor-ended",
    "supervisor-down",
  ] as const)
    raiseTrouble(store, { trouble: found, host: HOST, detail: OWN_DETAILS[found], at: NOW });
  schedules(store);
  const notices = [
    say("notice-stranger", { name: "@eve", id: "6666" }),
    say("notice-joined", { name: "@bob", role: "viewer" }),
    say("notice-fleet-away", { from: NOW - 4 * MIN, to: NOW, ms: 4 * MIN }),
    say("notice-bot-away", { from: NOW - 4 * MIN, to: NOW, ms: 4 * MIN }),
    say("alert-loop", { route: "signals", to: "@digest_1", back: "@signals_1" }),
    ...[1, 5].map((held) =>
      say("alert-maintenance-over", {
        since: NOW,
        until: NOW + 60 * MIN,
        held,
        open: 1,
        scope: "*",
      }),
    ),
    say("alert-maintenance-over-worker", {
      since: NOW,
      until: NOW + 60 * MIN,
      held: 2,
      open: 0,
      scope: "news_1",
    }),
  ];
  const none = { worker: null, host: HOST, times: 1, details: [], buttons: [], action: null };
  for (const title of notices)
    store.raise(`notice:${JSON.stringify(title)}`, { ...none, kind: "notice", title }, NOW);
  return [...(redis ? [redis] : []), ...store.allOpen()];
}

/** The card of these alerts. */
export function cardOf(alerts: readonly AlertRow[], more: Partial<CardRow> = {}): CardRow {
  const state = {
    resolvedAt: null,
    takenBy: null,
    mutedUntil: null,
    level: 0,
    secondPathAt: null,
    calm: false,
    silent: false,
  } as const;
  return {
    n: 104,
    openedAt: NOW - 3 * MIN,
    toldAt: NOW,
    telling: 1,
    revision: 1,
    ...state,
    alerts,
    ...more,
  };
}

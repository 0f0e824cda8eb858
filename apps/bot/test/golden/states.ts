import type {
  DoctorFinding,
  Fault,
  LinkStatus,
  WorkerState,
  WorkerStatus,
} from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import type { RollupStore } from "../../src/charts/rollup-store.ts";
import type { CommandStore } from "../../src/workers/command-store.ts";
import { ANN, ASKER, NOW } from "../support.ts";

const MIN = 60_000;
const fault = (kind: Fault["class"], code: string, message: string): { fault: Fault } => ({
  fault: { class: kind, code, message },
});

/** A connection as it is after two days without trouble. */
export const LINK: LinkStatus = {
  account: { userId: ANN, name: "Ann N.", username: "ann_n", phoneMasked: "+49 … 17" },
  reconnects: 2,
  failures: 0,
  lastSuccessAt: NOW - 4000,
  lastMessageAt: NOW - 4000,
  messages: 1204,
  attempt: 0,
  nextTryAt: null,
  outage: {
    beganAt: NOW - 64 * MIN,
    endedAt: NOW - 60 * MIN,
    offlineMs: null,
    missed: 37,
    recovered: 37,
    lost: 0,
  },
};

const QUIET = {
  chat: "-1001",
  title: "Signals",
  silentSince: NOW - 180 * MIN,
  rhythmMs: 4 * MIN,
  found: 0,
  withheld: false,
};

/** A pid that is gone, and no connection. */
const NO_PROCESS = { pid: null, startedAt: null } as const;

/** One worker in each state, named as people name them, with what such a worker reports. */
export const IN_STATE: Readonly<
  Record<WorkerState, readonly [name: string, status: Partial<WorkerStatus>]>
> = {
  RUNNING: [
    "news_1",
    {
      link: { ...LINK, sources: { checkedAt: NOW, readable: 14, closed: [], quiet: [QUIET] } },
      vitals: { rssBytes: 131_000_000, loopLagMs: 12 },
      storage: {
        lockWaits: 0,
        longestWaitMs: 0,
        waitP95Ms: 0,
        longestHoldMs: 40,
        walBytes: 131_072,
        checkpointAt: NOW - 5 * MIN,
        checkpointBusy: false,
      },
      rules: { crashDelayS: 30, crashLimit: 5, windowS: 600, lockDelaysS: [5, 60, 120], own: {} },
    },
  ],
  NEEDS_LOGIN: [
    "news_2",
    {
      ...NO_PROCESS,
      restoreHelps: true,
      link: LINK,
      ...fault("AUTH_DEAD", "AUTH_KEY_UNREGISTERED", "the key is unregistered"),
    },
  ],
  RECONNECTING: [
    "alpha_1",
    {
      link: { ...LINK, attempt: 2, nextTryAt: NOW + 39_000 },
      nextTryAt: NOW + 39_000,
      prober: parseWorkerId("relay_4"),
      ...fault("NETWORK", "ECONNRESET", "reset"),
    },
  ],
  FLOOD: [
    "relay_3",
    {
      link: {
        ...LINK,
        readingWait: { method: "updates.getDifference", until: NOW + 31 * MIN },
        sending: {
          perMinute: 20,
          tokens: 0,
          waitUntil: NOW + 31 * MIN,
          halvedUntil: null,
          stopped: null,
        },
        way: { shown: "socks5://•••@proxy.example:1080", own: true, sealTo: "" },
      },
      ...fault("FLOOD", "FLOOD_WAIT", "wait 1840 s"),
    },
  ],
  DEGRADED: [
    "relay_4",
    {
      link: {
        ...LINK,
        closedChats: 2,
        sending: {
          perMinute: 20,
          tokens: 0,
          waitUntil: null,
          halvedUntil: null,
          stopped: "PEER_FLOOD",
        },
      },
      ...fault("LIMITED", "PEER_FLOOD", "limited"),
    },
  ],
  LOCKED: [
    "store_1",
    {
      ...fault("SESSION_LOCKED", "sqlite-locked", "held by pid 4121"),
      nextTryAt: NOW + 5000,
      holder: {
        pid: 4121,
        command: "node worker.ts store_1",
        user: "ann",
        state: "running",
        since: NOW - 2 * MIN,
        ours: true,
      },
    },
  ],
  IN_USE: [
    "store_2",
    {
      ...NO_PROCESS,
      ...fault("IN_USE", "other-host", "host-b has it"),
      nextTryAt: NOW + 60_000,
      holder: {
        pid: 990,
        command: "python3 old_bot.py",
        user: "root",
        state: "stopped",
        since: NOW - 9 * MIN,
        ours: false,
      },
    },
  ],
  BACKOFF: [
    "sport_1",
    {
      ...NO_PROCESS,
      crashes: 2,
      nextTryAt: NOW + 30_000,
      ...fault("OOM", "oom", "used 530 MB of 512 MB"),
      link: LINK,
    },
  ],
  GAVE_UP: [
    "sport_2",
    { ...NO_PROCESS, crashes: 5, ...fault("CRASH", "exit-1", "TypeError: x is not a function") },
  ],
  BROKEN: [
    "sport_3",
    { ...NO_PROCESS, restoreHelps: true, ...fault("DB_BROKEN", "sqlite-corrupt", "malformed") },
  ],
  BANNED: [
    "sport_4",
    { ...NO_PROCESS, ...fault("BANNED", "USER_DEACTIVATED_BAN", "banned"), link: LINK },
  ],
  STARTING: ["city_1", {}],
  CATCHING_UP: ["city_2", { link: { ...LINK, outage: null } }],
  LOGGING_IN: ["city_3", {}],
  STOPPED: ["city_4", { ...NO_PROCESS, link: LINK }],
  STOPPING: ["city_5", { link: LINK }],
  MAINTENANCE: ["city_6", { ...NO_PROCESS, link: LINK }],
};

/** Answers to 👀 Who holds it?: two programs, one of them of another, and no program. */
export function whoHolds(commands: CommandStore): void {
  const holder = {
    pid: 4121,
    command: "node worker.ts store_1",
    user: "ann",
    state: "running",
    since: NOW - MIN,
    ours: true,
  } as const;
  const stranger = {
    ...holder,
    pid: 990,
    command: null,
    user: null,
    state: "stopped",
    since: null,
    ours: false,
  } as const;
  commands.ask("c5", parseWorkerId("store_1"), "who", ASKER, NOW - 60_000);
  commands.end("c5", { kind: "holders", holders: [holder, stranger], hidden: true }, NOW - 50_000);
  commands.ask("c6", parseWorkerId("store_2"), "who", ASKER, NOW - 60_000);
  commands.end("c6", { kind: "holders", holders: [], hidden: false }, NOW - 50_000);
}

/** What a doctor said. */
export const FINDINGS: DoctorFinding[] = [
  {
    level: "hint",
    what: "news_2 has no copy yet.",
    todo: "Press 🧯 Backups, then 💾 Back up now.",
  },
  {
    level: "problem",
    what: "The file fleet.key can be read by others (0644).",
    todo: "chmod 600 data/fleet.key",
  },
];

/** Makes it look as if a worker had done something in the last 24 h. */
export function aDay(rollups: RollupStore, worker: string): void {
  const look = { phase: "up", startedAt: NOW - 60 * MIN, waitUntil: null } as const;
  const from = { ...look, at: NOW - 61 * MIN, received: 0, relayed: 0 };
  rollups.add(new Map([[worker, from]]));
  rollups.add(
    new Map([
      [
        worker,
        { ...from, at: NOW - 60 * MIN, received: 1204, relayed: 37, waitUntil: NOW - 59 * MIN },
      ],
    ]),
  );
}

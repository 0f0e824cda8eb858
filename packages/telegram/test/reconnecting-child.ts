/**
 * Reconnects whenever its server drops it, and reports its resources after each time. Argument:
 * JSON of {@link ReconnectingChild}. Prints a JSON line of {@link Holdings} each time it is ready.
 * Runs until it is killed.
 */
import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { openSession } from "@flotilla/session-store";
import { AccountConnection, DEFAULT_TIMINGS, type TelegramServer } from "@flotilla/telegram";

/** Argument of the child. */
export interface ReconnectingChild {
  readonly dir: string;
  readonly fleetKey: string;
  readonly server: TelegramServer;
}

/** Resources of a process. */
export interface Holdings {
  readonly reconnects: number;
  readonly descriptors: number;
  /** Of `process.getActiveResourcesInfo()`, by kind. */
  readonly timers: number;
  readonly sockets: number;
  readonly heapBytes: number;
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const told = JSON.parse(process.argv[2] ?? "") as ReconnectingChild;
const store = openSession({
  dir: told.dir,
  name: "w1",
  fleetKey: Buffer.from(told.fleetKey, "hex"),
});

const connection = new AccountConnection({
  store,
  server: told.server,
  api: { id: 12345, hash: "0123456789abcdef0123456789abcdef" },
  identity: {
    deviceModel: "Flotilla test",
    systemVersion: "1",
    appVersion: "0.1.0",
    langCode: "en",
  },
  log: () => {},
  timings: { ...DEFAULT_TIMINGS, backoff: { delaysMs: [0], jitter: 0 } },
  updateTimings: { gapMs: 5, paceMs: 0 },
  on: {
    state: ({ to }) => {
      if (to === "ready") setImmediate(tell);
    },
    caughtUp: () => {},
    arrived: () => {},
    trouble: () => {},
  },
});

function tell(): void {
  collect();
  collect();
  const resources = process.getActiveResourcesInfo();
  const holdings: Holdings = {
    reconnects: connection.status().reconnects,
    descriptors: readdirSync("/proc/self/fd").length,
    timers: resources.filter((kind) => kind === "Timeout").length,
    sockets: resources.filter((kind) => kind === "TCPSocketWrap").length,
    heapBytes: process.memoryUsage().heapUsed,
  };
  process.stdout.write(`${JSON.stringify(holdings)}\n`);
}

connection.start();

/**
 * Receives messages and dies by SIGKILL at a given step; steps are the writes to its file and the
 * ends of its transactions. Argument: JSON of {@link KilledChild}. Prints "ready"; exits in order
 * when the awaited text is stored.
 */
import { openSession } from "@flotilla/session-store";
import { Database } from "@flotilla/sqlite";
import { AccountConnection, DEFAULT_TIMINGS, type TelegramServer } from "@flotilla/telegram";

/** Argument of the child. */
export interface KilledChild {
  readonly dir: string;
  readonly fleetKey: string;
  readonly server: TelegramServer;
  /** 0 = never. */
  readonly dieAt: number;
  readonly awaited: string;
}

const told = JSON.parse(process.argv[2] ?? "") as KilledChild;
let steps = 0;
let counting = false;

function step(): void {
  if (!counting) return;
  steps += 1;
  if (steps === told.dieAt) process.kill(process.pid, "SIGKILL");
}

const { write, transaction } = Database.prototype;
Database.prototype.write = function (...args) {
  step();
  return write.apply(this, args);
};
Database.prototype.transaction = function (this: Database, ...args: unknown[]): never {
  const result = (transaction as (...all: unknown[]) => unknown).apply(this, args);
  step();
  return result as never;
};

const store = openSession({
  dir: told.dir,
  name: "w1",
  fleetKey: Buffer.from(told.fleetKey, "hex"),
});
counting = true;
const connection = new AccountConnection({
  server: told.server,
  api: { id: 12345, hash: "0123456789abcdef0123456789abcdef" },
  identity: {
    deviceModel: "Flotilla test",
    systemVersion: "1",
    appVersion: "0.1.0",
    langCode: "en",
  },
  log: () => {},
  store,
  wants: () => true,
  timings: DEFAULT_TIMINGS,
  updateTimings: { gapMs: 20, paceMs: 0 },
  on: {
    state: ({ to }) => to === "ready" && process.stdout.write("ready\n"),
    caughtUp: () => {},
    arrived: look,
    trouble: () => {},
  },
});

/** Exits when the last message is there, as an orderly stop would. */
function look(): void {
  if (!store.updates.pending(100_000).some(({ content }) => content?.text === told.awaited)) return;
  void connection.stop().then(() => {
    store.close();
    process.exit(0);
  });
}

connection.start();

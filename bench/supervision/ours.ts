import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { childEnv } from "@flotilla/config";
import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import { CommandSender, claimFleet, fleetPlace } from "@flotilla/queue";
import { isAlive } from "@flotilla/testkit";
import { child, type Keeper, signal, soon } from "./keeper.ts";

const SUPERVISOR = fileURLToPath(new URL("../../apps/supervisor/src/main.ts", import.meta.url));
const NAME = parseWorkerId("bench");
/** No restart delay and no limit: the bench measures the supervisor itself. */
const SETTINGS = {
  RESTART_DELAY_S: "0",
  RESTART_LIMIT: "99",
  RESTART_WINDOW_S: "1",
  START_SPACING_S: "0",
  LOG_LEVEL: "error",
};

/** The product's supervisor with one real worker that is not logged in. */
export async function ours(dir: string, redisUrl: string): Promise<Keeper> {
  mkdirSync(dir, { recursive: true });
  const log = openSync(join(dir, "supervisor.log"), "a", 0o600);
  const who = {
    BOT_TOKEN: `1:${"A".repeat(30)}`,
    API_ID: "1",
    API_HASH: "0".repeat(32),
    ADMIN_IDS: "1",
    HOST_ID: "bench",
    FLEET_KEY: "17".repeat(32),
  };
  const env = {
    ...childEnv({}),
    ...SETTINGS,
    ...who,
    DATA_DIR: dir,
    REDIS_URL: redisUrl,
    HTTP_PORT: "0",
  };
  const fleetKey = Buffer.from(env.FLEET_KEY, "hex");
  const fleet = await claimFleet({
    redis: redisUrl,
    fleetKey,
    known: null,
    from01: false,
    rekeyedFrom: [],
  });
  const start = (): ChildProcess =>
    spawn(process.execPath, [SUPERVISOR], { env, stdio: ["ignore", log, log] });
  const sender = new CommandSender(fleetPlace({ redis: redisUrl, fleet, fleetKey }), () => {});
  await sender.ready();
  let supervisor = start();
  const kept = (): number | null => child(supervisor.pid ?? 0, `--worker ${NAME}`);
  const asked = {
    askedBy: { id: "1", name: "bench" },
    askedAt: Date.now(),
    deadlineAt: Date.now() + 60_000,
  };
  await sender.toHost(parseHostId("bench"), {
    v: 1,
    id: randomUUID(),
    kind: "start",
    worker: NAME,
    ...asked,
  });
  await soon(kept, "our worker");
  return {
    name: "Flotilla",
    get keeper() {
      return supervisor.pid ?? 0;
    },
    kept,
    again: async () => {
      supervisor = start();
      await soon(kept, "our worker");
    },
    [Symbol.asyncDispose]: async () => {
      await sender.close();
      signal(supervisor.pid ?? 0, "SIGTERM");
      await soon(() => !isAlive(supervisor.pid ?? 0), "the end of our supervisor");
    },
  };
}

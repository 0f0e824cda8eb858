import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type RedisHarness,
  type SpawnedProcess,
  spawnNode,
  startRedis,
  testDir,
  waitFor,
} from "@flotilla/testkit";
import { onTestFinished } from "vitest";
import { startFleet, type TestFleet } from "./fleet.ts";

/** What `flotilla host` starts. */
const SUPERVISOR = fileURLToPath(new URL("../../../apps/supervisor/src/main.ts", import.meta.url));

/** A fleet on several hosts, each with a data folder, an address and an owner folder of its own. */
export interface Hosts {
  readonly fleet: TestFleet;
  readonly redis: RedisHarness;
  /** Starts a further host as its owner does: `flotilla host`. The n-th has 127.0.0.(n+1). */
  join(n: number, dir?: string): Promise<Joined>;
  /** The host from whose address an account is on Telegram; null = none. */
  onTelegram(phone: string): Promise<string | null>;
}

/** A host that joined. `dir`: its data folder. */
export interface Joined {
  readonly process: SpawnedProcess;
  readonly dir: string;
  readonly name: string;
}

/** `a` is the first host, with bot and sandbox. */
export const hostName = (n: number): string => `host-${"abcdefgh"[n] ?? n}`;
const addressOf = (n: number): string => `127.0.0.${n + 1}`;

/** Starts the first host. All end with the test. */
export async function startHosts(env: Readonly<Record<string, string>> = {}): Promise<Hosts> {
  const redis = await startRedis({ persistence: "aof" });
  onTestFinished(() => redis.stop());
  const shared = {
    ...{ HOSTS: "several", REDIS_URL: redis.url, FLEET_KEY: randomBytes(32).toString("hex") },
    ...{ START_SPACING_S: "0", RESTART_DELAY_S: "1", LOCK_DELAYS_S: "2", SENDS_PER_MINUTE: "6000" },
    ...env,
  };
  const own = async (n: number): Promise<Record<string, string>> => ({
    // One machine plays all hosts: its lock would hide what the lease does not do.
    OWNER_DIR: await testDir("owners-"),
    HOST_ID: hostName(n),
    LOCAL_ADDRESS: addressOf(n),
  });
  const fleet = await startFleet({ ...shared, ...(await own(0)) });
  const log = readFileSync(`${fleet.dataDir}/logs/sandbox.log`, "utf8");
  const server = {
    ...{ API_ID: "1", API_HASH: "0".repeat(32), HTTP_PORT: "0" },
    MTPROTO_DC: /MTPROTO_DC=(\S+)/.exec(log)?.[1] ?? "",
    MTPROTO_DC_KEY: `${fleet.dataDir}/telegram/dc-key.pem`,
  };
  return {
    fleet,
    redis,
    join: async (n, dir) => {
      const data = dir ?? (await testDir("host-"));
      const all = { ...shared, ...server, ...(await own(n)), DATA_DIR: data };
      const host = spawnNode(SUPERVISOR, [], { cwd: data, env: all });
      await host.waitForOutput(
        new RegExp(`${hostName(n)} joined the fleet of the bot on host-a`),
        60_000,
      );
      return { process: host, dir: data, name: hostName(n) };
    },
    onTelegram: async (phone) => {
      const live =
        await fleet.get<{ remoteAddress: string; phone: string | null }[]>("connections");
      const address = live.find((each) => each.phone === phone)?.remoteAddress;
      return address === undefined ? null : hostName(Number(address.split(".").at(-1)) - 1);
    },
  };
}

/** Waits until an account is on Telegram from one of these hosts; says from which. */
export async function isOn(
  hosts: Hosts,
  phone: string,
  names: readonly string[],
  timeoutMs = 120_000,
): Promise<string> {
  return await waitFor(
    async () => {
      const now = await hosts.onTelegram(phone);
      return now !== null && names.includes(now) ? now : null;
    },
    { timeoutMs, intervalMs: 100, what: `${phone} to be on ${names.join(" or ")}` },
  );
}

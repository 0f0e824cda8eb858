import { randomUUID } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fleetPrefix, leaseRunKey } from "@flotilla/contracts";
import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import { CommandSender, claimFleet, fleetPlace } from "@flotilla/queue";
import {
  childrenOf,
  isAlive,
  type RedisHarness,
  type SpawnedProcess,
  spawnNode,
  spawnProcess,
  startRedis,
  waitFor,
} from "@flotilla/testkit";
import { onTestFinished } from "vitest";
import { startFleet, type TestFleet } from "../e2e/support/fleet.ts";
import { Cable } from "./cable.ts";
import { judge, type Recorded } from "./judge.ts";

const SUPERVISOR = fileURLToPath(new URL("../../apps/supervisor/src/main.ts", import.meta.url));
const WORKER = fileURLToPath(new URL("../../apps/worker/src/main.ts", import.meta.url));
const NAME = parseWorkerId("demo_1");
const PHONE = "15550100001";

/** The two hosts, by the address from which they connect to Telegram. */
export const HOSTS = { a: "127.0.0.1", b: "127.0.0.2" } as const;
export type HostName = keyof typeof HOSTS;

/** Short waits, so that a round takes seconds; all other settings are the defaults. */
const FLEET_KEY = "17".repeat(32);
const SETTINGS = {
  FLEET_KEY,
  HOSTS: "several",
  RESTART_DELAY_S: "0.3",
  RESTART_LIMIT: "99",
  LOCK_DELAYS_S: "3",
  START_SPACING_S: "0",
};

/** Two hosts that want one session, one Redis, and a sandbox that records every connection. */
export class Rig {
  readonly redis: RedisHarness;
  readonly #fleet: TestFleet;
  readonly #sender: CommandSender;
  /** All connections of host b go through these, so that a test can cut it off. */
  #cables: { readonly redis: Cable; readonly telegram: Cable } | null = null;
  #hostB: SpawnedProcess | null = null;

  private constructor(redis: RedisHarness, fleet: TestFleet, sender: CommandSender) {
    this.redis = redis;
    this.#fleet = fleet;
    this.#sender = sender;
  }

  /** Starts both hosts; they end with the test. */
  static async start(persistence: "none" | "aof"): Promise<Rig> {
    const redis = await startRedis({ persistence });
    onTestFinished(() => redis.stop());
    // Marks this Redis as known: avoids the quiet time of a new Redis, which takes 20 s.
    const run = /run_id:(\w+)/.exec(String(await redis.command("INFO", "server")))?.[1] ?? "";
    const fleetKey = Buffer.from(FLEET_KEY, "hex");
    const made = await claimFleet({
      redis: redis.url,
      fleetKey,
      known: null,
      from01: false,
      rekeyedFrom: [],
    });
    await redis.command("SET", leaseRunKey(fleetPrefix(made.id)), run);
    const fleet = await startFleet({ ...SETTINGS, REDIS_URL: redis.url, LOCAL_ADDRESS: HOSTS.a });
    const sender = new CommandSender(
      fleetPlace({ redis: redis.url, fleet: made, fleetKey }),
      () => {},
    );
    onTestFinished(() => sender.close());
    await sender.ready();
    const rig = new Rig(redis, fleet, sender);
    await rig.stable();
    await rig.#layCables();
    await rig.#addHostB();
    return rig;
  }

  /** The host that is on Telegram, or null while none is. */
  async owner(): Promise<HostName | null> {
    const live =
      await this.#fleet.get<{ remoteAddress: string; phone: string | null }[]>("connections");
    const address = live.find((each) => each.phone === PHONE)?.remoteAddress;
    return (Object.keys(HOSTS) as HostName[]).find((host) => HOSTS[host] === address) ?? null;
  }

  /**
   * Waits until Telegram would close the owner's connection automatically. An owner that freezes
   * before, in the first round trip of a connection, stays connected: the one known gap (ADR 0005).
   */
  async guarded(): Promise<HostName> {
    const all = (): Promise<{ phone: string | null; hangsUpAt: number | null }[]> =>
      this.#fleet.get("connections");
    const isGuarded = async (): Promise<boolean> =>
      (await all()).some(({ phone, hangsUpAt }) => phone === PHONE && hangsUpAt !== null);
    await waitFor(isGuarded, { timeoutMs: 60_000, intervalMs: 50 });
    return await this.stable();
  }

  /** Waits until one host is on Telegram, and its process says so. */
  async stable(timeoutMs = 60_000): Promise<HostName> {
    return await waitFor(
      async () => {
        const owner = await this.owner();
        return owner !== null && this.workerOf(owner) !== null ? owner : null;
      },
      { timeoutMs, intervalMs: 50, what: "one host to be on Telegram" },
    );
  }

  /** Pid of the supervisor of a host, or null while there is none. */
  supervisorOf(host: HostName): number | null {
    if (host === "b") return this.#hostB && isAlive(this.#hostB.pid) ? this.#hostB.pid : null;
    return (
      childrenOf(this.#fleet.process.pid).find((child) =>
        child.command.includes("/supervisor/src/main.ts"),
      )?.pid ?? null
    );
  }

  /** Pid of the worker process of a host, or null while there is none. */
  workerOf(host: HostName): number | null {
    const supervisor = this.supervisorOf(host);
    if (supervisor === null) return null;
    return (
      childrenOf(supervisor).find((child) => child.command.endsWith(`--worker ${NAME}`))?.pid ??
      null
    );
  }

  /** Starts a second worker process for the session by hand on a host; resolves when it ends. */
  async startByHand(host: HostName): Promise<{ code: number | null }> {
    const env = { ...this.#server(), ...SETTINGS, ...this.#placeOf(host) };
    return await spawnNode(WORKER, ["--worker", NAME], { env }).exited;
  }

  /** Sends a command to a host without waiting for its outcome. */
  async ask(host: HostName, kind: "start" | "stop"): Promise<void> {
    const now = Date.now();
    const asked = { askedBy: { id: "1001", name: "Ann" }, askedAt: now, deadlineAt: now + 60_000 };
    await waitFor(() => this.#sender.connected, { timeoutMs: 45_000 });
    await this.#sender.toHost(parseHostId(`host-${host}`), {
      v: 1,
      id: randomUUID(),
      worker: NAME,
      ...asked,
      kind,
    });
  }

  /**
   * Starts a second worker process in its own PID namespace, which hides all other processes;
   * `null` where that is not permitted. Shares mounts and network, like two containers on one
   * volume.
   */
  async startInOtherNamespace(host: HostName): Promise<{ code: number | null } | null> {
    const apart = ["--pid", "--fork", "--kill-child", "--mount-proc"];
    const tried = await spawnProcess("unshare", [...apart, "true"]).exited.catch(() => ({
      code: 1,
    }));
    if (tried.code !== 0) return null;
    const env = { ...this.#server(), ...SETTINGS, ...this.#placeOf(host) };
    return await spawnProcess("unshare", [...apart, process.execPath, WORKER, "--worker", NAME], {
      env,
    }).exited;
  }

  /** Pulls the cables of host b: both, or only the one to Redis. */
  cutOff(what: "everything" | "redis"): void {
    this.#cables?.redis.pull();
    if (what === "everything") this.#cables?.telegram.pull();
  }

  /** Ends {@link cutOff}. */
  plugIn(): void {
    this.#cables?.redis.plugIn();
    this.#cables?.telegram.plugIn();
  }

  /** Drops every connection to Telegram. */
  async dropLinks(): Promise<void> {
    await this.#fleet.post("faults/drop", { how: "rst" });
  }

  /** Starts the supervisor of host b; only the test restarts it. */
  startHostB(): void {
    const env = { ...this.#server(), ...SETTINGS, ...this.#placeOf("b"), HTTP_PORT: "0" };
    this.#hostB = spawnNode(SUPERVISOR, [], { env });
  }

  /** The last log lines of a host's supervisor, for the error of a round that does not end. */
  lastLines(host: HostName): string {
    const all =
      host === "b"
        ? (this.#hostB?.stdout ?? "")
        : readFileSync(`${this.#fleet.dataDir}/logs/supervisor.log`, "utf8");
    return all.trimEnd().split("\n").slice(-15).join("\n");
  }

  /** Violations of invariant 1 in the sandbox's record. */
  async verdict(): Promise<string[]> {
    return judge(await this.#fleet.get<Recorded[]>("connections/log"));
  }

  async #addHostB(): Promise<void> {
    await this.ask("a", "stop");
    await waitFor(() => this.workerOf("a") === null, { timeoutMs: 45_000 });
    const [from, to] = [`${this.#fleet.dataDir}/sessions`, `${this.#fleet.dataDir}-b/sessions`];
    mkdirSync(to, { recursive: true, mode: 0o700 });
    for (const file of readdirSync(from).filter((name) => name.startsWith(NAME)))
      copyFileSync(`${from}/${file}`, `${to}/${file}`);
    await this.ask("a", "start");
    await this.stable();
    this.startHostB();
    await this.ask("b", "start");
    await waitFor(() => this.supervisorOf("b") !== null);
  }

  async #layCables(): Promise<void> {
    const [redis, telegram] = [new URL(this.redis.url), this.#serverAddress().split(":")];
    this.#cables = {
      // Redis refuses strangers without a password, and 127.0.0.2 is one to it.
      redis: await Cable.lay({
        to: { host: redis.hostname, port: Number(redis.port) },
        from: HOSTS.a,
      }),
      telegram: await Cable.lay({
        to: { host: telegram[0] ?? "", port: Number(telegram[1]) },
        from: HOSTS.b,
      }),
    };
  }

  #placeOf(host: HostName): Record<string, string> {
    const dir = host === "a" ? this.#fleet.dataDir : `${this.#fleet.dataDir}-b`;
    // One machine plays two hosts: the lock of the machine would hide what the lease does not do.
    const place = {
      OWNER_DIR: `${dir}/owners`,
      DATA_DIR: dir,
      HOST_ID: `host-${host}`,
      LOCAL_ADDRESS: HOSTS[host],
      REDIS_URL: this.redis.url,
    };
    if (host === "a" || !this.#cables) return place;
    const { redis, telegram } = this.#cables;
    return {
      ...place,
      REDIS_URL: `redis://127.0.0.1:${redis.port}`,
      MTPROTO_DC: `127.0.0.1:${telegram.port}`,
    };
  }

  #serverAddress(): string {
    return (
      /MTPROTO_DC=(\S+)/.exec(
        readFileSync(`${this.#fleet.dataDir}/logs/sandbox.log`, "utf8"),
      )?.[1] ?? ""
    );
  }

  #server(): Record<string, string> {
    const { dataDir } = this.#fleet;
    const bot = {
      BOT_TOKEN: readFileSync(`${dataDir}/telegram/bot-token`, "utf8").trim(),
      ADMIN_IDS: "1001",
    };
    const server = {
      MTPROTO_DC: this.#serverAddress(),
      MTPROTO_DC_KEY: `${dataDir}/telegram/dc-key.pem`,
    };
    return { API_ID: "1", API_HASH: "0".repeat(32), ...bot, ...server };
  }
}

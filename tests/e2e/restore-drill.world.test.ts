/**
 * The drill of docs/runbooks/backup.md: a fleet with routes under load is copied, destroyed, and
 * restored on another machine.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Route } from "@flotilla/contracts";
import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import {
  askBot,
  CommandSender,
  embeddedRedisUrl,
  findFleet,
  fleetPlace,
  type QueuePlace,
  RelayBoard,
} from "@flotilla/queue";
import { openSession } from "@flotilla/session-store";
import { LoginFlow, workerIdentity } from "@flotilla/telegram";
import {
  childrenOf,
  isAlive,
  type SpawnedProcess,
  spawnNode,
  testDir,
  waitFor,
} from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { launchFleet } from "./support/fleet.ts";

const CLI = fileURLToPath(new URL("../../apps/cli/src/main.ts", import.meta.url));
const SANDBOX = fileURLToPath(new URL("../../packages/sandbox/src/main.ts", import.meta.url));
const FLEET_KEY = "19".repeat(32);
const WORKERS = [
  { name: "reader", phone: "15550300001" },
  { name: "sender", phone: "15550300002" },
] as const;

/** A Telegram of its own: it survives the machine that is destroyed. */
interface Telegram {
  readonly url: string;
  readonly env: Record<string, string>;
}

async function startTelegram(dir: string): Promise<Telegram> {
  const token = `700000001:${"t".repeat(35)}`;
  const keyFile = join(dir, "dc-key.pem");
  const sandbox = spawnNode(SANDBOX, [
    ...["--key-file", keyFile, "--bot-token", token],
    ...["--admin-id", "1001", "--admin-name", "Ann"],
  ]);
  await sandbox.waitForOutput("Sandbox is ready");
  const said = (name: string): string =>
    new RegExp(`${name}=(\\S+)`).exec(sandbox.stdout)?.[1] ?? "";
  const url = said("BOT_API_ROOT");
  const env = {
    BOT_TOKEN: token,
    ADMIN_IDS: "1001",
    API_ID: "1",
    API_HASH: "0".repeat(32),
    BOT_API_ROOT: url,
    MTPROTO_DC: said("MTPROTO_DC"),
    MTPROTO_DC_KEY: keyFile,
    FLEET_KEY,
    HOST_ID: "host-a",
    START_SPACING_S: "0",
    SENDS_PER_MINUTE: "60000",
  };
  return { url, env };
}

/** A machine: a folder, and a fleet on it with a Redis of its own. */
class Machine {
  readonly #dir: string;
  readonly #telegram: Telegram;
  #fleet: SpawnedProcess | null = null;

  constructor(dir: string, telegram: Telegram) {
    this.#dir = dir;
    this.#telegram = telegram;
    mkdirSync(dir, { recursive: true });
  }

  get dataDir(): string {
    return join(this.#dir, "data");
  }

  get #env(): Record<string, string> {
    return { ...this.#telegram.env, DATA_DIR: this.dataDir };
  }

  async start(): Promise<void> {
    this.#fleet = launchFleet(this.#dir, this.#env);
    await this.#fleet.waitForOutput("Flotilla is ready", 60_000);
  }

  /** Runs a subcommand to its end; its JSON. */
  async flotilla(args: readonly string[]): Promise<Record<string, unknown>> {
    const child = spawnNode(CLI, [...args, "--json"], { env: this.#env, cwd: this.#dir });
    const { code } = await child.exited;
    if (code !== 0) throw new Error(`${args.join(" ")}: ${child.stdout}${child.stderr}`);
    return JSON.parse(child.stdout) as Record<string, unknown>;
  }

  /** Kills every process at once and removes the disk. */
  async destroy(): Promise<void> {
    const launcher = this.#fleet?.pid ?? 0;
    const pids = [launcher, ...descendantsOf(launcher)];
    for (const pid of pids) if (isAlive(pid)) process.kill(pid, "SIGKILL");
    await waitFor(() => pids.every((pid) => !isAlive(pid)), { what: "every process to be gone" });
    rmSync(this.#dir, { recursive: true });
  }

  async place(): Promise<QueuePlace> {
    const url = embeddedRedisUrl(join(this.dataDir, "redis"));
    const fleetKey = Buffer.from(FLEET_KEY, "hex");
    const fleet = await findFleet({ redis: url, fleetKey, known: null, waitMs: 10_000 });
    return fleetPlace({ redis: url, fleetKey, fleet });
  }

  async startWorkers(): Promise<void> {
    const sender = new CommandSender(await this.place(), () => {});
    onTestFinished(() => sender.close());
    await sender.ready();
    const now = Date.now();
    for (const { name } of WORKERS)
      await sender.toHost(parseHostId("host-a"), {
        v: 1,
        id: randomUUID(),
        kind: "start",
        worker: parseWorkerId(name),
        askedBy: { id: "1001", name: "Ann" },
        askedAt: now,
        deadlineAt: now + 60_000,
      });
  }
}

function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child.pid, ...descendantsOf(child.pid)]);
}

/** What the drill does on the side of Telegram. */
class World {
  readonly #telegram: Telegram;
  readonly sent: string[] = [];
  source = "";
  target = "";

  constructor(telegram: Telegram) {
    this.#telegram = telegram;
  }

  async ask<T>(path: string, body?: object): Promise<T> {
    const init = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    };
    const response = await fetch(
      `${this.#telegram.url}/control/${path}`,
      body === undefined ? {} : init,
    );
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async makeChannels(): Promise<void> {
    const make = async (username: string, phone: string): Promise<string> => {
      const body = { title: username, username, members: [phone] };
      return (await this.ask<{ id: string }>("channels", body)).id;
    };
    this.source = await make("source", WORKERS[0].phone);
    this.target = await make("target", WORKERS[1].phone);
  }

  /** Makes an account and logs its session in. */
  async logIn(dataDir: string, { name, phone }: (typeof WORKERS)[number]): Promise<void> {
    await this.ask("accounts", { phone, firstName: name });
    const fleetKey = Buffer.from(FLEET_KEY, "hex");
    using store = openSession({ dir: join(dataDir, "sessions"), name, fleetKey });
    const [host = "", port = ""] = this.#telegram.env["MTPROTO_DC"]?.split(":") ?? [];
    const publicKeyPem = readFileSync(this.#telegram.env["MTPROTO_DC_KEY"] ?? "", "utf8");
    const flow = new LoginFlow({
      store,
      server: { kind: "custom", host, port: Number(port), publicKeyPem },
      api: { id: 1, hash: "0".repeat(32) },
      identity: workerIdentity(name),
      log: () => {},
    });
    await flow.sendCode(phone);
    const { code } = await this.ask<{ code: string }>(`accounts/${phone}/code`);
    expect((await flow.submitCode(code)).kind).toBe("done");
  }

  async post(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      const text = `message ${this.sent.length}`;
      await this.ask(`channels/${this.source}/messages`, { text });
      this.sent.push(text);
    }
  }

  async arrived(): Promise<string[]> {
    const path = `accounts/${WORKERS[1].phone}/history?chat=${this.target}`;
    return (await this.ask<{ text: string }[]>(path)).map(({ text }) => text);
  }

  async everythingArrived(): Promise<void> {
    const isAll = async (): Promise<boolean> => (await this.arrived()).length >= this.sent.length;
    await waitFor(isAll, { timeoutMs: 120_000, intervalMs: 200, what: "every message to arrive" });
  }

  /** Sends that Telegram refused because it had them already. */
  async refusedTwice(): Promise<number> {
    const accounts = await this.ask<{ duplicateSends: number }[]>("accounts");
    return accounts.reduce((sum, { duplicateSends }) => sum + duplicateSends, 0);
  }

  /** How many connections each account of the fleet has now. */
  async connections(): Promise<number[]> {
    const live = await this.ask<{ phone: string | null }[]>("connections");
    return WORKERS.map(({ phone }) => live.filter((each) => each.phone === phone).length);
  }
}

/** How many messages the reader knows to be delivered. */
async function delivered(place: QueuePlace): Promise<number> {
  const board = new RelayBoard(place, () => {});
  try {
    await board.ready();
    const status = await board.read(parseWorkerId("reader"));
    return status?.routes[0]?.counts["delivered"] ?? 0;
  } finally {
    board.close();
  }
}

const ROUTE = Route.parse({
  id: "route",
  from: { worker: "reader", chats: ["@source"] },
  to: { kind: "worker", worker: "sender", chat: "@target" },
});

test(
  "a fleet that is copied under load, destroyed and restored elsewhere loses nothing that was " +
    "acknowledged before the copy, and sends nothing twice",
  async () => {
    const dir = await testDir("drill-");
    const telegram = await startTelegram(dir);
    const world = new World(telegram);
    const old = new Machine(join(dir, "old"), telegram);
    for (const worker of WORKERS) await world.logIn(old.dataDir, worker);
    await world.makeChannels();
    await old.start();
    await old.startWorkers();
    const place = await old.place();
    const file = { version: 1 as const, routes: [ROUTE] };
    const isApplied = async (): Promise<boolean> =>
      (await askBot(place, { v: 1, kind: "routes.apply", file }, 10_000)).kind === "applied";
    await waitFor(isApplied, { timeoutMs: 60_000, what: "the route to be taken" });
    // Posts before the reader knows its route are not delivered.
    const isRelayed = async (): Promise<boolean> => {
      await world.post(1);
      return (await world.arrived()).length > 0;
    };
    await waitFor(isRelayed, { timeoutMs: 60_000, intervalMs: 500, what: "the route to work" });
    world.sent.splice(0, world.sent.indexOf((await world.arrived())[0] ?? ""));

    // Both sessions remember these as done.
    await world.post(50);
    const acknowledged = world.sent.length;
    await waitFor(async () => (await delivered(place)) >= acknowledged, {
      timeoutMs: 60_000,
      what: "the reader to know that they were delivered",
    });

    // The copy, under load.
    const copied = Promise.withResolvers<void>();
    let isCopied = false;
    void copied.promise.then(() => {
      isCopied = true;
    });
    const load = (async () => {
      while (!isCopied) await world.post(3);
    })();
    const away = join(dir, "away");
    const said = await old.flotilla(["backup", "--to", away]);
    copied.resolve();
    await load;
    const loaded = world.sent.length;
    expect(loaded - acknowledged, "messages during the copy").toBeGreaterThan(3);
    expect((said["archive"] as { files: { problem: string | null }[] }).files).not.toContainEqual(
      expect.objectContaining({ problem: expect.any(String) }),
    );

    // Sent after the copy: the restored fleet knows nothing of these.
    await world.post(20);
    await world.everythingArrived();
    const [name = ""] = readdirSync(away);
    const fresh = new Machine(join(dir, "new"), telegram);
    const restore = ["restore", "--archive", join(away, name), "--yes"];
    await expect(fresh.flotilla(restore), "while the old fleet runs").rejects.toThrow(
      "session-owned",
    );
    await old.destroy();
    await world.post(10);

    const before = await world.refusedTwice();
    await fresh.flotilla(restore);
    await fresh.start();
    await world.everythingArrived();
    await world.post(10);
    await world.everythingArrived();

    expect(await world.arrived(), "each message once, in its order").toEqual(world.sent);
    expect(await world.connections(), "one owner for each session").toEqual([1, 1]);
    const log = await world.ask<{ event: string }[]>("connections/log");
    expect(log.filter(({ event }) => event === "duplicated")).toEqual([]);
    const refused = (await world.refusedTwice()) - before;
    expect(refused, "what was sent after the copy is refused").toBeGreaterThan(0);
    const since = world.sent.length - acknowledged;
    expect(refused, "what was done before the copy is not tried again").toBeLessThanOrEqual(since);
    const { bytes, tookMs } = said["archive"] as { bytes: number; tookMs: number };
    process.stdout.write(
      `restore drill: ${world.sent.length} messages, ${acknowledged} before the copy, ` +
        `${loaded - acknowledged} under it, ` +
        `${refused} second copies refused; archive of ${bytes} bytes in ${Math.round(tookMs)} ms\n`,
    );
  },
);

import { createHash, randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Route } from "@flotilla/contracts";
import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import { askBot, CommandSender, RelayBoard } from "@flotilla/queue";
import { openSession } from "@flotilla/session-store";
import { LoginFlow, workerIdentity } from "@flotilla/telegram";
import { childrenOf, type RedisHarness, startRedis, waitFor } from "@flotilla/testkit";
import { onTestFinished } from "vitest";
import { AdminChat } from "../e2e/support/chat.ts";
import { startFleet, startFleetIn, type TestFleet } from "../e2e/support/fleet.ts";

export const READERS = ["reader_1", "reader_2", "reader_3"] as const;
export const SENDERS = ["sender_1", "sender_2"] as const;
const ROUTES = 10;
/** Size of a file: three parts, so that a kill can come between them. */
const FILE_BYTES = 300_000;
/** One of this many messages of such a source has a file, which later texts must not overtake. */
const FILE_EVERY = 4;
/** Data centres of the files, in turns; the accounts' home is the first. */
const FILE_DCS = [2, 4] as const;

/** Short waits and a fast pace; all other settings are the defaults. */
const SETTINGS = {
  RESTART_DELAY_S: "0.3",
  RESTART_LIMIT: "99",
  START_SPACING_S: "0",
  SENDS_PER_MINUTE: "60000",
};

/** A message of a target in the sandbox's record. */
interface Posted {
  readonly text: string;
  readonly media: { readonly sha256: string } | null;
}

/** One source and its target. */
interface Way {
  readonly source: string;
  /** True when the sender cannot read the source: files are downloaded and uploaded. */
  readonly secret: boolean;
  readonly target: string;
  readonly owner: string;
  readonly sent: string[];
}

/** A fleet with three readers, two senders and ten routes, on its own Redis and sandbox. */
export class RelayRig {
  readonly redis: RedisHarness;
  readonly fleet: TestFleet;
  readonly ways: Way[] = [];
  readonly chat: AdminChat;
  routes: readonly Route[] = [];

  private constructor(redis: RedisHarness, fleet: TestFleet) {
    this.redis = redis;
    this.fleet = fleet;
    this.chat = new AdminChat(fleet);
  }

  /**
   * Starts a fleet that ends with the test. `dir`: its folder; null: a new one. `more`: settings of
   * its processes.
   */
  static async start({
    dir = null,
    more = {},
  }: {
    readonly dir?: string | null;
    readonly more?: Readonly<Record<string, string>>;
  } = {}): Promise<RelayRig> {
    const redis = await startRedis({ persistence: "aof" });
    onTestFinished(() => redis.stop());
    const env = { ...SETTINGS, ...more, REDIS_URL: redis.url };
    const fleet = dir === null ? await startFleet(env) : await startFleetIn(dir, env);
    const rig = new RelayRig(redis, fleet);
    for (const [n, name] of [...READERS, ...SENDERS].entries()) await rig.#logIn(name, phoneOf(n));
    await rig.#startWorkers();
    await rig.#makeRoutes();
    return rig;
  }

  /** Posts into a source. */
  async post(way: number, text: string): Promise<void> {
    const found = this.ways[way % this.ways.length];
    if (!found) throw new Error("no routes");
    const n = found.sent.length;
    if (!found.secret || n % FILE_EVERY !== 0) {
      await this.fleet.post(`channels/${found.source}/messages`, { text });
      found.sent.push(text);
      return;
    }
    const bytes = randomBytes(FILE_BYTES);
    const file = {
      name: "file.bin",
      mime: "application/octet-stream",
      base64: bytes.toString("base64"),
      dc: FILE_DCS[(n / FILE_EVERY) % 2] ?? 2,
    };
    await this.fleet.post(`channels/${found.source}/messages`, { text, file });
    found.sent.push(`${text} ${createHash("sha256").update(bytes).digest("hex")}`);
  }

  /** Phones of all accounts, readers first. */
  get phones(): string[] {
    return [...READERS, ...SENDERS].map((_, n) => phoneOf(n));
  }

  /** Posts a few messages into each source, one after the other. */
  async traffic(each: number): Promise<void> {
    for (let n = 0; n < each; n++)
      for (const way of this.ways.keys()) await this.post(way, `message ${this.#posted++}`);
  }
  #posted = 0;

  /** Posts `each` texts into each open source, as fast as the sandbox takes them. */
  async burst(each: number): Promise<void> {
    const open = this.ways.flatMap(({ secret }, way) => (secret ? [] : [way]));
    await Promise.all(
      open.map(async (way) => {
        for (let n = 0; n < each; n++) await this.post(way, `burst ${way}.${n}`);
      }),
    );
  }

  /** Pid of each worker's process. */
  pids(): Record<string, number> {
    return Object.fromEntries(
      [...READERS, ...SENDERS].map((name) => [name, this.#pidOf(name) ?? 0]),
    );
  }

  /** Environment of a worker process of this fleet. */
  env(): Record<string, string> {
    const { dataDir } = this.fleet;
    const dc =
      /MTPROTO_DC=(\S+)/.exec(readFileSync(`${dataDir}/logs/sandbox.log`, "utf8"))?.[1] ?? "";
    const bot = {
      BOT_TOKEN: readFileSync(`${dataDir}/telegram/bot-token`, "utf8").trim(),
      ADMIN_IDS: "1001",
    };
    const server = { MTPROTO_DC: dc, MTPROTO_DC_KEY: `${dataDir}/telegram/dc-key.pem` };
    return {
      ...SETTINGS,
      API_ID: "1",
      API_HASH: "0".repeat(32),
      ...bot,
      ...server,
      HOST_ID: "host-a",
      REDIS_URL: this.redis.url,
    };
  }

  /**
   * Kills the process of a worker or of a service of the launcher; waits first for one that is
   * restarting. `links` resets every connection to Telegram instead: calls arrive, their answers do
   * not.
   */
  async kill(what: string): Promise<void> {
    if (what === "links") return void (await this.fleet.post("faults/drop", { how: "rst" }));
    const pid = await waitFor(() => this.#pidOf(what), {
      timeoutMs: 45_000,
      intervalMs: 50,
      what: `${what} to be back`,
    });
    process.kill(pid, "SIGKILL");
  }

  /** The messages of the targets, from the sandbox's record. */
  async arrived(): Promise<string[][]> {
    return await Promise.all(
      this.ways.map(async ({ target, owner }) =>
        (await this.fleet.get<Posted[]>(`accounts/${owner}/history?chat=${target}`)).map(
          ({ text, media }) => (media ? `${text} ${media.sha256}` : text),
        ),
      ),
    );
  }

  /** Waits until all sent messages arrived; the error names the routes that are behind. */
  async settled(timeoutMs: number): Promise<void> {
    const behind = async (): Promise<string[]> => {
      const arrived = await this.arrived();
      return this.ways.flatMap(({ sent }, n) =>
        (arrived[n]?.length ?? 0) < sent.length
          ? [`route_${n} has ${arrived[n]?.length} of ${sent.length}`]
          : [],
      );
    };
    const what = "every message to arrive";
    await waitFor(async () => (await behind()).length === 0, {
      timeoutMs,
      intervalMs: 250,
      what,
    }).catch(async (cause: unknown) => {
      throw new Error(`${what}; ${(await behind()).join(", ")}`, { cause });
    });
  }

  /** Number of sends that Telegram refused as duplicates. */
  async refusedTwice(): Promise<number> {
    const accounts = await this.fleet.get<{ duplicateSends: number }[]>("accounts");
    return accounts.reduce((sum, { duplicateSends }) => sum + duplicateSends, 0);
  }

  #pidOf(what: string): number | null {
    const supervisor = this.#child("/supervisor/src/main.ts");
    if (what === "supervisor") return supervisor;
    if (what === "bot") return this.#child("/bot/src/main.ts");
    return (
      childrenOf(supervisor ?? 0).find(({ command }) => command.endsWith(`--worker ${what}`))
        ?.pid ?? null
    );
  }

  #child(script: string): number | null {
    return (
      childrenOf(this.fleet.process.pid).find(({ command }) => command.includes(script))?.pid ??
      null
    );
  }

  async #logIn(name: string, phone: string): Promise<void> {
    const { dataDir } = this.fleet;
    await this.fleet.post("accounts", { phone, firstName: name });
    const fleetKey = Buffer.from(readFileSync(`${dataDir}/fleet.key`, "utf8").trim(), "hex");
    using store = openSession({ dir: `${dataDir}/sessions`, name, fleetKey });
    const address = /MTPROTO_DC=(\S+):(\d+)/.exec(
      readFileSync(`${dataDir}/logs/sandbox.log`, "utf8"),
    );
    const publicKeyPem = readFileSync(`${dataDir}/telegram/dc-key.pem`, "utf8");
    const flow = new LoginFlow({
      store,
      server: {
        kind: "custom",
        host: address?.[1] ?? "",
        port: Number(address?.[2]),
        publicKeyPem,
      },
      api: { id: 1, hash: "0".repeat(32) },
      identity: workerIdentity(name),
      log: () => {},
    });
    await flow.sendCode(phone);
    const { code } = await this.fleet.get<{ code: string }>(`accounts/${phone}/code`);
    const result = await flow.submitCode(code);
    if (result.kind !== "done") throw new Error(`${name} could not be logged in: ${result.kind}`);
  }

  async #startWorkers(): Promise<void> {
    const sender = new CommandSender(await this.fleet.place(), () => {});
    onTestFinished(() => sender.close());
    await sender.ready();
    const now = Date.now();
    const asked = { askedBy: { id: "1001", name: "Ann" }, askedAt: now, deadlineAt: now + 60_000 };
    for (const name of [...SENDERS, ...READERS])
      await sender.toHost(parseHostId("host-a"), {
        v: 1,
        id: randomUUID(),
        worker: parseWorkerId(name),
        ...asked,
        kind: "start",
      });
    const phones = [...READERS, ...SENDERS].map((_, n) => phoneOf(n));
    await waitFor(
      async () => {
        const live = new Set(
          (await this.fleet.get<{ phone: string | null }[]>("connections")).map(
            ({ phone }) => phone,
          ),
        );
        return phones.every((phone) => live.has(phone));
      },
      { timeoutMs: 60_000, what: "five workers on Telegram" },
    );
  }

  async #makeRoutes(): Promise<void> {
    const routes: Route[] = [];
    for (let n = 0; n < ROUTES; n++) {
      const [reader, sender] = [n % READERS.length, n % SENDERS.length];
      const owner = phoneOf(READERS.length + sender);
      const secret = n % 5 === 4;
      const source = await this.#channel(secret ? null : `source_${n}`, phoneOf(reader));
      const target = await this.#channel(`target_${n}`, owner);
      this.ways.push({ source, secret, target, owner, sent: [] });
      routes.push(
        Route.parse({
          id: `route_${n}`,
          from: { worker: READERS[reader], chats: [secret ? `-100${source}` : `@source_${n}`] },
          to: { kind: "worker", worker: SENDERS[sender], chat: `@target_${n}` },
        }),
      );
    }
    this.routes = routes;
    const place = await this.fleet.place();
    const apply = () =>
      askBot(place, { v: 1, kind: "routes.apply", file: { version: 1, routes } }, 10_000);
    // The bot refuses routes of workers until their host reports them.
    await waitFor(async () => (await apply()).kind === "applied", {
      timeoutMs: 60_000,
      what: "the routes to be taken",
    });
    const board = new RelayBoard(place, () => {});
    onTestFinished(() => board.close());
    const knows = async (reader: string): Promise<boolean> => {
      const status = await board.read(parseWorkerId(reader));
      return (
        status !== null &&
        status.routes.length > 0 &&
        status.sources.every(({ chat }) => chat !== null)
      );
    };
    await waitFor(async () => (await Promise.all(READERS.map(knows))).every(Boolean), {
      timeoutMs: 60_000,
      what: "the readers to know their routes",
    });
  }

  /** Creates a channel; without a username only its members can read it. */
  async #channel(username: string | null, phone: string): Promise<string> {
    const named = username === null ? { title: "secret" } : { title: username, username };
    return (await this.fleet.post<{ id: string }>("channels", { ...named, members: [phone] })).id;
  }
}

function phoneOf(n: number): string {
  return `1555020000${n}`;
}

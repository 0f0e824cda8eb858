import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Route } from "@flotilla/contracts";
import { type HostId, parseHostId, parseHostPorts, parseWorkerId } from "@flotilla/kernel";
import { askBot, CommandSender, findFleet, fleetPlace, type QueuePlace } from "@flotilla/queue";
import {
  childrenOf,
  freePort,
  type RedisHarness,
  type SentinelHarness,
  type SpawnedProcess,
  spawnNode,
  startSentinels,
  waitFor,
} from "@flotilla/testkit";
import { onTestFinished } from "vitest";
import { AdminChat } from "../../e2e/support/chat.ts";
import { judge, type Recorded } from "../judge.ts";
import { FLEET_KEY, logIn, type StoryPlace, startSandbox } from "../stories/place.ts";
import { layRedisCables, type RedisCables } from "./redis-cables.ts";

const CLI = fileURLToPath(new URL("../../../apps/cli/src/main.ts", import.meta.url));
const SUPERVISOR = fileURLToPath(new URL("../../../apps/supervisor/src/main.ts", import.meta.url));
const BOT = fileURLToPath(new URL("../../../apps/bot/src/main.ts", import.meta.url));
const AT_ONCE = 4;
/** One pixel. */
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** `a` has the bot. */
export const HOSTS = ["a", "b", "c"] as const;
export type HostName = (typeof HOSTS)[number];
const ADDRESS = { a: "127.0.0.1", b: "127.0.0.2", c: "127.0.0.3" } as const;

interface Host {
  readonly place: StoryPlace;
  readonly env: Readonly<Record<string, string>>;
  process: SpawnedProcess | null;
}

/** One account of the drill. */
export interface Member {
  readonly name: string;
  readonly phone: string;
  readonly home: HostName;
  readonly floats: boolean;
}

interface Source {
  readonly source: string;
  readonly target: string;
  readonly reader: string;
  readonly sent: string[];
}

/** Three hosts, a Redis that fails over, and a Telegram that writes everything down. */
export class Drill {
  readonly members: readonly Member[];
  readonly redis: SentinelHarness;
  readonly #hosts: Readonly<Record<HostName, Host>>;
  readonly #url: string;
  readonly #cables: RedisCables;
  #lostRedis: RedisHarness | null = null;
  #master = 0;
  #sources: Source[] = [];
  #isPosting = false;
  #posting: Promise<void> = Promise.resolve();

  private constructor(
    redis: SentinelHarness,
    url: string,
    {
      hosts,
      cables,
      workers,
    }: { hosts: Readonly<Record<HostName, Host>>; cables: RedisCables; workers: number },
  ) {
    this.redis = redis;
    this.#url = url;
    this.#hosts = hosts;
    this.#cables = cables;
    this.members = Array.from({ length: workers }, (_, n) => ({
      name: `acc_${String(n + 1).padStart(2, "0")}`,
      phone: `1555040${String(n).padStart(4, "0")}`,
      home: HOSTS[n % HOSTS.length] ?? "a",
      // Every third of each host.
      floats: Math.floor(n / HOSTS.length) % 3 === 0,
    }));
  }

  /** Starts everything; it ends with the test. */
  static async start(workers: number): Promise<Drill> {
    const redis = await startSentinels({ persistence: "aof" });
    onTestFinished(() => redis[Symbol.asyncDispose]());
    const { url, dir, env } = await startSandbox();
    const shared = {
      ...{ ...env, FLEET_KEY, HOSTS: "several" },
      ...{ REDIS_SENTINELS: redis.sentinels.join(","), REDIS_SENTINEL_NAME: redis.name },
      ...{ START_SPACING_S: "0.2", RESTART_DELAY_S: "1", LOCK_DELAYS_S: "2", LOG_LEVEL: "info" },
      ...{ SENDS_PER_MINUTE: "6000", HTTP_PORT: "0" },
    };
    const cables = await layRedisCables(redis);
    const host = async (name: HostName): Promise<Host> => {
      const own = `${dir}/host-${name}`;
      mkdirSync(`${own}/owner`, { recursive: true, mode: 0o700 });
      const place = { dir: own, url, env: shared };
      const more = {
        ...{ DATA_DIR: `${own}/data`, OWNER_DIR: `${own}/owner`, HOST_ID: `host-${name}` },
        ...{ LOCAL_ADDRESS: ADDRESS[name], HOST_URL: `http://127.0.0.1:${await freePort()}` },
      };
      const way = name === "b" ? { REDIS_SENTINELS: cables.sentinels.join(",") } : {};
      return { place, env: { ...shared, ...more, ...way }, process: null };
    };
    const hosts = { a: await host("a"), b: await host("b"), c: await host("c") };
    const drill = new Drill(redis, url, { hosts, cables, workers });
    await drill.comeBack("a");
    await drill.comeBack("b");
    await drill.comeBack("c");
    await drill.#addWorkers();
    return drill;
  }

  /** The admin's side of the chat. */
  chat(): AdminChat {
    const [process] = Object.values(this.#hosts).flatMap((each) => each.process ?? []);
    if (!process) throw new Error("no host runs");
    return new AdminChat({
      ...{ process, url: this.#url, dataDir: this.#hosts.a.place.dir },
      ...{ get: (path) => this.get(path), post: (path, body) => this.post(path, body) },
      place: () => this.#place(),
    });
  }

  /** SIGKILL to a host: the kernel ends its processes with it. */
  async lose(name: HostName): Promise<void> {
    const { process } = this.#hosts[name];
    process?.kill("SIGKILL");
    await process?.exited;
    this.#hosts[name].process = null;
  }

  /** Starts a host, or starts it again in its folder. */
  async comeBack(name: HostName): Promise<void> {
    const { place, env } = this.#hosts[name];
    const isFirst = name === "a";
    const process = spawnNode(isFirst ? CLI : SUPERVISOR, isFirst ? ["up"] : [], {
      cwd: place.dir,
      env: { ...env },
    });
    this.#hosts[name].process = process;
    await process.waitForOutput(isFirst ? /Health: \S+|is a standby/ : /joined the fleet/, 120_000);
  }

  /** Stops all processes of a host where they stand; `thaw` lets them go on. */
  freeze(name: HostName): void {
    for (const pid of this.#pidsOf(name)) process.kill(pid, "SIGSTOP");
  }

  thaw(name: HostName): void {
    for (const pid of this.#pidsOf(name).toReversed()) process.kill(pid, "SIGCONT");
  }

  /** Host b has no Redis, and Telegram as before; `plugIn` gives it back. */
  cutOff(): void {
    this.#cables.pull();
  }

  plugIn(): void {
    this.#cables.plugIn();
  }

  /** As an owner does: ⏏️ Drain of a host, 🚚 Move them. */
  async drain(name: HostName): Promise<void> {
    const chat = await this.#atHost(name);
    for (const label of ["Drain", "Move them"]) await chat.press(label);
  }

  /** Waits until the drain of a host is over; returns seconds. */
  async untilDrained(name: HostName): Promise<number> {
    const from = Date.now();
    const over = new RegExp(`Drain host-${name}[\\s\\S]*takes no workers until you press`);
    await this.chat().shows(over, 600_000);
    return (Date.now() - from) / 1000;
  }

  /** As an owner does: ▶️ the drained host takes workers again. */
  async endDrain(name: HostName): Promise<void> {
    const chat = await this.#atHost(name);
    for (const label of ["Drain", "Take workers again"]) await chat.press(label);
    await chat.shows(/takes workers again since/);
  }

  /** The master that was lost comes back, and the sentinels make a replica of it. */
  async reviveRedis(): Promise<void> {
    await this.#lostRedis?.restart();
    const master = this.redis.servers.find(({ port }) => port === this.#master);
    await waitFor(
      async () => {
        const info = String(await master?.command("INFO", "replication"));
        return info.split("state=online").length - 1 === this.redis.servers.length - 1;
      },
      { timeoutMs: 90_000, what: "every other server to be a replica" },
    );
  }

  async #atHost(name: HostName): Promise<AdminChat> {
    const chat = this.chat();
    await chat.start();
    await chat.say("/health");
    for (const label of ["Hosts", `host-${name}`]) await chat.press(label);
    return chat;
  }

  /** SIGKILL to the master of Redis. */
  async failOver(): Promise<void> {
    const port = await this.redis.masterPort();
    this.#lostRedis = this.redis.servers.find((each) => each.port === port) ?? null;
    await this.#lostRedis?.kill9();
    this.#master = await waitFor(
      async () => {
        const now = await this.redis.masterPort();
        return now === port ? null : now;
      },
      { timeoutMs: 60_000, what: "another master" },
    );
  }

  /** As an owner does on another host: take-over of the bot, then the bot there. */
  async takeOverBot(name: HostName): Promise<void> {
    const { env, place } = this.#hosts[name];
    const run = { cwd: place.dir, env: { ...env } };
    const taking = async (): Promise<boolean> =>
      (await spawnNode(CLI, ["bot", "--take-over", "--yes"], run).exited).code === 0;
    await waitFor(taking, { timeoutMs: 60_000, intervalMs: 1000, what: "the take-over" });
    const bot = spawnNode(BOT, [], run);
    await bot.waitForOutput(/Polling|is ready|polls|active/i, 60_000);
  }

  /** Host of each account on Telegram. */
  async onTelegram(): Promise<ReadonlyMap<string, HostName>> {
    const live = await this.get<{ phone: string | null; remoteAddress: string }[]>("connections");
    return new Map(
      live.flatMap(({ phone, remoteAddress }) => {
        const host = HOSTS.find((each) => ADDRESS[each] === remoteAddress);
        return phone === null || !host ? [] : [[phone, host] as const];
      }),
    );
  }

  /** Waits until these accounts are on Telegram, from one of these hosts; returns seconds. */
  async untilOn(
    members: readonly Member[],
    hosts: readonly HostName[],
    timeoutMs = 180_000,
  ): Promise<number> {
    const from = Date.now();
    const missing: string[] = [];
    await waitFor(
      async () => {
        const now = await this.onTelegram();
        const not = members.filter(({ phone }) => {
          const on = now.get(phone);
          return on === undefined || !hosts.includes(on);
        });
        missing.splice(0, missing.length, ...not.map(({ name }) => name));
        return not.length === 0;
      },
      { timeoutMs, intervalMs: 100, what: `all to be on ${hosts.join()}` },
    ).catch((error: unknown) => {
      throw new Error(`not on Telegram: ${missing.join()}\n${this.#lastWords(missing)}`, {
        cause: error,
      });
    });
    return (Date.now() - from) / 1000;
  }

  /** The accounts that are on Telegram from a host now: floating ones have not come home. */
  async there(name: HostName): Promise<Member[]> {
    const now = await this.onTelegram();
    return this.members.filter(({ phone }) => now.get(phone) === name);
  }

  /** Waits until a host has at most `count` accounts on Telegram; returns seconds. */
  async untilAtMost(count: number, name: HostName): Promise<number> {
    const from = Date.now();
    await waitFor(async () => (await this.there(name)).length <= count, {
      ...{ timeoutMs: 60_000, intervalMs: 20, what: `at most ${count} on ${name}` },
    });
    return (Date.now() - from) / 1000;
  }

  /**
   * Watches for `watchMs`, and longer until all are on Telegram; returns the seconds after which
   * none was missing any more, 0 = none was ever.
   */
  async lastMissing(members: readonly Member[], watchMs: number): Promise<number> {
    const from = Date.now();
    let last = 0;
    for (let left = watchMs; left > 0; left = watchMs - (Date.now() - from)) {
      const now = await this.onTelegram();
      if (!members.every(({ phone }) => now.has(phone))) last = Date.now() - from;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const more = await this.untilOn(members, HOSTS);
    return (more > 0.5 ? Date.now() - from : last) / 1000;
  }

  /** What the logs and the cards of some workers, and the screen of routes, say. */
  async #evidence(members: readonly Member[]): Promise<string> {
    const names = members.map(({ name }) => name);
    const chat = this.chat();
    const said = async (text: string): Promise<string> => {
      await chat.say(text);
      const seen = await chat.messages();
      const ask = seen.findLast((each) => each.from === "user")?.id ?? 0;
      const answer = async (): Promise<string | undefined> =>
        (await chat.messages()).find(({ id, from }) => from === "bot" && id > ask)?.text;
      return await waitFor(answer, { what: `an answer to ${text}` }).catch(String);
    };
    const cards = [];
    for (const text of ["/routes", "/alerts", ...names.map((name) => `/status ${name}`)])
      cards.push(await said(text));
    return [...cards, this.#lastWords(names)].join("\n");
  }

  /** The end of the logs of some workers, on every host. */
  #lastWords(names: readonly string[]): string {
    return names
      .flatMap((name) =>
        HOSTS.map((host) => {
          const path = `${this.#hosts[host].place.dir}/data/logs/${name}.log`;
          const end = existsSync(path) ? readFileSync(path, "utf8").slice(-1500) : "no log";
          return `--- ${name} on host-${host}\n${end}`;
        }),
      )
      .join("\n");
  }

  /** Turns 🛟 on for those that float, and waits for their records. */
  async float(): Promise<void> {
    const sender = await this.#sender();
    for (const { name } of this.members.filter(({ floats }) => floats))
      await sender.toWorker({ ...asked(name), kind: "float", on: true });
    const board = await this.#place();
    await waitFor(
      async () => {
        const rows = await this.#floating(board);
        return this.members.every(({ name, floats }) => !floats || rows.includes(name));
      },
      { timeoutMs: 60_000, intervalMs: 500, what: "a record of each" },
    );
    await sender.close();
  }

  /** Routes from a reader of one host to a sender of the next one; then posts without an end. */
  async relay(count: number): Promise<void> {
    const routes: Route[] = [];
    for (let n = 0; n < count; n += 1) {
      const [reader, sender] = [this.members[n], this.members[(n + 1) % this.members.length]];
      if (!reader || !sender) throw new Error("too few accounts");
      const channel = async (username: string): Promise<string> => {
        // Members of a supergroup may write.
        const made = {
          ...{ title: username, username, supergroup: username.startsWith("target") },
          members: [reader.phone, sender.phone],
        };
        return (await this.post<{ id: string }>("channels", made)).id;
      };
      const [source, target] = [await channel(`source_${n}`), await channel(`target_${n}`)];
      this.#sources.push({ source, target, reader: reader.phone, sent: [] });
      routes.push(
        Route.parse({
          ...{ id: `r${n}`, action: { kind: "copy" }, alert: "off" },
          from: { worker: reader.name, chats: [`@source_${n}`] },
          to: { kind: "worker", worker: sender.name, chat: `@target_${n}` },
        }),
      );
    }
    const place = await this.#place();
    const file = { version: 1 as const, routes };
    await waitFor(
      async () =>
        (await askBot(place, { v: 1, kind: "routes.apply", file }, 20_000)).kind === "applied",
      { timeoutMs: 120_000, what: "the routes to be taken" },
    );
    await Promise.all(this.#sources.map((each) => this.#knock(each)));
    this.#isPosting = true;
    this.#posting = this.#post();
    this.#posting.catch(() => {});
  }

  /** Stops posting; what was not delivered exactly once and in order, by route. Empty: all was. */
  async settle(
    timeoutMs = 240_000,
  ): Promise<{ readonly posted: number; readonly wrong: string[] }> {
    this.#isPosting = false;
    await this.#posting;
    const late = async (): Promise<number> => {
      const all = await Promise.all(this.#sources.map((each) => this.#arrived(each)));
      return this.#sources.filter(({ sent }, n) => !sent.every((text) => all[n]?.includes(text)))
        .length;
    };
    await waitFor(async () => (await late()) === 0, {
      ...{ timeoutMs, intervalMs: 1000, what: "every message" },
    }).catch(() => {});
    const wrong: string[] = [];
    for (const [n, each] of this.#sources.entries()) {
      const there = await this.#arrived(each);
      for (const text of each.sent) {
        const times = there.filter((found) => found === text).length;
        if (times !== 1) wrong.push(`r${n}: ${text} arrived ${times} times`);
      }
    }
    const blamed = this.#sources.flatMap((_, n) =>
      wrong.some((line) => line.startsWith(`r${n}:`)) ? [this.members[n], this.members[n + 1]] : [],
    );
    if (wrong.length > 0) wrong.unshift(await this.#evidence(blamed.flatMap((each) => each ?? [])));
    return { posted: this.#sources.reduce((sum, { sent }) => sum + sent.length, 0), wrong };
  }

  /** Sessions that were used twice at once, by the sandbox's record. */
  async usedTwice(): Promise<string[]> {
    return judge(await this.get<Recorded[]>("connections/log"));
  }

  async get<T>(path: string): Promise<T> {
    return await call(`${this.#url}/control/${path}`);
  }

  async post<T>(path: string, body: unknown = {}): Promise<T> {
    return await call(`${this.#url}/control/${path}`, {
      ...{ method: "POST", headers: { "content-type": "application/json" } },
      body: JSON.stringify(body),
    });
  }

  #pidsOf(name: HostName): number[] {
    const root = this.#hosts[name].process?.pid;
    if (root === undefined) return [];
    return [root, ...childrenOf(root).map(({ pid }) => pid)];
  }

  async #knock(each: Source): Promise<void> {
    // The same text again and again would look like a loop.
    const knocked = async (): Promise<boolean> => {
      await this.post(`channels/${each.source}/messages`, { text: `knock ${randomUUID()}` });
      return (await this.#arrived(each)).some((text) => text.startsWith("knock"));
    };
    await waitFor(knocked, { timeoutMs: 120_000, intervalMs: 1000, what: "the route to work" });
  }

  async #arrived({ reader, target }: Source): Promise<string[]> {
    const all = await this.get<{ text: string; media: unknown }[]>(
      `accounts/${reader}/history?chat=${target}`,
    );
    return all.map(({ text, media }) => (text.startsWith("photo") && !media ? `no ${text}` : text));
  }

  async #post(): Promise<void> {
    for (let n = 1; this.#isPosting; n += 1) {
      for (const each of this.#sources) {
        const isPhoto = n % 10 === 0;
        const text = `${isPhoto ? "photo" : "text"} ${n}.`;
        const file = { name: "a.png", mime: "image/png", base64: PNG, kind: "photo" };
        const body = isPhoto ? { text, file } : { text };
        await this.post(`channels/${each.source}/messages`, body);
        each.sent.push(text);
      }
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
  }

  async #floating(place: QueuePlace): Promise<string[]> {
    const { StandbyBoard } = await import("@flotilla/queue");
    const board = new StandbyBoard(place, () => {});
    try {
      await board.ready();
      return (await board.all()).map(({ worker }) => worker);
    } finally {
      board.close();
    }
  }

  async #place(): Promise<QueuePlace> {
    const fleetKey = Buffer.from(FLEET_KEY, "hex");
    const redis = {
      ...({ kind: "sentinel", login: {}, tls: null } as const),
      nodes: parseHostPorts(this.redis.sentinels.join(","), 26_379) ?? [],
      name: this.redis.name,
    };
    const fleet = await findFleet({ redis, fleetKey, known: null, waitMs: 30_000 });
    return fleetPlace({ redis, fleet, fleetKey });
  }

  async #sender(): Promise<CommandSender> {
    const sender = new CommandSender(await this.#place(), () => {});
    await sender.ready();
    return sender;
  }

  async #addWorkers(): Promise<void> {
    const sender = await this.#sender();
    const left = [...this.members];
    const one = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const member = next;
        const { name, phone, home } = member;
        await this.post("accounts", { phone, firstName: name });
        const codeOf = async (): Promise<string> =>
          (await this.get<{ code: string }>(`accounts/${phone}/code`)).code;
        await logIn(this.#hosts[home].place, { name, phone, codeOf });
        await sender.toHost(hostIdOf(home), { ...asked(name), kind: "start" });
        await this.untilOn([member], [home]);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    await sender.close();
  }
}

const hostIdOf = (name: HostName): HostId => parseHostId(`host-${name}`);

function asked(name: string) {
  const now = Date.now();
  const who = { askedBy: { id: "1001", name: "Ann" }, askedAt: now, deadlineAt: now + 60_000 };
  return { v: 1, id: randomUUID(), worker: parseWorkerId(name), ...who } as const;
}

async function call<T>(url: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

import { randomUUID } from "node:crypto";
import { loadavg } from "node:os";
import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import { CommandSender, findFleet, fleetPlace } from "@flotilla/queue";
import { childrenOf, type SpawnedProcess, waitFor } from "@flotilla/testkit";
import { onTestFinished } from "vitest";
import { AdminChat } from "../../e2e/support/chat.ts";
import { launchFleet, type TestFleet } from "../../e2e/support/fleet.ts";
import type { Recorded } from "../judge.ts";
import type { Happening, Told } from "./model.ts";
import { ADMINS, FLEET_KEY, logIn, startPlace } from "./place.ts";
import { BotRecord } from "./record.ts";
import { storyTable } from "./table.ts";

/** Accounts that log in, and workers that start, at the same time. */
const AT_ONCE = 4;

/** How the processes stood it since the last time that it was asked. */
export interface Strain {
  /** The longest hold of the event loop. Milliseconds. */
  readonly botMs: number;
  readonly supervisorMs: number;
  /** The highest load average of a minute. */
  readonly load: number;
}

/** A fleet to which a story happens, and the book of what happened. */
export class StoryRig {
  readonly names: readonly string[];
  readonly ann: AdminChat;
  readonly bob: AdminChat;
  /** Of people, which the judge has to know. */
  readonly presses: { readonly chat: string; readonly at: number }[] = [];
  readonly #place: Awaited<ReturnType<typeof startPlace>>;
  readonly #record: BotRecord;
  readonly #happened: Happening[] = [];
  /** Ids of the keys of the accounts. */
  readonly #keys = new Map<string, string>();
  #launcher: SpawnedProcess;
  #highestLoad = 0;

  private constructor(place: Awaited<ReturnType<typeof startPlace>>, workers: number) {
    this.#place = place;
    this.names = Array.from({ length: workers }, (_, n) => `acc_${String(n + 1).padStart(2, "0")}`);
    this.#record = new BotRecord((path) => this.get(path));
    this.#launcher = launchFleet(place.dir, place.env);
    const fleet = this.#fleet();
    this.ann = new AdminChat(fleet, ADMINS.ann);
    this.bob = new AdminChat(fleet, ADMINS.bob);
  }

  /** A fleet whose workers are all on Telegram. Everything ends with the test. */
  static async start(
    workers: number,
    settings: Readonly<Record<string, string>>,
  ): Promise<StoryRig> {
    const rig = new StoryRig(await startPlace(settings), workers);
    const watch = setInterval(() => {
      rig.#highestLoad = Math.max(rig.#highestLoad, loadavg()[0] ?? 0);
    }, 1000);
    onTestFinished(() => clearInterval(watch));
    // What a person would look at first.
    onTestFinished(async ({ task }) => {
      if (task.result?.state === "fail")
        process.stdout.write(`${storyTable(await rig.happened(), await rig.told())}\n`);
    });
    await rig.#ready();
    await rig.#addWorkers();
    return rig;
  }

  /** Address of the chat page. */
  get url(): string {
    return this.#place.url;
  }

  /** What happened so far; a worker that crashed is back when Telegram let it in. */
  async happened(): Promise<Happening[]> {
    const logins = await this.#logins();
    return this.#happened.map((each) => {
      if (each.trouble !== "crash") return each;
      return {
        ...each,
        over: logins.find(({ name, at }) => name === each.about && at > each.at)?.at ?? null,
      };
    });
  }

  /** What the bot wrote into chats, by the sandbox's record. */
  async told(): Promise<Told[]> {
    return await this.#record.told();
  }

  /** SIGKILL to the processes of these workers, all at once. */
  crash(names: readonly string[], withinMs = 1000): void {
    const pids = names.map((name) => this.#pidOf(name));
    const at = Date.now();
    for (const pid of pids) process.kill(pid, "SIGKILL");
    for (const about of names)
      this.#happened.push({ trouble: "crash", about, at, over: null, withinMs });
  }

  /** The user ends these sessions in Settings → Devices. */
  async end(names: readonly string[], withinMs: number): Promise<void> {
    for (const about of names) {
      this.#happened.push({ trouble: "ended", about, at: Date.now(), over: null, withinMs });
      await this.#call(`accounts/${this.#phoneOf(about)}/sessions/${this.#keys.get(about)}`, {
        method: "DELETE",
      });
    }
  }

  /** SIGKILL to the bot, which its launcher starts again. */
  killBot(): void {
    process.kill(this.#serviceOf("bot"), "SIGKILL");
  }

  /** Redis hangs while `during` runs. */
  async hang(during: () => Promise<void>, withinMs: number): Promise<void> {
    const at = Date.now();
    this.#place.redis.freeze();
    await during();
    this.#place.redis.thaw();
    this.#happened.push({ trouble: "redis", about: "Redis", at, over: Date.now(), withinMs });
  }

  /**
   * The Bot API cuts every connection while `during` runs; what happens meanwhile is due when it is
   * back.
   */
  async withoutBotApi(during: () => Promise<void>): Promise<void> {
    const before = this.#happened.length;
    await this.post("faults/bot", { method: "*", times: 1_000_000, error: { cut: true } });
    await during();
    await this.#record.collect();
    await this.post("faults/heal");
    const back = Date.now();
    for (const [index, each] of this.#happened.entries())
      if (index >= before)
        this.#happened[index] = { ...each, withinMs: each.withinMs + back - each.at };
  }

  /**
   * Stops and starts Flotilla on purpose, as with Ctrl+C and `npm start`. Resolves when every
   * account whose session did not end is on Telegram, also one that was down before.
   */
  async restart(): Promise<void> {
    const ended = new Set(
      this.#happened.flatMap(({ trouble, about }) => (trouble === "ended" ? [about] : [])),
    );
    const wanted = this.names.filter((name) => !ended.has(name)).map((name) => this.#phoneOf(name));
    this.#launcher.kill("SIGTERM");
    const { code } = await this.#launcher.exited;
    if (code !== 0) throw new Error(`the launcher ended with ${code}: ${this.#launcher.stderr}`);
    this.#launcher = launchFleet(this.#place.dir, this.#place.env);
    await this.#ready();
    const areBack = async (): Promise<boolean> => {
      const now = await this.onTelegram();
      return wanted.every((phone) => now.has(phone));
    };
    await waitFor(areBack, {
      timeoutMs: 300_000,
      intervalMs: 200,
      what: "the accounts to be back",
    });
  }

  /** Phones that are on Telegram. */
  async onTelegram(): Promise<Set<string>> {
    const live = await this.get<{ phone: string | null }[]>("connections");
    return new Set(live.flatMap(({ phone }) => phone ?? []));
  }

  /** Presses a button and returns what the bot answered. */
  async press(who: keyof typeof ADMINS, label: string): Promise<string> {
    this.presses.push({ chat: String(ADMINS[who]), at: Date.now() });
    const { answered, toast } = await this[who].press(label);
    if (!answered) throw new Error(`no answer to “${label}” of ${who}`);
    return toast?.text ?? "";
  }

  /** How often each account came to Telegram since. */
  async loginsSince(since: number): Promise<Record<string, number>> {
    const logins = await this.#logins();
    const count = (name: string): number =>
      logins.filter((each) => each.name === name && each.at > since).length;
    return Object.fromEntries(this.names.map((name) => [name, count(name)]));
  }

  async strain(): Promise<Strain> {
    const [, bot = "", supervisor = ""] =
      /Health: (\S+)\/healthz \(bot\), (\S+)\/healthz/.exec(this.#launcher.stdout) ?? [];
    const holdMs = async (url: string): Promise<number> => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return Math.round(Number(/^nodejs_eventloop_lag_max_seconds (\S+)/m.exec(text)?.[1]) * 1000);
    };
    const load = this.#highestLoad;
    this.#highestLoad = 0;
    return { botMs: await holdMs(bot), supervisorMs: await holdMs(supervisor), load };
  }

  async get<T>(path: string): Promise<T> {
    return await this.#call(path);
  }

  async post<T>(path: string, body: unknown = {}): Promise<T> {
    return await this.#call(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  async #call<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await fetch(`${this.url}/control/${path}`, init);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async #ready(): Promise<void> {
    await this.#launcher.waitForOutput(
      /Flotilla is ready — open https:\S+[\s\S]*Health: \S+/,
      60_000,
    );
  }

  /** As the helpers of other tests want a fleet; its process is another one after a restart. */
  #fleet(): TestFleet {
    return {
      process: this.#launcher,
      url: this.url,
      dataDir: `${this.#place.dir}/data`,
      get: (path) => this.get(path),
      post: (path, body) => this.post(path, body),
      place: async () => {
        const { url } = this.#place.redis;
        const fleetKey = Buffer.from(FLEET_KEY, "hex");
        return fleetPlace({
          redis: url,
          fleetKey,
          fleet: await findFleet({ redis: url, fleetKey, known: null, waitMs: 0 }),
        });
      },
    };
  }

  /** Each time that an account came to Telegram. */
  async #logins(): Promise<{ readonly name: string; readonly at: number }[]> {
    const names = new Map([...this.#keys].map(([name, key]) => [key, name]));
    const record = await this.get<Recorded[]>("connections/log");
    return record.flatMap(({ at, event, keyId }) => {
      const name = event === "authorised" ? names.get(keyId ?? "") : undefined;
      return name === undefined ? [] : [{ name, at }];
    });
  }

  #pidOf(name: string): number {
    const found = childrenOf(this.#serviceOf("supervisor")).find(({ command }) =>
      command.includes(`--worker ${name}`),
    );
    if (!found) throw new Error(`${name} has no process`);
    return found.pid;
  }

  #serviceOf(app: "bot" | "supervisor"): number {
    const found = childrenOf(this.#launcher.pid).find(({ command }) =>
      command.includes(`/${app}/src/main.ts`),
    );
    if (!found) throw new Error(`the ${app} does not run`);
    return found.pid;
  }

  #phoneOf(name: string): string {
    return `1555030${String(this.names.indexOf(name)).padStart(4, "0")}`;
  }

  async #logIn(name: string): Promise<void> {
    const phone = this.#phoneOf(name);
    await this.post("accounts", { phone, firstName: name });
    const codeOf = async (): Promise<string> =>
      (await this.get<{ code: string }>(`accounts/${phone}/code`)).code;
    await logIn(this.#place, { name, phone, codeOf });
    const [session] = await this.get<{ keyId: string }[]>(`accounts/${phone}/sessions`);
    this.#keys.set(name, session?.keyId ?? "");
  }

  /** Each starts as soon as it is logged in: a session without a worker is a trouble of its own. */
  async #addWorkers(): Promise<void> {
    const sender = new CommandSender(await this.#fleet().place(), () => {});
    await sender.ready();
    await inTurns(this.names, async (name) => {
      await this.#logIn(name);
      const now = Date.now();
      const asked = {
        askedBy: { id: "1001", name: "Ann" },
        askedAt: now,
        deadlineAt: now + 60_000,
      };
      const command = {
        v: 1,
        id: randomUUID(),
        worker: parseWorkerId(name),
        ...asked,
        kind: "start",
      } as const;
      await sender.toHost(parseHostId("host-a"), command);
      const isThere = async (): Promise<boolean> =>
        (await this.onTelegram()).has(this.#phoneOf(name));
      await waitFor(isThere, {
        timeoutMs: 60_000,
        intervalMs: 100,
        what: `${name} to be on Telegram`,
      });
    });
    await sender.close();
  }
}

async function inTurns(
  names: readonly string[],
  work: (name: string) => Promise<void>,
): Promise<void> {
  const left = [...names];
  const one = async (): Promise<void> => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) await work(name);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

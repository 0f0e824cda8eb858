import { fenceKey, leaseKey, leaseQuietKey, leaseRunKey } from "@flotilla/contracts";
import { sharedRedis } from "@flotilla/testkit";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect } from "vitest";
import { type LeaseAnswer, parseAnswer, RELEASE, TAKE } from "../src/lease-script.ts";
import { type Question, Tenure } from "../src/tenure.ts";

/**
 * Random schedules over the real script on a real Redis, and the holders' own rule. The test moves
 * the time by shortening the TTLs of the keys; next to a unit, real time does not count.
 */
const UNIT_MS = 1_000_000;
const [TTL, ACT, HANG_UP] = [20, 10, 8];
const PREFIX = "{flotilla.0123456789abcdef}";
export const HOSTS = ["a", "b", "c"] as const;
export type Host = (typeof HOSTS)[number];

let redis: Redis;
beforeAll(async () => {
  redis = new Redis((await sharedRedis()).url);
});
afterAll(() => redis.disconnect());

/** Takes time from the TTLs of all keys. */
const PASS = `
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left > 0 then redis.call('PEXPIRE', key, math.max(left - tonumber(ARGV[1]), 0)) end
end
return 1`;

/** A step of a schedule. */
export type Op =
  | { readonly op: "pass"; readonly units: number }
  | {
      readonly op: "ask" | "serve" | "hear" | "drop" | "freeze" | "wake" | "crash" | "leave";
      readonly host: Host;
    }
  | { readonly op: "jump"; readonly host: Host; readonly units: number }
  | { readonly op: "snap" | "lose" | "restart" | "go back" };

/** A message on its way between a holder and Redis. */
type Way = {
  readonly question: Question;
  readonly life: number;
  readonly token: string;
  readonly answer?: LeaseAnswer;
};

class World {
  now = 0;
  /** Run of the Redis process: messages to one run never reach the next. */
  life = 0;
  highest = { fence: 0, token: "" };
  readonly holders = HOSTS.map((host) => new Holder(this, host));
  #snapshot: {
    readonly at: number;
    readonly rows: readonly (readonly [string, string, number])[];
  } = { at: 0, rows: [] };

  holder(host: Host): Holder {
    return this.holders[HOSTS.indexOf(host)] as Holder;
  }

  async pass(units: number): Promise<void> {
    this.now += units * UNIT_MS;
    for (const each of this.holders) if (each.asleep) each.slept += units * UNIT_MS;
    await redis.eval(PASS, 0, units * UNIT_MS);
  }

  async snap(): Promise<void> {
    const rows = await Promise.all(
      (await redis.keys("*")).map(
        async (key) => [key, (await redis.get(key)) ?? "", await redis.pttl(key)] as const,
      ),
    );
    this.#snapshot = { at: this.now, rows };
  }

  /** Replaces the Redis process; `kept` is what its data survives. */
  async restart(kept: "all" | "nothing" | "snapshot"): Promise<void> {
    this.life++;
    if (kept === "snapshot") {
      const passed = this.now - this.#snapshot.at;
      await redis.flushdb();
      for (const [key, value, left] of this.#snapshot.rows)
        if (left < 0) await redis.set(key, value);
        else if (left > passed) await redis.set(key, value, "PX", left - passed);
    }
    if (kept === "nothing") await redis.flushdb();
    else if ((await redis.exists(leaseRunKey(PREFIX))) === 1)
      await redis.set(leaseRunKey(PREFIX), `before:${this.life}`);
    // A process does not end and begin within one millisecond of its clock.
    while (
      Number((await redis.time())[0]) * 1000 + Number((await redis.time())[1]) / 1000 <=
      this.highest.fence + 2
    );
  }

  /**
   * Never two at once, and the one before is disconnected from Telegram, which closed its
   * connection 8 s after its last ping.
   */
  check(): void {
    const acting = this.holders.filter((each) => each.acts());
    expect(
      acting.map(({ host }) => host).length,
      `acting: ${acting.map(({ host }) => host).join()}`,
    ).toBeLessThan(2);
  }
}

class Holder {
  readonly host: Host;
  readonly #world: World;
  #life = 0;
  #tenure: Tenure;
  taken = false;
  #way: Way | null = null;
  #disk = 0;
  /** It noticed the end of its tenure and disconnected from Telegram. */
  #left = true;
  frozen = false;
  asleep = false;
  slept = 0;
  #jumped = 0;

  constructor(world: World, host: Host) {
    [this.#world, this.host] = [world, host];
    this.#tenure = this.#begin();
  }

  get #token(): string {
    return `${this.host}${this.#life}`;
  }

  #begin(): Tenure {
    const clock = {
      monotonicMs: () => this.#world.now - this.slept,
      now: () => this.#world.now + this.#jumped,
    };
    return new Tenure({ clock, actMs: ACT * UNIT_MS, endless: false });
  }

  /** A stopped process does not read its clock, and may act right after it continues. */
  acts(): boolean {
    if (this.taken) return false;
    if (!this.frozen) this.#left = !this.#tenure.lasts();
    return !this.#left && this.#tenure.leftMs() > 0;
  }

  /** One process ends, and another one opens the same file. */
  crash(): void {
    this.#life++;
    this.taken = false;
    this.#left = true;
    this.#way = null;
    [this.frozen, this.asleep] = [false, false];
    this.#tenure = this.#begin();
  }

  async leave(): Promise<void> {
    if (this.frozen) return;
    const { held } = this.#tenure;
    const token = this.#token;
    this.crash();
    if (held.length > 0) await redis.eval(RELEASE, held.length, ...held, token);
  }

  freeze(): void {
    this.frozen = true;
    // For one of the hosts, the whole machine.
    this.asleep = this.host === "a";
  }

  wake(): void {
    [this.frozen, this.asleep] = [false, false];
  }

  jump(units: number): void {
    // A clock that is set back while its machine sleeps hides the time from both clocks.
    if (this.host !== "a") this.#jumped += units * UNIT_MS;
  }

  ask(): void {
    if (this.frozen || this.taken || this.#way) return;
    const resources = ["key.0", this.host === "c" ? "name.copy" : "name.news"];
    const keys = resources.map((each) => leaseKey(PREFIX, each));
    this.#way = {
      question: this.#tenure.question(keys, this.#disk),
      life: this.#world.life,
      token: this.#token,
    };
  }

  drop(): void {
    this.#way = null;
  }

  async serve(): Promise<void> {
    if (!this.#way || this.#way.answer) return;
    if (this.#way.life !== this.#world.life) return this.drop();
    const { question, token } = this.#way;
    const { keys, granted, known } = question;
    const owner = `boot:${this.host}`;
    const record = { token, owner, host: this.host, worker: "news", since: 1 };
    const fences = keys.map((key) => fenceKey(PREFIX, key));
    const args = [
      keys.length,
      token,
      owner,
      JSON.stringify(record),
      TTL * UNIT_MS,
      known,
      granted ? "1" : "0",
      TTL * UNIT_MS,
    ];
    const all = [...keys, ...fences, leaseRunKey(PREFIX), leaseQuietKey(PREFIX)];
    const answer = parseAnswer(await redis.eval(TAKE, all.length, ...all, ...args));
    this.#way = { ...this.#way, answer };
    if (answer.kind !== "granted") return;
    const { highest } = this.#world;
    const mine = highest.token === token;
    expect(answer.fence, `${token} after ${highest.token}`).toBeGreaterThanOrEqual(
      mine ? highest.fence : highest.fence + 1,
    );
    this.#world.highest = { fence: answer.fence, token };
  }

  hear(): void {
    const way = this.#way;
    if (this.frozen || !way?.answer) return;
    this.#way = null;
    if (way.answer.kind === "held") this.taken = true;
    if (way.answer.kind !== "granted") return;
    this.#left = !this.#tenure.begin(way.question, way.answer.fence);
    if (this.#left) return;
    expect(way.answer.fence).toBeGreaterThanOrEqual(this.#disk);
    this.#disk = way.answer.fence;
    for (const other of this.#world.holders)
      if (other !== this)
        expect(other.#overFor(), `${other.host} is off Telegram`).toBeGreaterThanOrEqual(
          HANG_UP * UNIT_MS,
        );
  }

  /** Time since the tenure ended, for a holder that could not disconnect. */
  #overFor(): number {
    return this.taken || (!this.acts() && this.#left)
      ? Number.POSITIVE_INFINITY
      : -this.#tenure.leftMs();
  }
}

async function run(world: World, op: Op): Promise<void> {
  if (op.op === "pass") await world.pass(op.units);
  else if (op.op === "snap") await world.snap();
  else if (op.op === "lose") await world.restart("nothing");
  else if (op.op === "restart") await world.restart("all");
  else if (op.op === "go back") await world.restart("snapshot");
  else if (op.op === "jump") world.holder(op.host).jump(op.units);
  else if ("host" in op) await world.holder(op.host)[op.op]();
  world.check();
}

/** Every host asks and gets its answer, a unit at a time, for longer than any wait. */
async function calm(world: World): Promise<void> {
  for (const each of world.holders) each.wake();
  for (let unit = 0; unit < 3 * TTL; unit++) {
    for (const each of world.holders) {
      if (each.taken) each.crash();
      each.drop();
      each.ask();
      await each.serve();
      each.hear();
      world.check();
    }
    await world.pass(1);
  }
}

/** Runs a schedule, then ends all faults: exactly one host must act. */
export async function follow(ops: readonly Op[]): Promise<void> {
  await redis.flushdb();
  const world = new World();
  await world.pass(0);
  for (const op of ops) await run(world, op);
  await calm(world);
  expect(world.holders.filter((each) => each.acts())).toHaveLength(1);
}

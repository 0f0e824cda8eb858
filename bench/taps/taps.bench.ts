import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { childEnv, redisProgram } from "@flotilla/config";
import { startEmbeddedRedis } from "@flotilla/queue";
import { type Sandbox, startSandbox } from "@flotilla/sandbox";
import { isAlive } from "@flotilla/testkit";
import type { Bench, Measured } from "../lib/bench.ts";
import { median, quantile, rounded } from "../lib/stats.ts";
import { signal, soon } from "../supervision/keeper.ts";
import { Phone } from "./phone.ts";

const TOKEN = `1:${"A".repeat(30)}`;
const ADMIN = 7;
const FLOOR = "Bot API round trip";
const PING = "Redis PING";
/** Bot and supervisor have separate data folders: the key makes them one fleet. */
const FLEET_KEY = "ab".repeat(32);
const BOUND = "12 × Redis PING + Bot API round trip";

const bench: Bench = {
  summary:
    "time from a tap to its answer and to the card: real bot, supervisor and Redis on the sandbox",
  async run({ dir, quick, skip }) {
    const program = redisProgram();
    if (program === null) {
      skip("everything: no Redis here. Run it by npm run bench, which finds one.");
      return [];
    }
    await using stack = new AsyncDisposableStack();
    const redis = await startEmbeddedRedis({ program, dir: join(dir, "redis"), env: {} });
    stack.defer(() => redis.stop());
    const sandbox = await startSandbox({ botToken: TOKEN, admin: { id: ADMIN, firstName: "Ann" } });
    stack.defer(() => sandbox.close());
    for (const app of ["bot", "supervisor"] as const) {
      const running = start(app, dir, redis.url, sandbox);
      stack.defer(() => ended(running));
    }
    const line = connect(redis.url);
    stack.defer(() => void line.destroy());
    const phone = stack.use(await Phone.open(sandbox.url));
    const chat = await Chat.open(phone);
    const work: Readonly<Record<string, () => Promise<readonly [string, number][]>>> = {
      screen: () => chat.screen(),
      command: () => chat.command(),
      [FLOOR]: () =>
        timedCall(
          FLOOR,
          async () => void (await (await fetch(`${sandbox.botApiRoot}/bot${TOKEN}/getMe`)).text()),
        ),
      [PING]: () => timedCall(PING, () => ping(line)),
    };
    return await inTurns(work, quick ? 3 : 200);
  },
};
export default bench;

/** The taps of the bench, one after the other. */
class Chat {
  readonly #phone: Phone;
  #message: number;
  #health = false;

  private constructor(phone: Phone, message: number) {
    this.#phone = phone;
    this.#message = message;
  }

  /** Adds a worker and opens its log, whose button the supervisor answers without Telegram. */
  static async open(phone: Phone): Promise<Chat> {
    const menu = await phone.after(
      () => phone.post("chat/start", {}),
      ({ text }) => text.includes("Fleet"),
    );
    await phone.press(menu.id, "Add");
    const card = await phone.after(
      () => phone.post("chat/text", { text: "bench" }),
      ({ text }) => text.includes("needs login"),
    );
    return new Chat(phone, card.id);
  }

  /** A tap that opens another screen. */
  async screen(): Promise<[string, number][]> {
    if (!this.#health) await this.#menu();
    const [label, shows] = this.#health ? ["Back", "Fleet"] : ["Health", "Health"];
    this.#health = !this.#health;
    return await this.#tap("screen", label, ({ text }) => text.includes(shows));
  }

  /** A tap that the supervisor must answer: the log of a worker. */
  async command(): Promise<[string, number][]> {
    if (this.#health) await this.screen();
    await this.#go("Workers", "👷 Workers");
    await this.#go("bench", "Status");
    return await this.#tap(
      "supervisor",
      "📜 Log",
      ({ text }) => text.includes("Log of") && !text.includes("Fetching"),
    );
  }

  async #menu(): Promise<void> {
    const menu = await this.#phone.after(
      () => this.#phone.post("chat/text", { text: "/menu" }),
      ({ text }) => text.includes("Fleet"),
    );
    this.#message = menu.id;
  }

  async #go(label: string, shows: string): Promise<void> {
    if (label === "Workers") await this.#menu();
    await this.#tap("", label, ({ text }) => text.includes(shows));
  }

  async #tap(
    name: string,
    label: string,
    fits: (heard: { id: number; text: string }) => boolean,
  ): Promise<[string, number][]> {
    const began = performance.now();
    let answered = 0;
    const press = async (): Promise<void> => {
      await this.#phone.press(this.#message, label);
      answered = performance.now() - began;
    };
    const shown = await this.#phone.after(press, fits);
    this.#message = shown.id;
    return [
      [`tap → ${name} → answered`, answered],
      [`tap → ${name} → card`, shown.at - began],
    ];
  }
}

async function ping(line: Socket): Promise<void> {
  line.write("PING\r\n");
  await once(line, "data");
}

async function timedCall(name: string, call: () => Promise<unknown>): Promise<[string, number][]> {
  const began = performance.now();
  await call();
  return [[name, performance.now() - began]];
}

/**
 * Measures all kinds in turns, so that a busy machine affects all alike. Ratios: medians, against
 * the bound of the run.
 */
async function inTurns(
  work: Readonly<Record<string, () => Promise<readonly (readonly [string, number])[]>>>,
  times: number,
): Promise<Measured[]> {
  const samples = new Map<string, number[]>();
  for (let n = -1; n < times; n++) {
    for (const one of Object.values(work)) {
      // The first round is a warm-up.
      for (const [name, ms] of await one())
        if (n >= 0) samples.set(name, [...(samples.get(name) ?? []), ms]);
    }
  }
  const of = (name: string): number => median(samples.get(name) ?? []);
  const bound = 12 * of(PING) + of(FLOOR);
  const line = (
    name: string,
    value: number,
    ms: readonly number[],
    ratio: number | null,
  ): Measured => ({
    name,
    unit: "ms",
    value: rounded(value),
    p50: rounded(median(ms)),
    p99: rounded(quantile(ms, 0.99)),
    n: ms.length,
    peer: ratio === null ? null : BOUND,
    ratio: ratio === null ? null : rounded(ratio),
  });
  const lines = [...samples].map(([name, ms]) => {
    const floor = name === FLOOR || name === PING;
    return line(`${name} (value: p95)`, quantile(ms, 0.95), ms, floor ? null : median(ms) / bound);
  });
  return [...lines, { ...line(BOUND, bound, [], null), p50: null, p99: null }];
}

function start(
  app: "bot" | "supervisor",
  dir: string,
  redisUrl: string,
  sandbox: Sandbox,
): ChildProcess {
  const folder = join(dir, app);
  mkdirSync(folder, { recursive: true });
  const key = join(dir, "dc.pem");
  const { host, port, publicKeyPem } = sandbox.mtproto;
  writeFileSync(key, publicKeyPem);
  const log = openSync(join(folder, "out.log"), "a", 0o600);
  const who = {
    BOT_TOKEN: TOKEN,
    ADMIN_IDS: String(ADMIN),
    API_ID: "1",
    API_HASH: "0".repeat(32),
    HOST_ID: "bench",
    FLEET_KEY,
  };
  const where = {
    BOT_API_ROOT: sandbox.botApiRoot,
    MTPROTO_DC: `${host}:${port}`,
    MTPROTO_DC_KEY: key,
    REDIS_URL: redisUrl,
  };
  const env = {
    ...childEnv({}),
    ...who,
    ...where,
    DATA_DIR: folder,
    HTTP_PORT: "0",
    LOG_LEVEL: "error",
  };
  const main = fileURLToPath(new URL(`../../apps/${app}/src/main.ts`, import.meta.url));
  return spawn(process.execPath, [main], { env, stdio: ["ignore", log, log] });
}

async function ended({ pid = 0 }: ChildProcess): Promise<void> {
  signal(pid, "SIGTERM");
  await soon(() => !isAlive(pid), `the end of ${pid}`);
}

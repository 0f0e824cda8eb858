import { fileURLToPath } from "node:url";
import { freePort, type SpawnedProcess, spawnNode, testDir, waitFor } from "@flotilla/testkit";
import { type Chat, type Shown, startChat, TOKEN } from "./chat.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const FLEET_KEY = "16".repeat(32);
/** Milliseconds of the bots' leases. */
export const LEASE_MS = 4000;

/** A running bot process. */
export interface BotProcess {
  readonly process: SpawnedProcess;
  /** What `/healthz` says. */
  health(): Promise<string>;
}

/** A local Telegram, one Redis, and bots of one fleet that are started by a test. */
export class BotWorld {
  readonly chat: Chat;
  readonly #redisUrl: string;

  private constructor(chat: Chat, redisUrl: string) {
    this.chat = chat;
    this.#redisUrl = redisUrl;
  }

  static async start(redisUrl: string): Promise<BotWorld> {
    const chat = await startChat();
    await chat.post("/chat/start", { user: 777, firstName: "Ann" });
    return new BotWorld(chat, redisUrl);
  }

  /** The environment of a bot of this fleet. */
  env(host: string, dataDir: string, more: Record<string, string> = {}): Record<string, string> {
    return {
      BOT_TOKEN: TOKEN,
      API_ID: "1",
      API_HASH: "a".repeat(32),
      ADMIN_IDS: "777",
      REDIS_URL: this.#redisUrl,
      FLEET_KEY,
      HOST_ID: host,
      DATA_DIR: dataDir,
      BOT_API_ROOT: this.chat.sandbox.botApiRoot,
      ALERT_HOLD_S: "0",
      BACKUP_EVERY_H: "0",
      ...more,
    };
  }

  /** Starts a bot and does not wait. */
  async bot(host: string, dataDir: string, more: Record<string, string> = {}): Promise<BotProcess> {
    const port = await freePort();
    const env = this.env(host, dataDir, { HTTP_PORT: String(port), ...more });
    const process = spawnNode(MAIN, ["--lease-ms", String(LEASE_MS)], {
      cwd: await testDir(),
      env,
    });
    const health = async (): Promise<string> =>
      await (await fetch(`http://127.0.0.1:${port}/healthz`)).text().catch(() => "");
    return { process, health: () => health().catch(() => "") };
  }

  /** Waits until the health page of a bot matches. */
  async says({ health, process }: BotProcess, text: RegExp, timeoutMs = 60_000): Promise<string> {
    const matching = async (): Promise<string | false> => {
      const said = await health();
      return text.test(said) && said;
    };
    try {
      return await waitFor(matching, { timeoutMs, what: `${text}` });
    } catch (cause) {
      throw new Error(`${await health()}\n${process.stdout}\n${process.stderr}`, { cause });
    }
  }

  /** Sends a text; resolves with what the bot answers, and after how many milliseconds. */
  async ask(text: string, answer: RegExp, timeoutMs = 60_000): Promise<{ ms: number }> {
    const before = (await this.chat.shown(777)).length;
    const at = performance.now();
    await this.chat.post("/chat/text", { user: 777, text });
    await waitFor(
      async () =>
        (await this.chat.shown(777))
          .slice(before)
          .some((it) => it.from === "bot" && answer.test(it.text)),
      { timeoutMs, what: `an answer to ${text}` },
    );
    return { ms: performance.now() - at };
  }

  /** Messages of the bot that match. */
  async told(text: RegExp): Promise<Shown[]> {
    return (await this.chat.shown(777)).filter((it) => it.from === "bot" && text.test(it.text));
  }
}

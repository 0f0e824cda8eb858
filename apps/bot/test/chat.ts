import { parseConfig } from "@flotilla/config";
import { type Clock, parseUserId } from "@flotilla/kernel";
import {
  CommandSender,
  HostBoard,
  type QueuePlace,
  StandbyBoard,
  StatusReader,
} from "@flotilla/queue";
import { type Sandbox, startSandbox } from "@flotilla/sandbox";
import type { Database } from "@flotilla/sqlite";
import { sharedRedis, waitFor } from "@flotilla/testkit";
import { Bot } from "grammy";
import { onTestFinished } from "vitest";
import { assemble } from "../src/app/assemble.ts";
import { registerRoutes } from "../src/app/bot.ts";
import { startPolling } from "../src/app/poller.ts";
import { BotRelay } from "../src/relay/bot-relay.ts";
import { controlDb, placeAt, silent } from "./support.ts";

export const TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";

/** A message as the sandbox's control API shows it. */
export interface Shown {
  readonly id: number;
  readonly from: "bot" | "user";
  readonly text: string;
  readonly deleted: boolean;
  readonly edited: number | null;
  readonly silent: boolean;
  readonly replyTo: number | null;
  readonly keyboard: { readonly text: string; readonly callback_data?: string }[][];
}

/** A Bot API call as the sandbox saw it. */
export interface Call {
  readonly method: string;
  readonly params: Record<string, unknown>;
  readonly status: number | null;
}

/** A local Telegram with the bot's client, and people in front of it. */
export interface Chat {
  readonly sandbox: Sandbox;
  readonly bot: Bot;
  /** What is to be seen in a person's chat now. */
  shown(user: number): Promise<Shown[]>;
  calls(): Promise<Call[]>;
  post(path: string, body: object): Promise<Record<string, unknown>>;
}

/** Starts the real sandbox; the bot's client has no retries, so that a refusal is seen at once. */
export async function startChat(): Promise<Chat> {
  const sandbox = await startSandbox({ botToken: TOKEN, admin: { id: 777, firstName: "Ann" } });
  onTestFinished(() => sandbox.close());
  const get = async (path: string): Promise<unknown> =>
    (await fetch(`${sandbox.url}/control${path}`)).json();
  return {
    sandbox,
    bot: new Bot(TOKEN, { client: { apiRoot: sandbox.botApiRoot } }),
    shown: async (user) =>
      ((await get(`/chat/messages?user=${user}`)) as Shown[]).filter((message) => !message.deleted),
    calls: async () => (await get("/outbox")) as Call[],
    post: async (path, body) => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${sandbox.url}/control${path}`, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
      return (await response.json()) as Record<string, unknown>;
    },
  };
}

/** The clock of this machine, as far ahead of it as a test says, until it is stopped. */
class RunningClock implements Clock {
  #aheadMs = 0;
  #stoppedAt: { readonly wall: number; readonly monotonic: number } | null = null;

  now(): number {
    return (this.#stoppedAt?.wall ?? Date.now()) + this.#aheadMs;
  }

  monotonicMs(): number {
    return (this.#stoppedAt?.monotonic ?? performance.now()) + this.#aheadMs;
  }

  pass(ms: number): void {
    this.#aheadMs += ms;
  }

  /** From now on only {@link pass} moves it. */
  stop(): void {
    this.#stoppedAt = { wall: Date.now(), monotonic: performance.now() };
  }
}

/** The bot's parts over a real database, Redis and chat. Ann (777) and Ben (778) are admins. */
export interface Fleet extends Chat {
  readonly db: Database;
  /** Its Redis. */
  readonly place: QueuePlace;
  readonly redisUrl: string;
  readonly parts: ReturnType<typeof assemble>;
  /** The time of the bot's parts. */
  readonly clock: RunningClock;
  /** Starts the poll loop with all routes. */
  poll(): Promise<void>;
  /** Waits for a message of the bot to this person. */
  waitForBot(user: number, text: string | RegExp): Promise<Shown>;
}

/** See {@link Fleet}. */
export async function startFleet(more: Record<string, string> = {}): Promise<Fleet> {
  const chat = await startChat();
  const url = more["REDIS_URL"] ?? (await sharedRedis()).url;
  const env = {
    BOT_TOKEN: TOKEN,
    API_ID: "1",
    API_HASH: "a".repeat(32),
    ADMIN_IDS: "777,778",
    REDIS_URL: url,
    HOST_ID: "host-a",
    ALERT_HOLD_S: "0",
    ...more,
  };
  const config = parseConfig(env, { cwd: "/", role: "fleet" });
  const db = await controlDb();
  const sender = new CommandSender(placeAt(url), () => {});
  const statuses = new StatusReader(placeAt(url), () => {});
  const hostBoard = new HostBoard(placeAt(url), () => {});
  const standbyBoard = new StandbyBoard(placeAt(url), () => {});
  onTestFinished(async () => {
    standbyBoard.close();
    hostBoard.close();
    statuses.close();
    await sender.close();
  });
  await Promise.all([sender.ready(), statuses.ready()]);
  const relayWire = new BotRelay(placeAt(url), silent);
  onTestFinished(() => relayWire.close());
  const clock = new RunningClock();
  const parts = assemble({
    db,
    clock,
    bot: chat.bot,
    commandSender: sender,
    statuses,
    hostBoard,
    standbyBoard,
    config,
    log: silent,
    relayWire,
  });
  parts.admins.keepOnly(config.adminIds);
  parts.settings.setTogether(true);
  onTestFinished(async () => {
    parts.panels.close();
    await parts.outbox.flush();
  });
  registerRoutes(chat.bot, { ...parts, log: silent });
  await chat.bot.init();
  return {
    ...chat,
    db,
    clock,
    place: placeAt(url),
    redisUrl: url,
    parts,
    poll: async () => {
      const poller = startPolling({
        bot: chat.bot,
        inbox: parts.inbox,
        log: silent,
        now: () => clock.now(),
      });
      onTestFinished(() => poller.stop());
    },
    waitForBot: (user, text) =>
      waitFor(
        async () =>
          (await chat.shown(user)).findLast(
            (message) =>
              message.from === "bot" &&
              (typeof text === "string" ? message.text.includes(text) : text.test(message.text)),
          ),
        { what: `the bot to say ${String(text)} to ${user}` },
      ),
  };
}

/** Lets a person press Start, and the bot know of it as of an admin who wrote. */
export async function meet(fleet: Fleet, user: number, name: string): Promise<void> {
  await fleet.post("/chat/start", { user, firstName: name });
  fleet.parts.admins.saw(parseUserId(String(user)), name, "en");
}

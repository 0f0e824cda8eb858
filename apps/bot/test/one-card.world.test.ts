import { join } from "node:path";
import { parseConfig } from "@flotilla/config";
import { parseWorkerId } from "@flotilla/kernel";
import {
  CommandSender,
  HostBoard,
  type QueuePlace,
  StandbyBoard,
  StatusReader,
} from "@flotilla/queue";
import { sharedRedis, testDir, waitFor } from "@flotilla/testkit";
import { Bot } from "grammy";
import { expect, onTestFinished, test } from "vitest";
import { assemble } from "../src/app/assemble.ts";
import { registerRoutes } from "../src/app/bot.ts";
import { startPolling } from "../src/app/poller.ts";
import { openControlDb } from "../src/kit/control-db.ts";
import { say } from "../src/kit/words/said.ts";
import { type Chat, type Shown, startChat, TOKEN } from "./chat.ts";
import { Life } from "./mortal.ts";
import { ANN, crashBody, HOST, placeAt, silent } from "./support.ts";

const WORKER = parseWorkerId("news_1");
const ENV = {
  BOT_TOKEN: TOKEN,
  API_ID: "1",
  API_HASH: "a".repeat(32),
  ADMIN_IDS: "777",
  HOST_ID: HOST,
  ALERT_HOLD_S: "0",
};

type Parts = ReturnType<typeof assemble>;
type Act = (parts: Parts) => Promise<unknown>;

interface World extends Chat {
  /** Lets the bot live on its database until it has nothing left to do, or ends before. */
  live(life: Life, act?: Act): Promise<void>;
  /** Messages of the bot that have buttons, oldest first. */
  cards(): Promise<Shown[]>;
  press(message: number, data: string): Promise<unknown>;
  write(text: string): Promise<unknown>;
}

async function wires() {
  const { url } = await sharedRedis();
  const place: QueuePlace = placeAt(url);
  const commandSender = new CommandSender(place, () => {});
  const statuses = new StatusReader(place, () => {});
  const hostBoard = new HostBoard(place, () => {});
  const standbyBoard = new StandbyBoard(place, () => {});
  onTestFinished(async () => {
    standbyBoard.close();
    hostBoard.close();
    statuses.close();
    await commandSender.close();
  });
  await Promise.all([commandSender.ready(), statuses.ready()]);
  return {
    commandSender,
    statuses,
    hostBoard,
    standbyBoard,
    relayWire: { tellRoutes: async () => {}, read: async () => null },
  };
}

async function world(chat: Chat, wire: Awaited<ReturnType<typeof wires>>): Promise<World> {
  await chat.post("/reset", {});
  await chat.post("/chat/start", { user: 777, firstName: "Ann" });
  const file = join(await testDir(), "control.db");
  const config = parseConfig(
    { ...ENV, REDIS_URL: "redis://127.0.0.1:1" },
    { cwd: "/", role: "fleet" },
  );
  const live = async (life: Life, act: Act = async () => {}): Promise<void> => {
    const db = openControlDb(file);
    const bot = new Bot(TOKEN, { client: { apiRoot: chat.sandbox.botApiRoot } });
    await bot.init();
    const parts = assemble({ ...wire, db, bot, config, log: silent });
    parts.admins.keepOnly(config.adminIds);
    parts.workers.add(WORKER, HOST, ANN, 1);
    life.bind(bot, db);
    registerRoutes(bot, { ...parts, log: silent });
    const poller = startPolling({ bot, inbox: parts.inbox, log: silent, now: () => Date.now() });
    const idle = async (): Promise<boolean> =>
      (await chat.bot.api.getWebhookInfo()).pending_update_count === 0 &&
      parts.inbox.left().length === 0;
    const work = async (): Promise<void> => {
      await act(parts);
      await waitFor(async () => life.dead || (await idle()), { what: "every update to be done" });
      await parts.outbox.flush();
      await parts.panels.refreshAll();
    };
    await Promise.race([work(), life.ended]);
    parts.panels.close();
    const stopped = poller.stop();
    if (!life.dead) await stopped;
    life.close();
    db.close();
  };
  const cards = async (): Promise<Shown[]> =>
    (await chat.shown(777)).filter(
      (message) => message.from === "bot" && message.keyboard.length > 0,
    );
  return {
    ...chat,
    live,
    cards,
    press: (messageId, data) => chat.post("/chat/press", { messageId, data, waitMs: 0 }),
    write: (text) => chat.post("/chat/text", { user: 777, text }),
  };
}

const isAlert = (message: Shown): boolean => message.text.includes("crashed");
const textOf = (messages: readonly Shown[]): string =>
  messages.map(({ id, text }) => `${id}: ${text}`).join(" --- ");
const dataOf = (message: Shown | undefined): string =>
  message?.keyboard.flat().find((button) => button.callback_data)?.callback_data ?? "";

interface Deed {
  /** What an admin does while the bot is away, with a card on the chat and an alert below it. */
  readonly before?: (world: World, first: number, alert: number) => Promise<unknown>;
  /** What the bot does by itself in the life that ends, and in the next one. */
  readonly now?: Act;
  readonly next?: Act;
}

const DEEDS: Record<string, Deed> = {
  "a command": { before: ({ write }) => write("/menu") },
  "a command that has an answer besides its card": {
    before: ({ write }) => write("/status missing_1"),
  },
  "a press on the card": { before: ({ press }, first) => press(first, "v1:workers::") },
  "a press on an alert": {
    before: ({ press }, _first, alert) => press(alert, "v1:worker:news_1:"),
  },
  "a command, and a press on the card that it replaces": {
    before: async ({ write, press }, first) => {
      await write("/workers");
      await press(first, "v1:health::");
    },
  },
  "an alert that is told once more": { now: async (parts) => parts.cards.tellAgain(1, Date.now()) },
  "an alert that is over when the bot is back": {
    before: ({ write }) => write("/menu"),
    now: async (parts) =>
      parts.alerts.raise("token", crashBody({ kind: "token-conflict" }), Date.now()),
    next: async (parts) => {
      for (const alert of parts.alerts.allOpen())
        parts.alerts.resolve(alert.n, say("solved-itself"), Date.now());
    },
  },
};

/**
 * One run: the bot dies at step `n`. Answers with what is wrong on the chat then, null when it was
 * done before.
 */
async function die(one: World, deed: Deed, n: number): Promise<string[] | null> {
  await one.live(new Life(0), async (parts) =>
    parts.alerts.raise("exit:news_1", crashBody(), Date.now()),
  );
  const before = await one.cards();
  await deed.before?.(
    one,
    before.find((message) => !isAlert(message))?.id ?? 0,
    before.find(isAlert)?.id ?? 0,
  );
  const life = new Life(n);
  await one.live(life, deed.now);
  if (!life.dead) return null;
  await one.live(new Life(0), deed.next);
  const left = await one.cards();
  const screens = left.filter((message) => !isAlert(message));
  await one.press(screens.at(-1)?.id ?? 0, dataOf(screens.at(-1)));
  await one.live(new Life(0));
  const faults: string[] = [];
  if (screens.length !== 1) faults.push(`step ${n}: ${textOf(left)}`);
  if (left.length - screens.length > (deed.next ? 0 : 1))
    faults.push(`step ${n}, alerts: ${textOf(left)}`);
  const then = (await one.cards()).filter((message) => !isAlert(message));
  if (then.length !== 1) faults.push(`step ${n}, after a press: ${textOf(then)}`);
  return faults;
}

test.for(Object.entries(DEEDS))(
  "%s: killed at any step, one card with buttons is left, and it works",
  {
    timeout: 600_000,
  },
  async ([, deed]) => {
    const chat = await startChat();
    const wire = await wires();
    const faults: string[] = [];
    for (let n = 1; ; n++) {
      const found = await die(await world(chat, wire), deed, n);
      if (!found) break;
      faults.push(...found);
    }
    expect(faults).toEqual([]);
  },
);

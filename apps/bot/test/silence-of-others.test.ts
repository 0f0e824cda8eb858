import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { AlertStore } from "../src/alerts/alert-store.ts";
import { CardStore } from "../src/alerts/card-store.ts";
import { SecondPath } from "../src/alerts/second-path.ts";
import { createBot } from "../src/app/bot.ts";
import { Inbox } from "../src/app/inbox.ts";
import { startPolling } from "../src/app/poller.ts";
import { healthScreen } from "../src/health/health.ts";
import { loginsScreen } from "../src/session/logins.ts";
import { workerScreen } from "../src/workers/details.ts";
import { workersScreen } from "../src/workers/list.ts";
import { menuScreen } from "../src/workers/menu.ts";
import { startChat, TOKEN } from "./chat.ts";
import {
  ALL_WORDS,
  controlDb,
  EN,
  listOf,
  NOW,
  silent,
  TestClock,
  viewOf,
  workerView,
} from "./support.ts";
import { checkCard, labels } from "./telegram-html.ts";

describe("a host that has not been heard for too long", () => {
  const stale = { ...workerView("news_1"), staleSince: NOW - 40_000 };
  const health = {
    lockAlerts: 0,
    sent: { sent: 0, delivered: 0 },
    redisAwaySince: null,
    redisMs: 1,
    pollProblemSince: null,
  };
  const none = { unreachable: [], hosts: [], ownBackup: null };
  const healthView = { ...health, pingedAt: null, secondPath: false, ...none };

  test.each(ALL_WORDS.map((words) => [words.language, words] as const))(
    "shows on every screen in %s",
    (_language, words) => {
      const view = viewOf([stale, workerView("news_2")], { words });
      const since = words.text("host-silent", { host: "host-a", at: NOW - 40_000, count: 1 });
      expect(checkCard(menuScreen(view))).toContain(since);
      expect(checkCard(healthScreen(view, healthView))).toContain(`❌ ${since}`);
      const state = { state: words.text("state-RUNNING"), at: NOW - 40_000 };
      expect(checkCard(workersScreen(view, listOf(0)))).toContain(
        words.text("worker-stale", state),
      );
      expect(checkCard(workerScreen(view, "news_1"))).toContain("📵");
      for (const card of [workersScreen(view, listOf(0)), loginsScreen(view, 0, () => null)])
        expect(labels(card)).toEqual(expect.arrayContaining(["❔ news_1", "✅ news_2"]));
    },
  );

  test("makes its workers problems, and is not counted as running", () => {
    const view = viewOf([workerView("a"), stale]);
    const card = workersScreen(view, { page: 0, problems: true, find: "" });
    expect(labels(card).filter((label) => /news_1|^. a$/.test(label))).toEqual(["❔ news_1"]);
    expect(checkCard(healthScreen(view, healthView))).toContain("Workers running 1/2");
  });
});

test(
  "while Telegram does not know the token nothing else is asked, the second path says so " +
    "once, and a better answer ends it",
  async () => {
    const chat = await startChat();
    const got: string[] = [];
    const server = createServer((request, response) => {
      request.on("data", (chunk: Buffer) => got.push(chunk.toString()));
      request.on("end", () => response.end("ok"));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const bot = createBot(TOKEN, chat.sandbox.botApiRoot);
    const db = await controlDb();
    await chat.post("/faults/bot", { method: "getUpdates", times: 1, error: { code: 401 } });
    const poller = startPolling({ bot, inbox: new Inbox(db), log: silent, now: () => NOW });
    onTestFinished(() => poller.stop());
    await waitFor(() => poller.problem()?.kind === "unauthorized", { what: "the bot to notice" });
    const before = (await chat.calls()).length;
    await expect(bot.api.sendMessage(777, "anybody there?")).rejects.toMatchObject({
      error_code: 401,
    });
    expect((await chat.calls()).length).toBe(before);
    const cards = new CardStore(db, new AlertStore(db, 0));
    const webhookUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const places = { webhookUrl, smtpUrl: null, mailTo: null, deadManUrl: null };
    const tokenDead = (): boolean => poller.problem()?.kind === "unauthorized";
    const path = new SecondPath({
      places,
      cards,
      words: EN,
      clock: new TestClock(),
      log: silent,
      chatAwaySince: () => null,
      tokenDead,
    });
    await path.tell();
    await path.tell();
    expect(got.map((body) => JSON.parse(body).reason)).toEqual([EN.text("second-token")]);
    await waitFor(() => poller.problem() === null, { what: "the bot to ask again" });
    expect(await bot.api.getMyCommands()).toEqual([]);
  },
);

test("a single 401 to one call is that call's alone", async () => {
  const chat = await startChat();
  const bot = createBot(TOKEN, chat.sandbox.botApiRoot);
  await bot.init();
  await chat.post("/faults/bot", { method: "getMyCommands", times: 1, error: { code: 401 } });
  await expect(bot.api.getMyCommands()).rejects.toMatchObject({ error_code: 401 });
  expect(await bot.api.getMyCommands()).toEqual([]);
});

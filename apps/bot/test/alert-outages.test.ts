import { parseWorkerId } from "@flotilla/kernel";
/** What is due while the Bot API is away, or makes a chat wait (field fault K10). */
import { describe, expect, test } from "vitest";
import type { AlertBody } from "../src/alerts/alert-body.ts";
import { say } from "../src/kit/words/said.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { crashBody } from "./support.ts";

const crash = (times: number): AlertBody =>
  crashBody({ times, details: [say("alert-error-line", { line: "TypeError: <x> & y" })] });

async function twoAdmins(): Promise<Fleet> {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  await meet(fleet, 778, "Ben");
  return fleet;
}

const fromBot = async (fleet: Fleet, user: number) =>
  (await fleet.shown(user)).filter((message) => message.from === "bot");

describe("while the Bot API is away", () => {
  const away = (fleet: Fleet, error: object) =>
    fleet.post("/faults/bot", { method: "sendMessage", times: 1000, error });
  const heal = (fleet: Fleet) => fleet.post("/faults/heal", {});

  test("an alert that is over before it could be told is told once to each admin, and not again", async () => {
    const fleet = await twoAdmins();
    await away(fleet, { code: 502 });
    fleet.parts.alerts.raise("exit:news_1", crash(1), Date.now());
    await fleet.parts.outbox.flush();
    fleet.parts.alerts.resolve(1, say("solved-itself"), Date.now());
    await fleet.parts.outbox.flush();
    await heal(fleet);
    for (let round = 0; round < 3; round++) await fleet.parts.outbox.flush();
    for (const user of [777, 778]) {
      const messages = await fromBot(fleet, user);
      expect(messages.map(({ text, silent }) => [text.includes("news_1"), silent])).toEqual([
        [true, true],
      ]);
    }
  });

  test(
    "thirty workers that crash and come back meanwhile are all told of, also those of which " +
      "only the end was seen",
    async () => {
      const fleet = await twoAdmins();
      await away(fleet, { code: 502 });
      for (let n = 1; n <= 30; n++) {
        fleet.parts.alerts.raise(
          `exit:w_${n}`,
          { ...crash(1), worker: parseWorkerId(`w_${n}`) },
          Date.now(),
        );
        if (n % 2) await fleet.parts.outbox.flush();
        fleet.parts.alerts.resolve(n, say("solved-itself"), Date.now());
      }
      await fleet.parts.outbox.flush();
      await heal(fleet);
      for (let round = 0; round < 3; round++) await fleet.parts.outbox.flush();
      const owed = fleet.db.read("SELECT * FROM owed");
      const told = fleet.db.read<{ n: number }>(
        "SELECT count(DISTINCT card) AS n FROM delivery WHERE chat = '777'",
      );
      const cards = fleet.db.read<{ n: number }>("SELECT count(*) AS n FROM card");
      expect([owed, told]).toEqual([[], cards]);
    },
  );

  test("an admin who blocks the bot meanwhile is not owed the story of it", async () => {
    const fleet = await twoAdmins();
    await away(fleet, { code: 502 });
    fleet.parts.alerts.raise("exit:news_1", crash(1), Date.now());
    await fleet.parts.outbox.flush();
    await heal(fleet);
    await fleet.post("/chat/block", { user: 778, blocked: true });
    fleet.parts.alerts.resolve(1, say("solved-itself"), Date.now());
    await fleet.parts.outbox.flush();
    await meet(fleet, 778, "Ben");
    await fleet.parts.outbox.flush();
    expect([(await fromBot(fleet, 777)).length, (await fromBot(fleet, 778)).length]).toEqual([
      1, 0,
    ]);
  });

  test(
    "the other admins hear of it in full though the first one has blocked the bot, and each " +
      "only once",
    async () => {
      const fleet = await startFleet({ ADMIN_IDS: "777,778,779" });
      for (const [user, name] of [
        [777, "Ann"],
        [778, "Ben"],
        [779, "Cem"],
      ] as const)
        await meet(fleet, user, name);
      await fleet.post("/chat/block", { user: 777, blocked: true });
      await away(fleet, { code: 502 });
      fleet.parts.alerts.raise("exit:news_1", crash(1), Date.now());
      await fleet.parts.outbox.flush();
      fleet.parts.alerts.resolve(1, say("solved-itself"), Date.now());
      await fleet.parts.outbox.flush();
      await heal(fleet);
      for (let round = 0; round < 3; round++) await fleet.parts.outbox.flush();
      expect(await fromBot(fleet, 777)).toEqual([]);
      for (const user of [778, 779])
        expect(await fromBot(fleet, user)).toMatchObject([
          { text: expect.stringMatching(/news_1 .*resolved/), silent: true },
        ]);
      expect(fleet.parts.admins.reachable()).toEqual(["778", "779"]);
      expect(fleet.db.read("SELECT * FROM owed")).toEqual([]);
      await meet(fleet, 777, "Ann");
      await fleet.parts.outbox.flush();
      expect((await fromBot(fleet, 777)).length, "who comes back needs no story that is over").toBe(
        0,
      );
    },
  );

  test.each([
    ["one chat", { chatId: 778 }],
    ["all chats", {}],
  ])(
    "a 429 for %s holds no other chat up, and what it held back is told once it is over",
    async (_which, more) => {
      const fleet = await twoAdmins();
      await fleet.post("/faults/bot", {
        method: "sendMessage",
        times: 1000,
        error: { code: 429, retryAfter: 5 },
        ...more,
      });
      fleet.parts.alerts.raise("exit:news_1", crash(1), Date.now());
      await fleet.parts.outbox.flush();
      expect((await fromBot(fleet, 777)).length).toBe("chatId" in more ? 1 : 0);
      fleet.parts.alerts.resolve(1, say("solved-itself"), Date.now());
      await fleet.parts.outbox.flush();
      await heal(fleet);
      for (let round = 0; round < 3; round++) await fleet.parts.outbox.flush();
      for (const user of [777, 778]) {
        const [card, ...rest] = await fromBot(fleet, user);
        expect(card?.text).toMatch(/news_1 .*resolved/);
        // An admin who was told of the beginning hears of the end, as an answer to it.
        expect(rest.map(({ replyTo }) => replyTo)).toEqual(
          user === 777 && "chatId" in more ? [card?.id] : [],
        );
      }
      expect(fleet.parts.admins.reachable()).toEqual(["777", "778"]);
    },
  );

  test("a bot that is started again meanwhile still owes it", async () => {
    const fleet = await twoAdmins();
    await away(fleet, { code: 502 });
    fleet.parts.alerts.raise("exit:news_1", crash(1), Date.now());
    await fleet.parts.outbox.flush();
    fleet.parts.alerts.resolve(1, say("solved-itself"), Date.now());
    expect(fleet.db.read("SELECT card, chat FROM owed ORDER BY chat")).toEqual([
      { card: 1, chat: "777" },
      { card: 1, chat: "778" },
    ]);
  });
});

test("a chat that Telegram makes wait holds up no other chat, and hears of everything afterwards", async () => {
  const fleet = await twoAdmins();
  const gate = Promise.withResolvers<void>();
  // As the bot's client waits for the time that a 429 names.
  fleet.bot.api.config.use(async (call, method, payload, signal) => {
    if ("chat_id" in payload && String(payload.chat_id) === "778") await gate.promise;
    return await call(method, payload, signal);
  });
  fleet.parts.alerts.raise("exit:news_1", crash(1), Date.now());
  const first = fleet.parts.outbox.flush();
  await fleet.waitForBot(777, "news_1");
  fleet.parts.alerts.raise(
    "test:2",
    { ...crash(1), kind: "test", title: say("alert-test", { by: "Zoe" }) },
    Date.now(),
  );
  const second = fleet.parts.outbox.flush();
  await fleet.waitForBot(777, "Zoe");
  expect(await fromBot(fleet, 778)).toEqual([]);
  gate.resolve();
  await Promise.all([first, second]);
  expect(await fromBot(fleet, 778)).toHaveLength(2);
});

import { waitFor } from "@flotilla/testkit";
import { describe, expect, test } from "vitest";
import { WizardStore } from "../src/login/wizard-store.ts";
import { type Fleet, startFleet } from "./chat.ts";
import { ANN, HOST, WORKER } from "./support.ts";

const STRANGER = 999;

/** Everything that the bot remembers. */
function memory(fleet: Fleet): string {
  // Owners are told of strangers: alerts are the only thing that may change.
  const tables = [
    "worker",
    "admin",
    "panel",
    "command",
    "wizard",
    "place",
    "setting",
    "audit",
    "silence",
    "seen_event",
  ];
  return JSON.stringify(tables.map((table) => fleet.db.read(`SELECT * FROM ${table}`)));
}

/** The same without times and long ids, in which any few digits can be found. */
function words(fleet: Fleet): string {
  return memory(fleet).replace(/\d{10,}/g, "");
}

/** Ann presses Start, and the bot has answered: everything before that was seen by it. */
async function annIsAnswered(fleet: Fleet): Promise<void> {
  await fleet.post("/chat/start", { user: 777, firstName: "Ann" });
  await fleet.waitForBot(777, "Fleet");
}

describe("a stranger", () => {
  test("gets no answer to any text, and nothing changes", async () => {
    const fleet = await startFleet();
    const before = memory(fleet);
    await fleet.post("/chat/start", { user: STRANGER, firstName: "Eve" });
    for (const text of ["/menu", "/workers", "/cancel", "/help", "hello", "news_1"]) {
      await fleet.post("/chat/text", { user: STRANGER, text });
    }
    const calls = (await fleet.calls()).length;
    // The updates are taken in order: when all are confirmed, all were handled.
    await fleet.poll();
    await waitFor(
      async () => ((await fleet.bot.api.getWebhookInfo()).pending_update_count ?? 0) === 0,
    );
    expect((await fleet.shown(STRANGER)).filter((message) => message.from === "bot")).toEqual([]);
    expect(memory(fleet)).toBe(before);
    await annIsAnswered(fleet);
    const about = (await fleet.calls())
      .slice(calls)
      .filter((call) => String(call.params["chat_id"]) === String(STRANGER));
    expect(about).toEqual([]);
    expect(fleet.parts.admins.reachable()).toEqual(["777"]);
  });

  test("gets no answer to a press either, not even that it was seen", async () => {
    const fleet = await startFleet();
    fleet.parts.workers.add(WORKER, HOST, "777", 1);
    await fleet.post("/chat/start", { user: STRANGER, firstName: "Eve" });
    const inline_keyboard = [[{ text: "Stop it", callback_data: "v1:stop:news_1:" }]];
    await fleet.bot.api.sendMessage(STRANGER, "stolen", { reply_markup: { inline_keyboard } });
    const before = memory(fleet);
    await fleet.poll();
    expect(
      await fleet.post("/chat/press", { user: STRANGER, label: "Stop it", waitMs: 300 }),
    ).toMatchObject({
      answered: false,
    });
    expect(memory(fleet)).toBe(before);
    await annIsAnswered(fleet);
    expect((await fleet.calls()).filter((call) => call.method === "answerCallbackQuery")).toEqual(
      [],
    );
    expect(fleet.parts.commandLog.latest(WORKER)).toBeNull();
  });
});

test("a group is ignored, even when an admin writes in it", async () => {
  const fleet = await startFleet();
  const before = memory(fleet);
  const from = { id: 777, is_bot: false, first_name: "Ann" };
  const chat = { id: -100123, type: "supergroup" as const, title: "Ops" };
  const calls = (await fleet.calls()).length;
  await fleet.bot.handleUpdate({
    update_id: 1,
    message: { message_id: 1, date: 1, chat, from, text: "/menu" },
  });
  const message = { message_id: 1, date: 1, chat, text: "x" };
  await fleet.bot.handleUpdate({
    update_id: 2,
    callback_query: { id: "1", from, chat_instance: "1", data: "v1:menu::", message },
  });
  expect(memory(fleet)).toBe(before);
  expect((await fleet.calls()).length).toBe(calls);
});

describe("an admin", () => {
  test("gets the menu by /start, and every press is answered", async () => {
    const fleet = await startFleet();
    await fleet.poll();
    await annIsAnswered(fleet);
    expect(await fleet.post("/chat/press", { label: "👷 Workers" })).toMatchObject({
      answered: true,
    });
    await fleet.waitForBot(777, "Workers: none yet");
    expect((await fleet.shown(777)).filter((message) => message.from === "bot")).toHaveLength(1);
  });

  test("adds a worker by name, is told what is wrong with a bad one, and cannot add it twice", async () => {
    const fleet = await startFleet();
    await fleet.poll();
    await annIsAnswered(fleet);
    await fleet.post("/chat/press", { label: "➕ Add" });
    await fleet.waitForBot(777, "Send a name");
    await fleet.post("/chat/text", { text: "näws <1>" });
    await fleet.waitForBot(777, /❌ Names have/);
    await fleet.post("/chat/text", { text: " News_1 " });
    await fleet.waitForBot(777, /news_1[\s\S]*Starting…/);
    expect(fleet.parts.workers.find("news_1")).toMatchObject({ id: "news_1", host: "host-a" });
    await fleet.post("/chat/press", { label: "⬅️ Back" });
    await fleet.waitForBot(777, "Workers 1–1 of 1");
    await fleet.post("/chat/press", { label: "➕ Add" });
    await fleet.waitForBot(777, "Send a name");
    await fleet.post("/chat/text", { text: "news_1" });
    await fleet.waitForBot(777, "There is already a worker named news_1.");
  });

  test(
    "who presses a button of another version gets the menu, and a worker that is gone is said " +
      "to be",
    async () => {
      const fleet = await startFleet();
      await fleet.poll();
      await annIsAnswered(fleet);
      const keyboard = (text: string, callback_data: string) => ({
        reply_markup: { inline_keyboard: [[{ text, callback_data }]] },
      });
      await fleet.bot.api.sendMessage(777, "old", keyboard("Old", "v0:reboot"));
      expect(await fleet.post("/chat/press", { label: "Old" })).toMatchObject({
        toast: { text: "This screen is out of date" },
      });
      await fleet.waitForBot(777, "Fleet");
      await fleet.bot.api.sendMessage(777, "old", keyboard("Gone", "v1:restart:gone:"));
      expect(await fleet.post("/chat/press", { label: "Gone" })).toMatchObject({
        toast: { text: "This worker no longer exists." },
      });
    },
  );

  test("who presses twice gives one command, and is told so", async () => {
    const fleet = await startFleet();
    fleet.parts.workers.add(WORKER, HOST, "777", 1);
    await fleet.poll();
    await annIsAnswered(fleet);
    const buttons = {
      reply_markup: { inline_keyboard: [[{ text: "Again", callback_data: "v1:restart:news_1:" }]] },
    };
    const sent = await fleet.bot.api.sendMessage(777, "a card", buttons);
    const press = { data: "v1:restart:news_1:", messageId: sent.message_id };
    // On a busy machine the answer that comes after 150 ms may be first.
    const first = expect.stringMatching(/^⏳ (?:Queued|Asked)/);
    expect(await fleet.post("/chat/press", press)).toMatchObject({ toast: { text: first } });
    await fleet.bot.api.sendMessage(777, "another card", buttons);
    expect(await fleet.post("/chat/press", { label: "Again" })).toMatchObject({
      toast: { text: expect.stringMatching(/^(?:Already requested by Ann|⏳ Asked)/) },
    });
    expect(fleet.db.read("SELECT id FROM command WHERE verb = 'restart'")).toHaveLength(1);
  });
});

describe("in the middle of a login", () => {
  async function atCode(): Promise<Fleet> {
    const fleet = await startFleet();
    fleet.parts.workers.add(WORKER, HOST, "777", 1);
    await fleet.poll();
    await annIsAnswered(fleet);
    const expiresAt = Date.now() + 60_000;
    const step = {
      kind: "ask-code",
      via: "app",
      length: 5,
      nextVia: null,
      resendAt: null,
      expiresAt,
      note: null,
      dead: false,
    } as const;
    new WizardStore(fleet.db).save({
      admin: ANN,
      worker: WORKER,
      login: "l",
      publicKey: null,
      step,
      expiresAt,
    });
    await fleet.parts.panels.show("777", { kind: "login", worker: WORKER }, null);
    return fleet;
  }

  test("a code that was typed is deleted, and the card says why and how to go on", async () => {
    const fleet = await atCode();
    await fleet.post("/chat/text", { text: "it is 12345" });
    const card = await fleet.waitForBot(777, "Don't send the code as a message");
    expect((await fleet.shown(777)).filter((message) => message.text.includes("12345"))).toEqual(
      [],
    );
    expect(card.keyboard.flat().map((button) => button.text)).toEqual([
      "🔁 New code",
      "📷 QR instead",
      "✖️ Cancel",
    ]);
    expect(words(fleet)).not.toContain("12345");
  });

  test(
    "the keypad shows how many digits there are, and neither the chat nor the database holds " +
      "them",
    async () => {
      const fleet = await atCode();
      for (const digit of ["9", "0", "8", "1"]) await fleet.post("/chat/press", { label: digit });
      await fleet.waitForBot(777, "● ● ● ● ○");
      expect(await fleet.post("/chat/press", { label: "✔" })).toMatchObject({
        toast: { text: "Enter the whole code first." },
      });
      expect(words(fleet)).not.toContain("9081");
      expect((await fleet.shown(777)).filter((message) => message.text.includes("9081"))).toEqual(
        [],
      );
      await fleet.post("/chat/press", { label: "⌫" });
      await fleet.waitForBot(777, "● ● ● ○ ○");
    },
  );

  test("/cancel ends it, and the card of the worker is there", async () => {
    const fleet = await atCode();
    await fleet.post("/chat/text", { text: "/cancel" });
    await fleet.waitForBot(777, /❔ news_1/);
    expect(new WizardStore(fleet.db).ofAdmin(ANN)).toBeNull();
  });
});

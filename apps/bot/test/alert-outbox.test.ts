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

test("an alert is delivered once to each admin, with its buttons and its text as it is", async () => {
  const fleet = await twoAdmins();
  fleet.parts.alerts.raise("exit:news_1", crash(1), Date.now());
  await Promise.all([fleet.parts.outbox.flush(), fleet.parts.outbox.flush()]);
  await fleet.parts.outbox.flush();
  for (const user of [777, 778]) {
    const messages = await fromBot(fleet, user);
    expect(messages).toHaveLength(1);
    expect(messages[0]?.text).toContain("TypeError: <x> & y");
    expect(messages[0]?.silent).toBe(false);
    expect(messages[0]?.keyboard.flat().map((button) => button.text)).toEqual([
      "🔄 Restart",
      "📜 Log",
      "👷 Details",
      "📖 What to do",
      "✋ I'll take it",
      "🔕 Mute 4 h",
    ]);
  }
});

test("a change of it is an edit in place", async () => {
  const fleet = await twoAdmins();
  fleet.parts.alerts.raise("exit:news_1", crash(1), Date.now());
  await fleet.parts.outbox.flush();
  const before = await fromBot(fleet, 777);
  fleet.parts.alerts.raise("exit:news_1", crash(2), Date.now());
  await fleet.parts.outbox.flush();
  const after = await fromBot(fleet, 777);
  expect(after.map((message) => message.id)).toEqual(before.map((message) => message.id));
  expect(after[0]?.text).toContain("2 times");
});

test("its end is an edit without buttons, and a silent reply because an edit is not heard", async () => {
  const fleet = await twoAdmins();
  const now = Date.now();
  fleet.parts.alerts.raise("exit:news_1", crash(1), now - 5000);
  await fleet.parts.outbox.flush();
  fleet.parts.alerts.resolve(1, say("solved-itself"), now);
  await fleet.parts.outbox.flush();
  await fleet.parts.outbox.flush();
  for (const user of [777, 778]) {
    const [card, reply, ...more] = await fromBot(fleet, user);
    expect(card).toMatchObject({
      text: expect.stringMatching(/^✅ news_1 #A1 resolved after 5 s \(by itself\)/),
      keyboard: [],
    });
    expect(reply).toMatchObject({
      silent: true,
      replyTo: card?.id,
      text: expect.stringContaining("solved"),
    });
    expect(more).toEqual([]);
  }
});

test("a card that the admin deleted is sent again when there is news", async () => {
  const fleet = await twoAdmins();
  fleet.parts.alerts.raise("exit:news_1", crash(1), Date.now());
  await fleet.parts.outbox.flush();
  const first = (await fromBot(fleet, 777))[0]?.id ?? 0;
  await fleet.bot.api.deleteMessage(777, first);
  fleet.parts.alerts.raise("exit:news_1", crash(2), Date.now());
  await fleet.parts.outbox.flush();
  const [card, ...more] = await fromBot(fleet, 777);
  expect(card?.id).toBeGreaterThan(first);
  expect(card?.text).toContain("2 times");
  expect(more).toEqual([]);
});

describe("an admin who blocked the bot", () => {
  test("is not asked again, and the other one still gets everything", async () => {
    const fleet = await twoAdmins();
    await fleet.post("/chat/block", { user: 777, blocked: true });
    fleet.parts.alerts.raise("exit:news_1", crash(1), Date.now());
    await fleet.parts.outbox.flush();
    expect(fleet.parts.admins.reachable()).toEqual(["778"]);
    expect(await fromBot(fleet, 778)).toHaveLength(1);
    await fleet.parts.outbox.flush();
    const tries = (await fleet.calls()).filter((call) => String(call.params["chat_id"]) === "777");
    expect(tries).toHaveLength(1);
  });

  test("gets what is open when they are back", async () => {
    const fleet = await twoAdmins();
    await fleet.post("/chat/block", { user: 777, blocked: true });
    fleet.parts.alerts.raise("exit:news_1", crash(1), Date.now());
    await fleet.parts.outbox.flush();
    await meet(fleet, 777, "Ann");
    await fleet.parts.outbox.flush();
    expect(await fromBot(fleet, 777)).toHaveLength(1);
  });
});

test("an admin who never wrote is not written to", async () => {
  const fleet = await startFleet();
  fleet.parts.alerts.raise("exit:news_1", crash(1), Date.now());
  await fleet.parts.outbox.flush();
  expect((await fleet.calls()).filter((call) => call.method === "sendMessage")).toEqual([]);
});

test("what Telegram refused is delivered the next time", async () => {
  const fleet = await twoAdmins();
  await fleet.post("/faults/bot", { method: "sendMessage", times: 1, error: { code: 500 } });
  fleet.parts.alerts.raise("exit:news_1", crash(1), Date.now());
  await fleet.parts.outbox.flush();
  await fleet.parts.outbox.flush();
  for (const user of [777, 778]) expect(await fromBot(fleet, user)).toHaveLength(1);
});

test("the end of an alert is told although its reply was refused the first time", async () => {
  const fleet = await twoAdmins();
  fleet.parts.alerts.raise("exit:news_1", crash(1), Date.now());
  await fleet.parts.outbox.flush();
  fleet.parts.alerts.resolve(1, say("solved-itself"), Date.now());
  await fleet.post("/faults/bot", { method: "sendMessage", times: 2, error: { code: 500 } });
  await fleet.parts.outbox.flush();
  await fleet.parts.outbox.flush();
  for (const user of [777, 778]) expect(await fromBot(fleet, user)).toHaveLength(2);
});

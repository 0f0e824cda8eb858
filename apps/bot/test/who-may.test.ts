import type { HostCommand } from "@flotilla/contracts";
import { parseUserId, parseWorkerId } from "@flotilla/kernel";
import { consumeHostCommands } from "@flotilla/queue";
import { waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { handleEvent } from "../src/events.ts";
import { say } from "../src/words/said.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { groupOf } from "./group.ts";
import { ASKER, crashBody, HOST, WORKER } from "./support.ts";

const BOB = 900;

async function withAnn(): Promise<Fleet> {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  fleet.parts.workers.add(WORKER, HOST, "777", 1);
  return fleet;
}

const press = async (fleet: Fleet, label: string, user = 777): Promise<string | undefined> =>
  ((await fleet.post("/chat/press", { user, labelContains: label })) as { toast?: { text?: string } }).toast?.text;

test("an owner invites a viewer by a link that works once; a viewer looks, and is told why nothing else works", async () => {
  const fleet = await withAnn();
  await fleet.poll();
  await fleet.post("/chat/text", { text: "/settings" });
  await fleet.waitForBot(777, "Settings");
  await press(fleet, "👥 Admins");
  await fleet.waitForBot(777, "Viewers look");
  await press(fleet, "➕ Viewer");
  const link = /join_[\w-]+/.exec((await fleet.waitForBot(777, /join_/)).text)?.[0] ?? "";
  await fleet.post("/chat/text", { user: BOB, text: `/start ${link}` });
  await fleet.waitForBot(BOB, "Fleet");
  expect(fleet.parts.admins.role(String(BOB))).toBe("viewer");
  await fleet.post("/chat/text", { user: 901, text: `/start ${link}` });
  await fleet.post("/chat/text", { user: BOB, text: "/status news_1" });
  const card = await fleet.waitForBot(BOB, "news_1.session");
  expect(card.keyboard.flat().map(({ text }) => text)).not.toContain("⏹ Stop");
  expect(fleet.parts.admins.role("901"), "the link was used up").toBeNull();
  await fleet.post("/chat/text", { user: BOB, text: "/stop news_1" });
  await fleet.waitForBot(BOB, "You are a viewer; this needs an operator.");
  const inline_keyboard = [[{ text: "Stop it", callback_data: "v1:stop:news_1:" }]];
  await fleet.bot.api.sendMessage(BOB, "forwarded", { reply_markup: { inline_keyboard } });
  expect(await press(fleet, "Stop it", BOB)).toBe("You are a viewer; this needs an operator.");
  expect(fleet.parts.commandLog.latest(WORKER), "nothing was asked").toBeNull();
  await fleet.parts.outbox.flush();
  await fleet.waitForBot(777, "came with an invitation and is a viewer now");
});

test("strangers are told of to the owner, once an hour", async () => {
  const fleet = await withAnn();
  await fleet.poll();
  for (const user of [5001, 5002, 5003]) await fleet.post("/chat/text", { user, text: "let me in" });
  await waitFor(async () => ((await fleet.bot.api.getWebhookInfo()).pending_update_count ?? 0) === 0);
  const notices = (): string[] =>
    fleet.db
      .read<{ subject: string }>("SELECT subject FROM alert WHERE subject LIKE 'notice-stranger:%'")
      .map((row) => row.subject);
  await waitFor(() => notices().length > 0, { what: "the note" });
  await fleet.parts.outbox.flush();
  await fleet.waitForBot(777, "wrote to this bot and got no answer");
  expect((await fleet.shown(777)).filter(({ text }) => text.includes("got no answer")).length).toBe(notices().length);
  // One, or two when an hour of the clock ended in between.
  expect(notices().length).toBeLessThan(3);
});

describe("a group", () => {
  test("hears nothing until an owner opens it, then every alert, in its topic; /here off closes it", async () => {
    const { fleet, sent, write } = await groupOf(await withAnn());
    const topic = { is_topic_message: true, message_thread_id: 7 };
    await write("/menu", topic);
    expect(sent, "silence before").toEqual([]);
    await write("/here", topic, 6666);
    expect(sent, "a stranger opens nothing").toEqual([]);
    await write("/here", topic);
    expect(sent[0]).toMatchObject({ text: expect.stringContaining("hears every alert now"), thread: 7 });
    expect(fleet.parts.places.all()).toMatchObject([{ title: "Night watch" }]);
    await write("/menu", {});
    expect(
      sent.filter(({ thread }) => thread === undefined),
      "the rest of the group is not meant",
    ).toEqual([]);
    fleet.parts.alerts.raise("exit:news_1", crashBody(), Date.now());
    await fleet.parts.outbox.flush();
    expect(sent.at(-1)).toMatchObject({ method: "sendMessage", text: expect.stringContaining("crashed"), thread: 7 });
    await write("/here off", topic);
    const before = sent.length;
    fleet.parts.alerts.raise("exit:sport", crashBody(), Date.now());
    await fleet.parts.outbox.flush();
    expect(sent.slice(before).filter(({ method }) => method === "sendMessage")).toEqual([]);
  });

  test("is no place for a login: it gives the way to the private chat", async () => {
    const { fleet, sent, write } = await groupOf(await withAnn());
    await write("/here");
    await write("/login news_1");
    expect(sent.at(-1)?.text).toMatch(/private chat only: https:\/\/t\.me\/\w+\?start=auth_news_1$/);
    expect(fleet.parts.wizard.of(parseUserId("777"))).toBeNull();
  });
});

test("the audit is filtered by a name, page by page, and its file is safe in a spreadsheet", async () => {
  const fleet = await withAnn();
  await fleet.poll();
  fleet.parts.audit.write({ id: "1", name: "=cmd()" }, say("audit-drill"), null, Date.now());
  fleet.parts.audit.write(ASKER, say("audit-quiet", { hours: '22:00-07:00 "late"' }), WORKER, Date.now());
  for (let n = 0; n < 20; n++) fleet.parts.audit.write({ id: "2", name: "Ben" }, say("audit-drill"), null, Date.now());
  expect(fleet.parts.audit.find("news_1", 15).map(({ byName }) => byName)).toEqual(["Ann"]);
  expect(fleet.parts.audit.find("ben", 15, 15)).toHaveLength(5);
  expect(fleet.parts.audit.find("%", 15), "a sign is a sign").toEqual([]);
  await fleet.post("/chat/text", { text: "/menu" });
  await fleet.waitForBot(777, "Fleet");
  await press(fleet, "📒 Audit");
  await fleet.waitForBot(777, "Audit");
  await press(fleet, "📄 As a file");
  type Sent = { document?: { url: string; name: string }; files?: unknown };
  const document = await waitFor(
    async () => ((await fleet.shown(777)) as unknown as Sent[]).find(({ document: found }) => found)?.document,
    { what: "the file" },
  );
  const csv = await (await fetch(new URL(document.url, fleet.sandbox.url))).text();
  expect(csv.split("\r\n")[0]).toBe("at,by,worker,what");
  expect(csv).toContain(`"'=cmd()"`);
  expect(csv).toContain('"quiet hours 22:00-07:00 ""late"""');
  expect(csv.trim().split("\r\n")).toHaveLength(23);
});

test("quiet hours hold an orange alert and tell a red one", async () => {
  const fleet = await withAnn();
  fleet.parts.settings.setQuiet({ fromMin: 0, toMin: 24 * 60 });
  fleet.parts.alerts.raise("exit:news_1", crashBody(), Date.now());
  fleet.parts.alerts.raise(
    "account:news_1",
    crashBody({ kind: "needs-login", title: say("alert-needs-login", { worker: WORKER }) }),
    Date.now(),
  );
  await fleet.parts.outbox.flush();
  await fleet.waitForBot(777, "needs login");
  const texts = (await fleet.shown(777)).map(({ text }) => text);
  expect(texts.filter((text) => text.includes("crashed"))).toEqual([]);
  fleet.parts.settings.setQuiet(null);
  await fleet.parts.outbox.flush();
  await fleet.waitForBot(777, "crashed");
});

test("an act on many is told to stop, by a command of its own to its host; the card says what was left", async () => {
  const fleet = await withAnn();
  const heard: HostCommand[] = [];
  const handle = async (command: HostCommand): Promise<void> => void heard.push(command);
  const consumer = await consumeHostCommands(HOST, { place: fleet.place, handle, onError: () => {} });
  onTestFinished(() => consumer.close());
  await fleet.poll();
  fleet.parts.workers.add(parseWorkerId("news_2"), HOST, "777", 2);
  await fleet.post("/chat/text", { text: "/menu" });
  await fleet.waitForBot(777, "2 workers");
  await press(fleet, "🔄 Restart all");
  await fleet.waitForBot(777, "Restart all 2 workers?");
  await press(fleet, "Yes, restart them");
  await fleet.waitForBot(777, "Under way: 0 done, 0 not done, 2 to go");
  expect(await press(fleet, "✋ Stop here")).toBe("✋ Stops after the worker in hand");
  await waitFor(() => heard.length === 2, { what: "both commands" });
  const [begun, ended] = heard.toSorted((a) => (a.kind === "bulk" ? -1 : 1));
  expect(begun).toMatchObject({ kind: "bulk", action: "restart", workers: ["news_1", "news_2"], canary: true });
  expect(ended).toMatchObject({ kind: "bulk.cancel", bulk: begun?.id, askedBy: { name: "Ann" } });
  const progress = { kind: "bulk.progress", command: begun?.id ?? "", action: "restart", total: 2, current: null } as const;
  const base = { v: 1 as const, id: "e-1", at: Date.now(), host: HOST };
  await handleEvent(
    { ...fleet.parts, onChatError: () => {} },
    { ...base, ...progress, phase: "stopped", done: [WORKER], failed: [] },
  );
  const card = await fleet.waitForBot(777, "Ended: 1 done, 0 not done, 1 left as they are");
  expect(
    card.keyboard.flat().map(({ text }) => text),
    "it is over",
  ).toEqual(["⬅️ Back"]);
});

test("a worker that was deleted is gone once its host says so, and its audit stays", async () => {
  const fleet = await withAnn();
  await fleet.poll();
  await fleet.post("/chat/text", { text: "/status news_1" });
  await fleet.waitForBot(777, "news_1.session");
  await press(fleet, "⋯ More");
  await fleet.waitForBot(777, "Tags: none");
  await press(fleet, "🗑 Delete worker");
  await fleet.waitForBot(777, "send its name within 30 s");
  await fleet.post("/chat/text", { text: "news_2" });
  await fleet.waitForBot(777, "That is not its name");
  expect(fleet.db.read("SELECT id FROM command WHERE verb = 'forget'")).toEqual([]);
  await fleet.post("/chat/text", { text: "/status news_1" });
  await fleet.waitForBot(777, "news_1.session");
  await press(fleet, "⋯ More");
  await fleet.waitForBot(777, "Tags: none");
  await press(fleet, "🗑 Delete worker");
  await fleet.waitForBot(777, "send its name within 30 s");
  await fleet.post("/chat/text", { text: "news_1" });
  const { id } = await waitFor(() => fleet.db.readOne<{ id: string }>("SELECT id FROM command WHERE verb = 'forget'"), {
    what: "the command",
  });
  expect(fleet.parts.workers.find(WORKER), "only its host knows that it stopped").not.toBeNull();
  const event = { v: 1 as const, id: "e-1", at: Date.now(), host: HOST, worker: WORKER } as const;
  const done = { ...event, kind: "command.done", command: id, outcome: { kind: "done" } } as const;
  await handleEvent({ ...fleet.parts, onChatError: () => {} }, done);
  expect(fleet.parts.workers.find(WORKER)).toBeNull();
  expect(fleet.parts.audit.find("news_1", 5)).toHaveLength(1);
});

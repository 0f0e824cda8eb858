import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { makeArchive, restoreOne } from "@flotilla/archive";
import { systemClock } from "@flotilla/kernel";
import { openDatabase } from "@flotilla/sqlite";
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { AuditStore } from "../src/admins/audit-store.ts";
import { openControlDb } from "../src/kit/control-db.ts";
import { readRescueNote, writeRescueNote } from "../src/rescue/rescue-note.ts";
import { type BotPlace, botPlace, FLEET_KEY } from "./bot-process.ts";
import { ASKER, HOST } from "./support.ts";

async function archive(
  { dataDir }: BotPlace,
  key = FLEET_KEY,
  folder = join(dataDir, "backups"),
): Promise<string> {
  const made = await makeArchive({
    dataDir,
    folder,
    fleetKey: key,
    host: HOST,
    program: "0.1.0",
    clock: systemClock,
  });
  return made.path;
}

const control = (dataDir: string): string => join(dataDir, "control.db");

function remove(dataDir: string): void {
  for (const name of readdirSync(dataDir).filter((it) => it.startsWith("control.db")))
    rmSync(join(dataDir, name));
}

const DAMAGES: readonly (readonly [what: string, hurt: (dataDir: string) => void])[] = [
  ["garbage", (dir) => writeFileSync(control(dir), `a log line\n${"x".repeat(20_000)}`)],
  ["a file that was cut off", (dir) => truncateSync(control(dir), 20_000)],
  ["no byte", (dir) => truncateSync(control(dir), 0)],
  [
    "a folder",
    (dir) => {
      remove(dir);
      mkdirSync(control(dir));
    },
  ],
  [
    "a database of another kind",
    (dir) => {
      remove(dir);
      const other = { role: "host", migrations: ["CREATE TABLE a (b TEXT) STRICT"] } as const;
      openDatabase({ path: control(dir), ...other }).close();
    },
  ],
  ["nothing", (dir) => remove(dir)],
];

test.each(DAMAGES)(
  "with %s in place of control.db an owner puts back the copy",
  async (what, hurt) => {
    const at = await botPlace();
    await archive(at);
    hurt(at.dataDir);
    const bot = await at.start();
    const card = await at.says(what === "nothing" ? /bot is missing/ : /bot is damaged/);
    expect(card.text).toMatch(/In it: 1 worker, 0 routes, 1 admin, 0 open alerts/);
    await at.press("Put back");
    await at.says(/Put back the database of/);
    await at.press("Yes, put it back");
    await at.says(/The bot runs again with the database of .* \(Ann\)/);
    await at.press("Menu");
    await at.press("Workers");
    await at.says(/news_1/);
    bot.kill("SIGTERM");
    expect((await bot.exited).code).toBe(0);
    using db = openControlDb(control(at.dataDir));
    expect(new AuditStore(db).find("", 5).map((row) => row.what.key)).toContain("audit-rescue-put");
    const kept = readdirSync(at.dataDir).filter((name) => name.startsWith("control.db.replaced-"));
    expect(kept.filter((name) => !/-(wal|shm)$/.test(name))).toHaveLength(
      what === "nothing" ? 0 : 1,
    );
    expect(existsSync(join(at.dataDir, "rescue.json"))).toBe(false);
  },
);

test("without a backup the owner starts empty, and the damaged file stays", async () => {
  const at = await botPlace();
  writeFileSync(control(at.dataDir), "this is no database");
  const bot = await at.start();
  const card = await at.says(/no backup of this host/);
  expect(card.keyboard.flat().map(({ text }) => text)).toEqual([
    "🆕 Start empty, keep the file",
    "🔄 Refresh",
  ]);
  await at.press("Start empty");
  await at.press("Yes, start empty");
  await at.says(/The bot runs again with an empty database/);
  const [kept = ""] = readdirSync(at.dataDir).filter((name) => name.includes(".replaced-"));
  expect(readFileSync(join(at.dataDir, kept), "utf8")).toBe("this is no database");
  bot.kill("SIGTERM");
  expect((await bot.exited).code).toBe(0);
});

test("without a backup a missing control.db is made, as at a first start", async () => {
  const at = await botPlace();
  remove(at.dataDir);
  await at.start();
  await at.chat.post("/chat/text", { user: 777, text: "/start" });
  await at.says(/Fleet/);
});

test("a bot whose folder has no supervisor finds the archives that it made itself", async () => {
  const at = await botPlace();
  await archive(at, FLEET_KEY, join(at.dataDir, "backups", "bot"));
  remove(at.dataDir);
  await at.start();
  await at.says(/In it: \d worker/);
});

test("useless backups are named with the reason, and the older sound one is offered", async () => {
  const at = await botPlace();
  await archive(at);
  const other = await archive(at, Buffer.alloc(32, 9));
  const cut = await archive(at);
  truncateSync(cut, 500);
  const foreign = await archive(at);
  writeFileSync(foreign, "holiday pictures");
  expect(new Set([other, cut, foreign]).size).toBe(3);
  writeFileSync(control(at.dataDir), "this is no database");
  await at.start();
  const card = await at.says(/bot is damaged/);
  expect(card.text).toMatch(/another FLEET_KEY sealed it/);
  expect(card.text).toMatch(/it is damaged, or has no sound control\.db/);
  expect(card.text).toMatch(/it is no archive of Flotilla/);
  expect(card.text).toMatch(/In it: 1 worker/);
  await at.press("Older backups (4)");
  await at.says(/Backups of this host/);
  await at.press("💾");
  await at.says(/it is no archive of Flotilla/);
});

test("others get no word, in their chat or by a press; texts that may be secrets are removed", async () => {
  const at = await botPlace();
  await archive(at);
  writeFileSync(control(at.dataDir), "this is no database");
  await at.chat.post("/chat/start", { user: 999, firstName: "Eve" });
  const inline_keyboard = [
    [{ text: "Start it empty", callback_data: "v1:rescue:do-empty:zzzzzz" }],
  ];
  await at.chat.bot.api.sendMessage(999, "forged", { reply_markup: { inline_keyboard } });
  await at.start();
  await at.says(/bot is damaged/);
  await at.chat.post("/chat/press", { user: 999, label: "Start it empty", waitMs: 1 });
  await at.chat.post("/chat/text", { user: 999, text: "/start" });
  await at.chat.post("/chat/text", { user: 777, text: "12345" });
  await waitFor(async () => !(await at.chat.shown(777)).some(({ text }) => text === "12345"), {
    what: "the text to be removed",
  });
  const cards = async () => (await at.chat.shown(777)).filter(({ text }) => /damaged/.test(text));
  await waitFor(async () => (await cards()).length === 1, { what: "one card" });
  expect((await at.chat.shown(999)).filter(({ from }) => from === "bot")).toHaveLength(1);
  expect(readFileSync(control(at.dataDir), "utf8")).toBe("this is no database");
});

test("a confirmation that is too old decides nothing", async () => {
  const at = await botPlace();
  await archive(at);
  writeFileSync(control(at.dataDir), "this is no database");
  await at.start();
  const { id } = await at.says(/bot is damaged/);
  const inline_keyboard = [[{ text: "an old yes", callback_data: "v1:rescue:do-empty:abc" }]];
  await at.chat.bot.api.editMessageReplyMarkup(777, id, { reply_markup: { inline_keyboard } });
  await at.press("an old yes");
  await waitFor(async () => (await at.says(/bot is damaged/)).keyboard.length > 1, {
    what: "the card",
  });
  expect(readFileSync(control(at.dataDir), "utf8")).toBe("this is no database");
});

test("a bot that is killed in the rescue shows one card after its next start, too", async () => {
  const at = await botPlace();
  await archive(at);
  writeFileSync(control(at.dataDir), "this is no database");
  const first = await at.start();
  const cards = async () =>
    (await at.chat.shown(777)).filter(({ text }) => /is damaged|Put back the/.test(text));
  const isNoted = async (): Promise<boolean> => {
    const [card, ...more] = await cards();
    const noted = readRescueNote(at.dataDir).cards[777]?.message;
    return card !== undefined && card.id === noted && more.length === 0;
  };
  await waitFor(isNoted, { what: "one card, which is noted" });
  first.kill("SIGKILL");
  await first.exited;
  await at.start();
  await at.press("Put back");
  await at.says(/Put back the database of/);
  await waitFor(async () => (await cards()).length === 1, { what: "one card" });
});

test("a card that a killed bot sent and did not note becomes the only one when it is pressed", async () => {
  const at = await botPlace();
  await archive(at);
  writeFileSync(control(at.dataDir), "this is no database");
  const bot = await at.start();
  const noted = await at.says(/bot is damaged/);
  const inline_keyboard = [[{ text: "Put back", callback_data: "v1:rescue:look:" }]];
  const orphan = await at.chat.bot.api.sendMessage(777, "This database of the bot is damaged", {
    reply_markup: { inline_keyboard },
  });
  await at.press("Put back");
  await waitFor(() => readRescueNote(at.dataDir).cards[777]?.message === orphan.message_id, {
    what: "the note of the card that was pressed",
  });
  await waitFor(async () => !(await at.chat.shown(777)).some(({ id }) => id === noted.id), {
    what: "the former card to be gone",
  });
  bot.kill("SIGTERM");
  expect((await bot.exited).code).toBe(0);
});

test("a bot that was killed between both files finishes at its next start, and says who decided", async () => {
  const at = await botPlace();
  const path = await archive(at);
  const { dataDir } = at;
  writeFileSync(control(dataDir), "this is no database");
  const { message_id: message } = await at.chat.bot.api.sendMessage(777, "⏳ Putting back…");
  writeRescueNote(dataDir, {
    cards: { 777: { message, language: "ru", zone: null } },
    decision: { copyAt: 1_800_000_000_000, by: ASKER, at: 1_800_000_060_000 },
  });
  const killed = restoreOne({
    path,
    dataDir,
    fleetKey: FLEET_KEY,
    name: "control.db",
    clock: systemClock,
    isRunning: true,
    onStep: () => {
      if (!existsSync(control(dataDir))) throw new Error("killed");
    },
  });
  await expect(killed).rejects.toThrow("killed");
  await at.start();
  // The database says in which language Ann reads.
  const done = await at.says(/The bot runs again with the database of 2027-01-15 .*\(Ann\)/);
  expect(done.id).toBe(message);
  expect(existsSync(join(dataDir, "rescue.json"))).toBe(false);
});

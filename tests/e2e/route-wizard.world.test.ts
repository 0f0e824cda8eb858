import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { childWith, waitFor } from "@flotilla/testkit";
import { expect, inject, test } from "vitest";
import { CHROMIUM, openPage } from "./support/browser.ts";
import { AdminChat } from "./support/chat.ts";
import { startFleet, type TestFleet } from "./support/fleet.ts";

const PHONE = "15550100001";
const BOSS = "15550109999";
const IMAGES = fileURLToPath(new URL("../../docs/images/chat/", import.meta.url));

interface Seen {
  readonly text: string;
  readonly topic: number | null;
}

/**
 * An admin creates a route between topics by buttons, across a kill of the bot, then changes its
 * target to the bot.
 */
test("a wizard creates a route that delivers into its topic, and changes it by the same steps", async () => {
  const fleet = await startFleet({ SENDS_PER_MINUTE: "6000", START_SPACING_S: "0" });
  await fleet.post("accounts", { phone: BOSS, firstName: "Boss" });
  const desk = await forum(fleet, "Trading desk", [BOSS, PHONE], ["BTC", "Chatter"]);
  const digest = await forum(fleet, "My digest", [PHONE], ["Signals"]);
  const team = await forum(fleet, "Team", [BOSS], ["News"], true);
  const chat = new AdminChat(fleet);
  await chat.start();
  await chat.shows(/1 healthy/);
  await chat.press("🔀 Routes");
  await chat.press("➕ New route");
  await chat.shows(/What is its name\? Send one/);
  await chat.say("BTC desk");
  await chat.shows(/A name has 1 to 32/);
  await chat.say("btc_desk");
  await chat.press("👷 demo_1");
  await chat.press("Trading desk");
  await chat.shows(/Which chats should demo_1 read/);
  await picture(fleet, "route-sources", "Which chats should demo_1 read");
  await chat.press("➡️ Next (1)");
  await chat.press("# BTC");
  await chat.shows(/Which messages/);
  await chat.say("btc and (");
  await chat.shows(/The filter, at character/);
  await chat.say("btc");
  await chat.press("📋 Copy");
  await chat.press("👷 A chat, by a worker");
  await chat.shows(/Which worker delivers/);
  await killBot(fleet);
  await chat.press("demo_1");
  await chat.press("My digest");
  await chat.press("# Signals");
  await chat.shows(
    /New route btc_desk[\s\S]*demo_1 reads Trading desk[\s\S]*Goes to demo_1: My digest/,
  );
  await picture(fleet, "route-summary", "New route btc_desk");
  await chat.press("🔎 Dry run");
  await chat.shows(/Dry run of btc_desk/);
  await chat.press("⬅️ Back");
  await chat.press("💾 Save");
  await chat.shows(/btc_desk · on[\s\S]*Topics: 2 → 2/);

  const post = (text: string, topic: number | undefined) =>
    fleet.post(`channels/${desk.id}/messages`, { text, topic, from: BOSS });
  const seen = (where: Forum) => fleet.get<Seen[]>(`accounts/${PHONE}/history?chat=${where.id}`);
  // The reader gets its route a moment after it is saved.
  const arrives = async (where: Forum): Promise<Seen[]> =>
    await waitFor(
      async () => {
        await post("btc elsewhere", desk.topics[1]);
        await post("eth here", desk.topics[0]);
        await post("btc here", desk.topics[0]);
        const all = await seen(where);
        return all.length > 0 ? all : null;
      },
      { timeoutMs: 60_000, intervalMs: 500, what: "a delivery" },
    );
  const only = (all: readonly Seen[]) => [
    ...new Set(all.map(({ text, topic }) => `${text} in ${topic}`)),
  ];
  expect(only(await arrives(digest))).toEqual([`btc here in ${digest.topics[0]}`]);

  await chat.press("✏️ Change");
  await chat.press("🎯 Target");
  await chat.press("🤖 A chat, by the bot");
  await chat.shows(/Which chat/);
  await chat.say(`-100${digest.id}`);
  await chat.shows(/The bot is not in/);
  await chat.say(`https://t.me/c/${team.id}/${team.topics[0]}/5`);
  await chat.shows(/Into which topic of Team/);
  await chat.say(String(team.topics[0]));
  await chat.shows(/Change the route btc_desk[\s\S]*Goes to the bot: Team/);
  await chat.press("💾 Save");
  await chat.shows(/btc_desk · on/);
  expect(only(await arrives(team))).toEqual([`btc here in ${team.topics[0]}`]);

  await chat.press("✏️ Change");
  await chat.press("🔤 Filter");
  await chat.say("/cancel");
  await chat.press("➕ New route");
  expect(await chat.shows(/What is its name\? Send one/)).toBeDefined();
});

interface Forum {
  readonly id: string;
  readonly topics: readonly number[];
}

async function forum(
  fleet: TestFleet,
  title: string,
  members: string[],
  titles: string[],
  bot = false,
): Promise<Forum> {
  const { id } = await fleet.post<{ id: string }>("channels", { title, members, forum: true, bot });
  const topics: number[] = [];
  for (const each of titles)
    topics.push((await fleet.post<{ id: number }>(`channels/${id}/topics`, { title: each })).id);
  return { id, topics };
}

/** Kills the bot and waits until the launcher restarts it; the draft survives. */
async function killBot(fleet: TestFleet): Promise<void> {
  const bot = () => childWith(fleet.process.pid, "/bot/src/main.ts");
  const before = await bot();
  process.kill(before, "SIGKILL");
  await waitFor(async () => (await bot()) !== before, {
    timeoutMs: 60_000,
    what: "the bot to be back",
  });
}

/** Updates the picture for docs/relays.md with UPDATE_IMAGES=1. */
async function picture(fleet: TestFleet, name: string, text: string): Promise<void> {
  if (!inject("updateImages") || !CHROMIUM) return;
  mkdirSync(IMAGES, { recursive: true });
  const page = await openPage(fleet.url, { width: 390, height: 1400 });
  await page.evaluate(
    "const plain = new CSSStyleSheet(); " +
      "plain.replaceSync('.chat{background:#8fb08a!important}.chat::before,.day,.toasts{display:none!important}'); " +
      "document.adoptedStyleSheets = [plain]",
  );
  const message = page.locator('[data-testid^="message-"]').filter({ hasText: text }).last();
  await message.scrollIntoViewIfNeeded();
  await message.screenshot({ path: `${IMAGES}${name}.png`, animations: "disabled" });
}

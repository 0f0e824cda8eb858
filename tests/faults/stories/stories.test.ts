/**
 * What an admin reads in a night, compared with what happened, one by one. The long versions: `npm
 * run faults -- --stories`.
 */
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { expect, inject, test } from "vitest";
import { CHROMIUM, openPage } from "../../e2e/support/browser.ts";
import { judgeStory } from "./judge.ts";
import { firstLine } from "./model.ts";
import { ADMINS } from "./place.ts";
import { StoryRig } from "./rig.ts";
import { allAtOnce, oneNight, type Strains, twoAdmins } from "./stories.ts";
import { storyTable } from "./table.ts";

const { stories, only } = inject("faults");
const isLinux = process.platform === "linux";
const PICTURE = fileURLToPath(new URL("../../../docs/images/8-night.png", import.meta.url));
const PHONE = { width: 390, height: 844 };

/** Settings that a story is about are as they are shipped; a start need not be slow. */
const SHIPPED = { START_SPACING_S: "0.2", RESTART_DELAY_S: "30" };
const ANN = String(ADMINS.ann);

/** Compares the chats with what happened and prints both. */
async function compare(
  rig: StoryRig,
  messages: number,
  strains: Strains,
  busyMs = 0,
): Promise<void> {
  const [happened, told] = [await rig.happened(), await rig.told()];
  const load = Object.entries(strains).map(
    ([what, { load: highest, botMs, supervisorMs }]) =>
      `${what}: load ${highest.toFixed(1)}, longest hold of the bot ${botMs} ms, of the ` +
      `supervisor ${supervisorMs} ms`,
  );
  if (stories) process.stdout.write(`${storyTable(happened, told)}\n${load.join("\n")}\n`);
  const { names, presses } = rig;
  const wrong = judgeStory(happened, told, {
    hears: [ANN],
    workers: names.length,
    messages,
    busyMs,
    presses,
  });
  expect(wrong).toEqual([]);
}

/** The page shows what the record has. */
async function looksTheSame(rig: StoryRig, page: Page): Promise<void> {
  const texts = await page.locator('[data-testid^="message-"]').allInnerTexts();
  for (const { text } of await rig.ann.messages())
    expect(
      texts.some((each) => each.includes(firstLine({ html: text }))),
      text,
    ).toBe(true);
  if (inject("updateImages")) await page.screenshot({ path: PICTURE });
}

test.skipIf(!isLinux || stories)(
  "a short night: three of six crash, one session ends, Flotilla is restarted on purpose",
  async () => {
    const rig = await StoryRig.start(6, {
      START_SPACING_S: "0",
      RESTART_DELAY_S: "1",
      CONFIRM_END_S: "1",
    });
    const strains = await oneNight(rig, 3, { confirmMs: 1000, hangMs: 0, awayMs: 0, quietMs: 0 });
    await compare(rig, 8, strains, 10_000);
  },
);

const LONG = { confirmMs: 120_000, hangMs: 20_000, awayMs: 120_000, quietMs: 20_000 };

test.skipIf(!isLinux || !stories || !"10 workers".includes(only))(
  "10 workers: crashes and an end while Redis hangs, a restart while workers are down, a bot " +
    "that is killed with the news",
  { timeout: 600_000 },
  async () => {
    const rig = await StoryRig.start(10, { ...SHIPPED, RESTART_DELAY_S: "5", CONFIRM_END_S: "6" });
    await allAtOnce(rig, { ...LONG, confirmMs: 6000, hangMs: 16_000 });
    await compare(rig, 12, {});
  },
);

test.skipIf(!isLinux || !stories || !"30 workers".includes(only))(
  "30 workers: nine crash, one session ends, Redis hangs, Flotilla is restarted on purpose: " +
    "at most 8 messages, in the browser",
  { timeout: 1_200_000 },
  async () => {
    const rig = await StoryRig.start(30, SHIPPED);
    const page = CHROMIUM ? await openPage(`${rig.url}/`, PHONE) : null;
    const strains = await oneNight(rig, 9, LONG);
    if (page) await looksTheSame(rig, page);
    await compare(rig, 8, strains);
  },
);

test.skipIf(!isLinux || !stories || !"60 workers".includes(only))(
  "60 workers: 40 crash, 20 sessions end, two admins restart all, the Bot API goes away for two minutes",
  { timeout: 1_800_000 },
  async () => {
    const rig = await StoryRig.start(60, SHIPPED);
    const { strains, answers, pressedAt } = await twoAdmins(rig, LONG);
    await compare(rig, 8, strains);
    expect(answers.toSorted()).toEqual(
      [
        "⏳ Queued",
        expect.stringMatching(/^Already under way: (?:Ann|User 1002) requested it/),
      ].toSorted(),
    );
    const logins = await rig.loginsSince(pressedAt);
    // Five crashed once more; Telegram let in none of the last twenty.
    expect(rig.names.map((name) => logins[name])).toEqual([
      ...Array(5).fill(2),
      ...Array(35).fill(1),
      ...Array(20).fill(0),
    ]);
  },
);

/** The live message of a chat. */
import type { Database } from "@flotilla/sqlite";
import { waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { REGISTRY } from "../src/app/features.ts";
import { EditPace } from "../src/kit/chat/edit-pace.ts";
import { OldCards } from "../src/kit/chat/old-cards.ts";
import { PanelStore } from "../src/kit/chat/panel-store.ts";
import { Panels } from "../src/kit/chat/panels.ts";
import type { Card } from "../src/kit/chat/screen.ts";
import { SureSender } from "../src/kit/chat/sure-sender.ts";
import { html } from "../src/kit/words/html.ts";
import { type Chat, type Shown, startChat } from "./chat.ts";
import { controlDb, EN, silent, TestClock } from "./support.ts";

const ANN = "777";
const MENU = { kind: "menu" } as const;

interface World extends Chat {
  readonly clock: TestClock;
  readonly db: Database;
  readonly old: OldCards;
  readonly store: PanelStore;
  readonly sender: SureSender;
  readonly panels: Panels;
  readonly pace: EditPace;
  /** What screens show from now on. */
  says(text: string): void;
  /** Runs while a screen is rendered. */
  meanwhile(work: () => void): void;
  live(): Promise<Shown[]>;
  edits(): Promise<number>;
}

async function world(): Promise<World> {
  const chat = await startChat();
  await chat.post("/chat/start", { user: 777 });
  const db = await controlDb();
  const store = new PanelStore(db, (kept) => REGISTRY.screenFrom(kept));
  const sender = new SureSender(chat.bot.api, db);
  const old = new OldCards({ api: chat.bot.api, db, log: silent, wordsOf: () => EN });
  const clock = new TestClock();
  const pace = new EditPace(clock);
  let text = "one";
  let meanwhile = (): void => {};
  const render = async (): Promise<Card> => {
    meanwhile();
    return { html: html`${text}`.text, keyboard: [[{ text: "Menu", callback_data: "v1:menu::" }]] };
  };
  const panels = new Panels({
    api: chat.bot.api,
    db,
    old,
    store,
    clock,
    pace,
    log: silent,
    render,
    wordsOf: () => EN,
    sender,
    calmGapMs: () => 1000,
  });
  onTestFinished(() => panels.close());
  return {
    ...chat,
    db,
    old,
    store,
    sender,
    clock,
    panels,
    pace,
    says: (next) => {
      text = next;
    },
    meanwhile: (work) => {
      meanwhile = work;
    },
    live: async () => (await chat.shown(777)).filter((message) => message.from === "bot"),
    edits: async () =>
      (await chat.calls()).filter((call) => call.method === "editMessageText").length,
  };
}

test("a screen is one message with its buttons and the time", async () => {
  const { panels, live } = await world();
  await panels.show(ANN, MENU, null);
  const [message, ...more] = await live();
  expect(message?.text).toMatch(/^one\n\nupdated (\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d UTC\S*$/);
  expect(message?.keyboard).toEqual([[{ text: "Menu", callback_data: "v1:menu::" }]]);
  expect(more).toEqual([]);
});

test("a live message is edited only when what it shows has changed, time alone is no change", async () => {
  const { panels, clock, says, live, edits } = await world();
  await panels.show(ANN, MENU, null);
  const [before] = await live();
  clock.ms += 60_000;
  await panels.refreshAll();
  expect(await edits()).toBe(0);
  says("two");
  await panels.refreshAll();
  await panels.refreshAll();
  expect(await edits()).toBe(1);
  expect(await live()).toMatchObject([{ id: before?.id, text: expect.stringMatching(/^two/) }]);
});

test(
  "an alert that is edited while a screen is rendered keeps the screen waiting, but not the " +
    "answer to a press",
  async () => {
    const { panels, pace, clock, says, meanwhile, edits } = await world();
    await panels.show(ANN, MENU, null);
    clock.ms += 5000;
    says("two");
    meanwhile(() => pace.edited(ANN, "card"));
    await panels.refresh(ANN, "calm");
    expect(await edits()).toBe(0);
    await panels.refresh(ANN, "urgent");
    expect(await edits()).toBe(1);
    meanwhile(() => {});
    says("three");
    await panels.refresh(ANN, "calm");
    expect(await edits()).toBe(1);
    clock.ms += 3000;
    await panels.refresh(ANN, "calm");
    expect(await edits()).toBe(2);
  },
);

test("edits keep a gap, but for the answer that an admin waits for", async () => {
  const { panels, clock, says, edits } = await world();
  await panels.show(ANN, MENU, null);
  says("two");
  await panels.refresh(ANN, "calm");
  expect(await edits()).toBe(0);
  await panels.refresh(ANN, "urgent");
  expect(await edits()).toBe(1);
  says("three");
  clock.ms += 999;
  await panels.refresh(ANN, "calm");
  expect(await edits()).toBe(1);
  clock.ms += 1;
  await panels.refresh(ANN, "calm");
  expect(await edits()).toBe(2);
});

test("a change within the gap is shown when the gap is over, without anybody asking again", async () => {
  const { panels, clock, says, edits } = await world();
  await panels.show(ANN, MENU, null);
  says("two");
  await panels.refresh(ANN, "calm");
  clock.ms += 1000;
  await waitFor(async () => (await edits()) === 1, { what: "the edit that was put off" });
});

describe("there is one live message in a chat", () => {
  test("a new one takes the place of the old one, which is deleted", async () => {
    const { panels, says, live } = await world();
    await panels.show(ANN, MENU, null);
    says("two");
    await panels.show(ANN, MENU, null);
    expect((await live()).map((message) => message.text)).toEqual([expect.stringMatching(/^two/)]);
  });

  test("also when many are asked for at once", async () => {
    const { panels, live, store } = await world();
    await Promise.all(Array.from({ length: 5 }, () => panels.show(ANN, MENU, null)));
    const messages = await live();
    expect(messages).toHaveLength(1);
    expect(store.find(ANN)?.message).toBe(messages[0]?.id);
  });

  test(
    "also when the old one cannot be deleted any more: that one loses its buttons, and points " +
      "down",
    async () => {
      const { panels, live, post } = await world();
      await panels.show(ANN, MENU, null);
      await post("/clock", { advanceMs: 49 * 3600_000 });
      await panels.show(ANN, MENU, null);
      const [old, fresh] = await live();
      expect(old).toMatchObject({ keyboard: [], text: "⬇️ There is a newer message below." });
      expect(fresh?.keyboard).toHaveLength(1);
    },
  );

  test("also when Telegram did not answer the wish to delete the old one: it goes later", async () => {
    const { panels, live, post, clock } = await world();
    await panels.show(ANN, MENU, null);
    await post("/faults/bot", { method: "deleteMessage", times: 1, error: { code: 500 } });
    await panels.show(ANN, MENU, null);
    expect(await live()).toHaveLength(2);
    clock.ms += 6000;
    await panels.refreshAll();
    expect(await live()).toHaveLength(1);
  });

  test("also after an admin blocked the bot and came back", async () => {
    const { panels, says, post, live, clock } = await world();
    await panels.show(ANN, MENU, null);
    await post("/chat/block", { user: 777, blocked: true });
    says("two");
    clock.ms += 6000;
    await panels.refreshAll();
    await post("/chat/block", { user: 777, blocked: false });
    await panels.show(ANN, MENU, null);
    expect(await live()).toHaveLength(1);
  });

  test("replace shows another screen in it, and makes one where there is none", async () => {
    const { panels, says, live } = await world();
    await panels.replace(ANN, MENU);
    const [first] = await live();
    says("two");
    await panels.replace(ANN, { kind: "workers", problems: false, find: "", page: 0 });
    expect(await live()).toMatchObject([{ id: first?.id, text: expect.stringMatching(/^two/) }]);
  });
});

test("a live message that was deleted is sent again, and is the live one then", async () => {
  const { panels, says, live, bot, store, clock } = await world();
  await panels.show(ANN, MENU, null);
  const first = (await live())[0]?.id ?? 0;
  await bot.api.deleteMessage(777, first);
  says("two");
  clock.ms += 6000;
  await panels.refreshAll();
  const [message] = await live();
  expect(message?.id).toBeGreaterThan(first);
  expect(store.find(ANN)?.message).toBe(message?.id);
});

test("the same screen shown again in the same second is no error", async () => {
  const { panels, live } = await world();
  await panels.show(ANN, MENU, null);
  const [message] = await live();
  await panels.show(ANN, MENU, message?.id ?? 0);
  expect(await live()).toHaveLength(1);
});

test("the chat of an admin who blocked the bot is forgotten, and no other refresh fails for it", async () => {
  const { panels, says, post, store, clock } = await world();
  await panels.show(ANN, MENU, null);
  await post("/chat/block", { user: 777, blocked: true });
  says("two");
  clock.ms += 6000;
  await panels.refreshAll();
  expect(store.find(ANN)).toBeNull();
});

test("a refresh that failed is done by the next one", async () => {
  const { panels, says, post, live, clock } = await world();
  await panels.show(ANN, MENU, null);
  await post("/faults/bot", { method: "editMessageText", times: 1, error: { code: 500 } });
  says("two");
  clock.ms += 6000;
  await panels.refreshAll();
  clock.ms += 6000;
  await panels.refreshAll();
  expect((await live())[0]?.text).toMatch(/^two/);
});

test("a live message lives on over a restart of the bot", async () => {
  const { bot, db, old, store, sender, clock, live, panels } = await world();
  await panels.show(ANN, MENU, null);
  const [before] = await live();
  const render = async (): Promise<Card> => ({ html: "after", keyboard: [] });
  await new Panels({
    api: bot.api,
    db,
    old,
    store,
    clock,
    pace: new EditPace(clock),
    log: silent,
    render,
    wordsOf: () => EN,
    sender,
    calmGapMs: () => 1000,
  }).refreshAll();
  expect(await live()).toMatchObject([{ id: before?.id, text: expect.stringMatching(/^after/) }]);
});

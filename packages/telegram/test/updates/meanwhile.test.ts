/** Slow requests do not delay pushed updates. */
import { waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { ACCOUNT } from "../../src/wire/box.ts";
import { Rig } from "./engine-kit.ts";
import { Refusal } from "./model-server.ts";

/**
 * Holds back the nth answer of a kind until it is released; `asked` resolves when it was requested.
 */
function holdBack(rig: Rig, kind: "history" | "dialogs" | "dialogsOf", nth: number) {
  const [asked, free] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  onTestFinished(() => free.resolve());
  let calls = 0;
  const original = rig.server[kind].bind(rig.server) as (...args: unknown[]) => Promise<never>;
  rig.server[kind] = async (...args: unknown[]) => {
    if (++calls === nth) {
      asked.resolve();
      await free.promise;
    }
    return await original(...args);
  };
  return { asked: asked.promise, letGo: free.resolve, calls: () => calls };
}

/** Every message is there once, and each box is in order. */
function inOrder(rig: Rig): void {
  const inbox = rig.inbox();
  expect(inbox.toSorted()).toEqual(rig.server.everything());
  for (const box of [ACCOUNT, ...rig.server.channels()]) {
    const ids = inbox
      .filter((each) => each.startsWith(`${box}/`))
      .map((each) => Number(each.split("/")[1]));
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
  }
}

/** A channel that is 40 pages behind, and others that are not. */
async function behind(): Promise<Rig> {
  const rig = await Rig.create();
  for (const channel of ["5", "6", "7"]) rig.server.join(channel);
  await rig.start();
  for (const box of ["5", "6", "7", ACCOUNT]) rig.push(rig.server.post(box));
  await rig.complete();
  await rig.stop();
  for (let n = 0; n < 120; n++) rig.server.post("5");
  rig.server.limits.tooLong = 60;
  return rig;
}

const LIVE = ["6", "7", ACCOUNT, "6"] as const;

test("live posts of all others are there before the second page of a history of 40", async () => {
  const rig = await behind();
  const page = holdBack(rig, "history", 2);
  rig.begin();
  await page.asked;
  for (let n = 0; n < 40; n++) rig.push(rig.server.post(LIVE[n % LIVE.length] ?? ""));
  await waitFor(() => rig.inbox().filter((each) => !each.startsWith("5/")).length === 43, {
    what: "the live posts",
  });
  expect(page.calls()).toBe(2);
  page.letGo();
  await rig.complete();
  expect(page.calls()).toBeGreaterThanOrEqual(40);
  inOrder(rig);
});

test("what is asked between two pages counts as a difference", async () => {
  const rig = await behind();
  const page = holdBack(rig, "history", 2);
  rig.begin();
  await page.asked;
  const before = rig.engine.counts().differences;
  rig.server.post("6");
  rig.push({ kind: "channel-too-long", channel: "6" });
  page.letGo();
  await waitFor(() => rig.inbox().includes("6/2"));
  expect(rig.engine.counts().differences).toBeGreaterThan(before);
  expect(rig.inbox().length).toBeLessThan(rig.server.everything().length);
  await rig.complete();
});

test("what is posted in the channel itself comes behind what is older, once", async () => {
  const rig = await behind();
  const page = holdBack(rig, "history", 10);
  rig.begin();
  await page.asked;
  for (let n = 0; n < 9; n++) rig.push(rig.server.post("5"), rig.server.post("6"));
  await waitFor(() => rig.inbox().includes("6/10"));
  expect(rig.inbox().includes("5/122")).toBe(false);
  page.letGo();
  await rig.complete();
  inOrder(rig);
});

test("between two pages the pace is kept, and live posts do not wait for it", async () => {
  const rig = await behind();
  const page = holdBack(rig, "history", 1);
  rig.begin();
  await page.asked;
  rig.timings.paceMs = 60_000;
  page.letGo();
  await waitFor(() => rig.inbox().includes("5/4"), { what: "the first page" });
  for (let n = 0; n < 5; n++) {
    rig.push(rig.server.post("6"), rig.server.post(ACCOUNT));
    await waitFor(
      () => rig.inbox().includes(`6/${n + 2}`) && rig.inbox().includes(`${ACCOUNT}/${n + 2}`),
    );
  }
  expect(page.calls()).toBe(1);
});

test("a sweep of 20 pages holds no live post up", async () => {
  const rig = await Rig.create({ sweepEveryMs: 30 });
  const channels = Array.from({ length: 38 }, (_, n) => String(n + 5));
  for (const channel of channels) rig.server.join(channel);
  await rig.start();
  const page = holdBack(rig, "dialogs", 5);
  await page.asked;
  for (const channel of channels) rig.push(rig.server.post(channel));
  await waitFor(() => rig.inbox().length === channels.length, { what: "the live posts" });
  expect(page.calls()).toBe(5);
  page.letGo();
  await rig.complete();
  inOrder(rig);
});

test("a sweep that reads a chat to its end: what is pushed of this chat meanwhile stays in order", async () => {
  const rig = await Rig.create({ sweepEveryMs: 20 });
  await rig.start();
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
  // The difference claims to be empty; the chat has the message.
  rig.server.difference = async ({ date, seq }) => ({ kind: "empty", date, seq });
  for (let n = 0; n < 12; n++) rig.server.post(ACCOUNT);
  const page = holdBack(rig, "history", 2);
  await page.asked;
  rig.push(rig.server.post(ACCOUNT));
  await new Promise(setImmediate);
  page.letGo();
  await rig.complete();
  inOrder(rig);
});

test("while a position is read again, pushed messages are neither lost nor out of order", async () => {
  const rig = await Rig.create();
  rig.server.join("6");
  await rig.start();
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
  await rig.stop();
  for (let n = 0; n < 12; n++) rig.server.post(ACCOUNT);
  rig.server.resetPts(5);
  const page = holdBack(rig, "history", 2);
  rig.begin();
  await page.asked;
  rig.push(rig.server.post("6"), rig.server.post(ACCOUNT), rig.server.post(ACCOUNT));
  await waitFor(() => rig.inbox().includes("6/1"));
  page.letGo();
  await rig.complete();
  inOrder(rig);
});

test(
  "after a death between two pages, with live posts taken meanwhile, the next process " +
    "continues there",
  async () => {
    const rig = await behind();
    const page = holdBack(rig, "history", 7);
    rig.begin();
    await page.asked;
    rig.push(rig.server.post("6"), rig.server.post("5"));
    await waitFor(() => rig.inbox().includes("6/2"));
    page.letGo();
    await rig.crash();
    await rig.start();
    await rig.complete();
    inOrder(rig);
  },
);

test("more is pushed of a channel that is being read than can be held: it is asked for", async () => {
  const rig = await behind();
  const page = holdBack(rig, "history", 2);
  rig.begin();
  await page.asked;
  rig.push(...Array.from({ length: 5500 }, () => rig.server.post("5")), rig.server.post("6"));
  await waitFor(() => rig.inbox().includes("6/2"));
  rig.server.limits.slice = 100;
  page.letGo();
  await rig.complete();
  inOrder(rig);
});

test("a chat that refuses in the middle of its history does not stop what is pushed", async () => {
  const rig = await behind();
  const page = holdBack(rig, "history", 3);
  rig.server.onCall = (name, box) => {
    if (name === "history" && box === "5" && page.calls() >= 3)
      throw new Refusal("CHANNEL_PRIVATE");
  };
  rig.begin();
  await page.asked;
  rig.push(rig.server.post("6"));
  await waitFor(() => rig.inbox().includes("6/2"));
  page.letGo();
  await waitFor(() => rig.trouble.length > 0);
  expect(rig.trouble).toEqual([
    { kind: "closed", chat: "-1000000000005", reason: "CHANNEL_PRIVATE" },
  ]);
  rig.push(rig.server.post(ACCOUNT));
  await waitFor(() => rig.inbox().includes(`${ACCOUNT}/2`));
});

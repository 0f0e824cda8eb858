import type { RelayStatus, RoutesForReader } from "@flotilla/contracts";
import { worksByOthers } from "@flotilla/relay";
import { expect, test } from "vitest";
import { routeCard } from "../src/relay/route-card.ts";
import { RouteDesk } from "../src/relay/route-desk.ts";
import { RouteStore } from "../src/relay/route-store.ts";
import { controlDb, EN, NOW, WORKER } from "./support.ts";

const DAY = 24 * 3_600_000;

async function desk(
  theirs: () => number,
  times = (): { readonly now: number; readonly spoke: number } => ({ now: NOW, spoke: NOW }),
) {
  const store = new RouteStore(await controlDb());
  const told: RoutesForReader[] = [];
  const reader = (): RelayStatus => ({
    v: 1,
    worker: WORKER,
    version: theirs(),
    at: times().spoke,
    routes: [],
    sources: [],
    backfill: null,
    senders: [],
  });
  const made = new RouteDesk({
    store,
    isWorker: () => true,
    tell: async (message) => void told.push(message),
    now: () => times().now,
    readers: () => [reader()],
    apart: () => null,
    unknownChats: async () => null,
  });
  const from = { worker: WORKER, chats: ["-1001"] };
  const to = { kind: "webhook", url: "https://example.org/hook" } as const;
  const action = { kind: "copy", template: "{text}" } as const;
  const route = {
    id: "signals",
    on: true,
    from,
    to,
    action,
    filter: "",
    edits: true,
    deletes: true,
    maxFileMb: 50,
    alert: "off",
  } as const;
  expect(made.apply([{ ...route, from: { ...from, chats: ["-1001"] } }])).toEqual([]);
  await made.flush();
  return { made, store, told };
}

test.each([
  ["a minute ahead", NOW + 60_000, NOW + 60_001],
  ["an hour ahead", NOW + 3_600_000, NOW + 3_600_001],
  [
    "of a day that never comes, which the reader passes over by itself",
    Number.MAX_SAFE_INTEGER,
    NOW,
  ],
  ["of next year", NOW + 400 * DAY, NOW],
])(
  "a reader with a version %s is told again, by a version that it takes",
  async (_what, theirs, expected) => {
    let version = NOW;
    const { made, told } = await desk(() => version);
    expect(told.map((message) => message.version)).toEqual([NOW]);
    made.tellAstray();
    await made.flush();
    expect(told, "nothing is wrong yet").toHaveLength(1);
    version = theirs;
    for (let look = 0; look < 3; look++) made.tellAstray();
    await made.flush();
    made.tellAstray();
    await made.flush();
    expect(told.map((message) => message.version)).toEqual([NOW, expected]);
    version = expected;
    made.tellAstray();
    await made.flush();
    expect(told).toHaveLength(2);
    version = Math.min(theirs + 120_000, Number.MAX_SAFE_INTEGER - 1);
    made.tellAstray();
    await made.flush();
    expect(told, "another version is another one").toHaveLength(3);
  },
);

test("a reader that another host started from an older record is told again, at most once a minute", async () => {
  let [theirs, spoke, now] = [NOW, NOW, NOW];
  const { made, told } = await desk(
    () => theirs,
    () => ({ now, spoke }),
  );
  const looks = async (): Promise<number> => {
    for (let look = 0; look < 3; look++) made.tellAstray();
    await made.flush();
    return told.length;
  };
  theirs = 0;
  [now, spoke] = [NOW + 30_000, NOW + 30_000];
  expect(await looks(), "it may not have read it yet").toBe(1);
  [now, spoke] = [NOW + 300_000, NOW + 100_000];
  expect(await looks(), "it is away: its queue keeps them").toBe(1);
  spoke = now;
  expect(await looks()).toBe(2);
  expect(told.at(-1)).toMatchObject({ version: NOW, routes: [{ id: "signals" }] });
  [now, spoke] = [NOW + 350_000, NOW + 350_000];
  expect(await looks()).toBe(2);
  [now, spoke] = [NOW + 360_000, NOW + 360_000];
  expect(await looks()).toBe(3);
  theirs = NOW;
  [now, spoke] = [NOW + 900_000, NOW + 900_000];
  expect(await looks(), "it has them").toBe(3);
});

test("a reader that works by other routes than the bot's is a red line on the card", async () => {
  const { store } = await desk(() => NOW);
  const status: RelayStatus = {
    v: 1,
    worker: WORKER,
    version: NOW,
    at: NOW,
    routes: [],
    sources: [],
    backfill: null,
    senders: [],
  };
  const base = {
    words: EN,
    now: NOW,
    route: store.find("signals"),
    name: "signals",
    status,
    sure: false,
  };
  const red = /🔴 .*news_1.* does not use these routes yet/;
  expect(routeCard({ ...base, version: NOW }).html).not.toMatch(red);
  expect(routeCard(base).html).not.toMatch(red);
  expect(routeCard({ ...base, version: NOW - 1 }).html).toMatch(red);
  expect(routeCard({ ...base, version: NOW + 1, now: NOW + 120_000 }).html).toMatch(red);
});

test("a reader ahead of its bot is wrong at once, one behind it after a minute", () => {
  expect(worksByOthers(NOW, NOW, NOW)).toBe(false);
  expect(worksByOthers(NOW, NOW + 1, NOW)).toBe(true);
  expect(worksByOthers(NOW, NOW - 1, NOW + 60_000)).toBe(false);
  expect(worksByOthers(NOW, NOW - 1, NOW + 60_001)).toBe(true);
});

import { type RelayStatus, Route, RouteStatus } from "@flotilla/contracts";
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { Times } from "../src/kit/words/times.ts";
import { sinceFromText } from "../src/relay/fill.ts";
import { routeCard } from "../src/relay/route-card.ts";
import { dryScreen, routesScreen, sourcesScreen } from "../src/relay/route-list.ts";
import { routeFromText } from "../src/relay/wizard/new-route.ts";
import { meet, startFleet } from "./chat.ts";
import { ALL_WORDS, EN, HOST, NOW, WORKER } from "./support.ts";
import { plainText } from "./telegram-html.ts";

const route = (change: Partial<Record<keyof Route, unknown>> = {}): Route =>
  Route.parse({
    id: "signals",
    from: { worker: WORKER, chats: ["@signals_1"] },
    to: { kind: "worker", worker: WORKER, chat: "@digest_1" },
    ...change,
  });
const LOST = { cut: 4, unreached: 5, "no-reply": 6, "no-media": 7 };
const figures = (change: Partial<RouteStatus> = {}): RouteStatus =>
  RouteStatus.parse({
    route: "signals",
    waiting: 42,
    poison: 2,
    poisonReason: "<too long>",
    counts: { matched: 120, delivered: 118, filtered: 50, protected: 2, edited: 3, ...LOST },
    p50Ms: 1234,
    p99Ms: 5000,
    lastDeliveredAt: NOW,
    parkedUntil: NOW + 60_000,
    reason: "Telegram asked to wait",
    blocked: false,
    forecastAt: NOW + 120_000,
    unknownChats: [],
    file: { name: "<a>.mp4", doneBytes: 12_340_000, sizeBytes: 48_000_000 },
    ...change,
  });
const status = (change: Partial<RelayStatus> = {}): RelayStatus => ({
  v: 1,
  worker: WORKER,
  version: 1,
  at: NOW,
  routes: [figures()],
  sources: [
    {
      ref: "@signals_1",
      chat: "-1001",
      title: "<Signals>",
      username: null,
      lastMessageAt: NOW - 60_000,
      rhythmMs: 30_000,
      usualSilenceMs: 0,
      closed: null,
      copiesOf: null,
    },
    {
      ref: "@quiet_1",
      chat: "-1002",
      title: null,
      username: null,
      lastMessageAt: NOW - 86_400_000,
      rhythmMs: 30_000,
      usualSilenceMs: 0,
      closed: null,
      copiesOf: null,
    },
    {
      ref: "-1003",
      chat: "-1003",
      title: null,
      username: null,
      lastMessageAt: null,
      rhythmMs: null,
      usualSilenceMs: 0,
      closed: "CHANNEL_PRIVATE",
      copiesOf: null,
    },
    {
      ref: "@who_1",
      chat: null,
      title: null,
      username: null,
      lastMessageAt: null,
      rhythmMs: null,
      usualSilenceMs: 0,
      closed: null,
      copiesOf: null,
    },
  ],
  backfill: {
    route: "signals",
    state: "done",
    fetched: 20,
    taken: 7,
    known: 3,
    wanted: 20,
    reason: null,
    waitsUntil: null,
  },
  senders: [],
  ...change,
});
const labels = (card: { keyboard: { text: string }[][] }): string[] =>
  card.keyboard.flat().map(({ text }) => text);

test("a source that is silent as long as it uses to be at this hour is fine", () => {
  const [words] = ALL_WORDS;
  if (!words) throw new Error("no language");
  const asleep = { ...status().sources[1], usualSilenceMs: 90_000_000 };
  const card = sourcesScreen(words, "news_1", [], status({ sources: [asleep as never] }), NOW);
  expect(card.html).toContain("✅ @quiet_1");
  expect(sourcesScreen(words, "news_1", [], status(), NOW).html).not.toContain("✅ @quiet_1");
});

test("a route card tells how it goes, in every language, and offers what its state allows", () => {
  for (const words of ALL_WORDS) {
    const card = routeCard({
      words,
      now: NOW,
      route: route(),
      name: "signals",
      status: status(),
      sure: false,
    });
    expect(plainText(card.html)).toContain("118");
    expect(plainText(card.html)).toContain("<too long>");
  }
  const card = routeCard({
    words: EN,
    now: NOW,
    route: route(),
    name: "signals",
    status: status(),
    sure: false,
  });
  for (const part of [
    "Latency p50 1.2 s · p99 5.0 s",
    "Queue 42 · sends again in",
    "2 set aside",
    "Parts of long texts that the target refused 4",
    "Delivered without their reply link 6",
    "Delivered without their photo, file, poll or location 7",
    "Edits and deletions that reached only part of their message 5",
    "<a>.mp4: 12.3 of 48.0 MB",
    "took 7 of 20",
  ])
    expect(plainText(card.html)).toContain(part);
  expect(labels(card)).toEqual(
    expect.arrayContaining(["⏸ Switch off", "🔁 Retry", "🧹 Drop", "⏩ Try now"]),
  );
  const calm = status({
    routes: [figures({ waiting: 0, poison: 0, parkedUntil: null, reason: null, forecastAt: null })],
    backfill: null,
  });
  const off = routeCard({
    words: EN,
    now: NOW,
    route: route({ on: false }),
    name: "signals",
    status: calm,
    sure: false,
  });
  expect(labels(off)).toContain("▶️ Switch on");
  expect(labels(off)).not.toContain("🔁 Retry");
  expect(
    labels(
      routeCard({ words: EN, now: NOW, route: route(), name: "signals", status: null, sure: true }),
    ),
  ).toEqual(["❌ Remove for good", "⬅️ Back"]);
});

test("lists, sources and dry runs say what there is", () => {
  const list = routesScreen(
    EN,
    WORKER,
    [route(), route({ id: "b", on: false, to: { kind: "bot", chat: "-1009" } })],
    new Map([[WORKER, status()]]),
  );
  expect(plainText(list.html)).toContain(
    "⚠️ signals @signals_1 → news_1: @digest_1 · 118 delivered, 42 waiting",
  );
  expect(plainText(list.html)).toContain("⏸ b @signals_1 → the bot: -1009");
  const sources = plainText(
    sourcesScreen(
      EN,
      WORKER,
      [route({ from: { worker: WORKER, chats: ["@x_y_z"], paused: [] } })],
      status(),
      NOW,
    ).html,
  );
  for (const part of [
    "✅ <Signals> · last 1 min ago · usual 30 s",
    "🟡 @quiet_1 · silent for 1 d",
    "🔴 -1003 · closed: CHANNEL_PRIVATE",
    "⚠️ @who_1",
  ])
    expect(sources).toContain(part);
  const dry = dryScreen(EN, { route: "signals", draft: false }, [
    { text: "btc\nup", verdict: "take" },
    { text: "", verdict: "filtered" },
  ]);
  expect(plainText(dry.html)).toContain(
    "1 of the last 2 would be delivered. Nothing was sent.\n✅ btc up\n➖ … filtered out",
  );
});

test.each([
  [
    "@news_1\n@digest_1\nbtc or eth",
    {
      id: "news_1",
      on: false,
      filter: "btc or eth",
      to: { kind: "worker", worker: WORKER, chat: "@digest_1" },
    },
  ],
  [
    "@news_1, -1005\nother @digest_1",
    { from: { chats: ["@news_1", "-1005"] }, to: { worker: "other" } },
  ],
  ["-1005\nbot -1006", { id: "route_1005", to: { kind: "bot", chat: "-1006" } }],
  ["@taken_1\nhttps://example.org/x", { id: "taken_1_2", to: { kind: "webhook" } }],
  ["@news_1", null],
  ["hello there\n@digest_1", null],
  ["@news_1\nhttp://example.org/", null],
])("%j becomes a route", (text, expected) => {
  const made = routeFromText(WORKER, text, ["taken_1"]);
  if (expected === null) expect(made).toBeNull();
  else expect(made).toMatchObject(expected);
});

test("a route is made by a message, switched on, changed and taken away by buttons", async () => {
  const fleet = await startFleet();
  fleet.parts.workers.add(WORKER, HOST, "ann", 1);
  await meet(fleet, 777, "Ann");
  await fleet.poll();
  const press = (label: string) =>
    fleet.post("/chat/press", { user: 777, labelContains: label, waitMs: 45_000 });
  await fleet.post("/chat/text", { user: 777, text: "/workers" });
  await fleet.waitForBot(777, "news_1");
  await press("news_1");
  await fleet.waitForBot(777, "news_1.session");
  await press("🔀 Routes");
  await fleet.waitForBot(777, "None yet.");
  await press("➕ New route");
  await fleet.waitForBot(777, "Send it all in three lines");
  await fleet.post("/chat/text", { user: 777, text: "@signals_1\n@signals_1" });
  await fleet.waitForBot(777, "A loop");
  await fleet.post("/chat/text", { user: 777, text: "@signals_1\n@digest_1\nbtc" });
  await fleet.waitForBot(777, "⏸ signals_1 · off");
  await press("Switch on");
  await fleet.waitForBot(777, "🔀 signals_1 · on");
  await press("Ignore edits");
  await fleet.waitForBot(777, "Edits off");
  expect(fleet.parts.routes.find("signals_1")).toMatchObject({
    on: true,
    edits: false,
    filter: "btc",
  });
  await press("📥 Old messages");
  await fleet.waitForBot(777, "fetch old messages");
  await press("Since a day");
  await fleet.waitForBot(777, "Since when?");
  await fleet.post("/chat/text", { user: 777, text: "yesterday" });
  await fleet.waitForBot(777, "not a date in the past");
  await fleet.post("/chat/text", { user: 777, text: "2020-01-31 12:00" });
  await fleet.waitForBot(777, "🔀 signals_1 · on");
  await waitFor(() => fleet.parts.commandLog.open(WORKER, "relay.fill-since") !== null);
  await press("❌ Remove");
  await fleet.waitForBot(777, "will not be delivered");
  await press("Remove for good");
  await fleet.waitForBot(777, "None yet.");
  expect(fleet.parts.routes.all()).toEqual([]);
});

test(
  "a source that is paused can be left out where another one stays; a fetch under way can be " +
    "stopped",
  () => {
    const from = (...paused: string[]) => ({
      worker: WORKER,
      chats: ["@signals_1", "@quiet_1"],
      paused,
    });
    const of = (...paused: string[]) =>
      labels(sourcesScreen(EN, WORKER, [route({ from: from(...paused) })], status(), NOW));
    expect(of().filter((label) => label.startsWith("🚫"))).toEqual([]);
    expect(of("@quiet_1").filter((label) => label.startsWith("🚫"))).toEqual([
      "🚫 Leave out @quiet_1",
    ]);
    const alone = route({ from: { worker: WORKER, chats: ["@quiet_1"], paused: ["@quiet_1"] } });
    expect(labels(sourcesScreen(EN, WORKER, [alone], status(), NOW))).not.toContain(
      "🚫 Leave out @quiet_1",
    );
    const counts = { fetched: 120, taken: 0, known: 0, wanted: 200 };
    const fill = {
      route: "signals",
      state: "running" as const,
      ...counts,
      reason: null,
      waitsUntil: NOW + 60_000,
    };
    const card = routeCard({
      words: EN,
      now: NOW,
      route: route(),
      name: "signals",
      status: status({ backfill: fill }),
      sure: false,
    });
    expect(plainText(card.html)).toMatch(
      /120 of 200 so far · Telegram asked for a pause; continues in .*\d\d:\d\d\)/,
    );
    expect(labels(card)).toContain("✖️ Stop fetching");
  },
);

test.each([
  ["2026-11-01", Date.UTC(2026, 9, 31, 15)],
  [" 2026-11-01 14:30", Date.UTC(2026, 10, 1, 5, 30)],
  ["2026-02-30", null],
  ["2026-11-01 25:00", null],
  ["2199-01-01", null],
  ["yesterday", null],
])("since %j, in Tokyo", (text, expected) => {
  expect(sinceFromText(text, NOW, new Times("Asia/Tokyo"))).toBe(expected);
});

/**
 * What must stay quick in a file of a million rows: no statement of the daily work reads a whole
 * table, and nothing is deleted in one go.
 */
import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import {
  type InboxEvent,
  type NewOutboxRow,
  openSession,
  type SessionStore,
} from "@flotilla/session-store";
import { openDatabase } from "@flotilla/sqlite";
import { testDir } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { MIGRATIONS } from "../src/file/schema.ts";

const DAY = 86_400_000;
const START = 1_800_000_000_000;

async function newStore() {
  const dir = await testDir();
  const fleetKey = randomBytes(32);
  const clock = { at: START };
  const open = (): SessionStore =>
    openSession({
      dir,
      name: "w",
      fleetKey,
      clock: { now: () => clock.at, monotonicMs: () => clock.at },
    });
  const it = { path: join(dir, "w.session"), clock, open, store: open() };
  onTestFinished(() => it.store.close());
  return it;
}

function row(n: number, more: Partial<NewOutboxRow> = {}): NewOutboxRow {
  const piece = JSON.stringify({ id: n, text: "x".repeat(200) });
  return {
    lane: "a",
    route: "a",
    key: `k${n}`,
    kind: "new",
    album: null,
    piece,
    sourceAt: START,
    readyAt: 0,
    ...more,
  };
}

function post(messageId: number, more: Partial<InboxEvent> = {}): InboxEvent {
  return {
    kind: "new",
    box: "account",
    chat: "55",
    messageId,
    version: 0,
    date: START,
    content: null,
    ...more,
  };
}

test.each([
  [
    "messages after one",
    "SELECT count(*) AS n FROM inbox WHERE chat = '1' AND kind = 'new' AND message_id > 5",
  ],
  [
    "the album that a message belongs to",
    `SELECT n FROM outbox WHERE lane = 'a' AND album = 'x' AND kind = 'new' AND state =
      'waiting' AND sealed = 0 ORDER BY n DESC LIMIT 1`,
  ],
  [
    "the head of a lane",
    "SELECT n FROM outbox WHERE state = 'waiting' AND lane = 'a' ORDER BY n LIMIT 1",
  ],
  [
    "rows that are over",
    "SELECT n FROM outbox WHERE created_at < 5 AND state IN ('done', 'dropped') LIMIT 500",
  ],
  [
    "rows of a removed route",
    "SELECT n FROM outbox WHERE route = 'a' AND state IN ('waiting', 'poison') LIMIT 500",
  ],
  ["a deleted message in the map", "SELECT DISTINCT chat FROM relay_map WHERE message = 5"],
  [
    "old rows of the inbox",
    "SELECT n FROM inbox WHERE state = 'done' AND received_at < 5 LIMIT 500",
  ],
  ["what waits", "SELECT route, waiting, poison FROM relay_depth WHERE waiting > 0 OR poison > 0"],
])("%s: the table is searched, not read through", async (what, sql) => {
  const { path, store } = await newStore();
  store.close();
  using db = openDatabase({ path, role: "session", migrations: MIGRATIONS });
  const plan = db.read<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).map(({ detail }) => detail);
  const scanned = plan.filter((line) => line.startsWith("SCAN") && !line.includes("relay_depth"));
  expect(scanned, `${what}: ${plan.join("; ")}`).toEqual([]);
});

test("counts follow every way that a row goes", async () => {
  const { store } = await newStore();
  const depths = () => store.relay.outbox.depths();
  store.relay.outbox.take(
    [],
    [row(1), row(2), row(3), row(4), row(5, { route: "b", lane: "b" }), row(1)],
    [],
  );
  expect(depths()).toEqual([
    { route: "a", waiting: 4, poison: 0 },
    { route: "b", waiting: 1, poison: 0 },
  ]);
  const head = () =>
    store.relay.outbox.head("a") as NonNullable<ReturnType<typeof store.relay.outbox.head>>;
  store.relay.outbox.setAside(head(), "no");
  store.relay.outbox.setAside(head(), "no");
  store.relay.outbox.finish(head(), { chat: "x", topic: null }, [], "delivered");
  expect(depths()[0]).toEqual({ route: "a", waiting: 1, poison: 2 });
  expect(store.relay.outbox.retryPoison("a")).toBe(2);
  expect(depths()[0]).toEqual({ route: "a", waiting: 3, poison: 0 });
  store.relay.outbox.setAside(head(), "no");
  expect(store.relay.outbox.dropPoison("a")).toBe(1);
  expect(store.relay.outbox.dropRoute("a", 1)).toBe(1);
  expect(depths()).toEqual([
    { route: "a", waiting: 1, poison: 0 },
    { route: "b", waiting: 1, poison: 0 },
  ]);
});

test("what is over goes in steps, what waits stays, and the file becomes smaller", async () => {
  const it = await newStore();
  const { store, clock, path } = it;
  const rows = Array.from({ length: 3000 }, (_, n) =>
    row(n, n < 10 ? {} : { lane: "b", route: "b" }),
  );
  store.relay.outbox.take([], rows, []);
  store.relay.outbox.dropRoute("b", 3000);
  store.updates.commit(
    { events: Array.from({ length: 3000 }, (_, n) => post(n + 1, { box: "1" })) },
    () => false,
  );
  store.close();
  const before = statSync(path).size;
  clock.at += 31 * DAY;
  it.store = it.open();
  const { relay, updates, shrink } = {
    relay: it.store.relay,
    updates: it.store.updates,
    shrink: () => it.store.shrink(16),
  };
  const steps: number[] = [];
  for (let went = relay.prune(30 * DAY, 500); went > 0; went = relay.prune(30 * DAY, 500))
    steps.push(went);
  for (let went = updates.prune(7 * DAY, 500); went > 0; went = updates.prune(7 * DAY, 500))
    steps.push(went);
  expect(steps).toEqual([500, 500, 500, 500, 500, 490, 500, 500, 500, 500, 500, 500]);
  expect(relay.outbox.depths()).toEqual([{ route: "a", waiting: 10, poison: 0 }]);
  let turns = 1;
  while (shrink()) turns += 1;
  expect(turns).toBeGreaterThan(1);
  it.store.close();
  expect(statSync(path).size).toBeLessThan(before / 2);
});

test.each([
  ["a year ahead for a moment", 365 * DAY],
  ["forty days ahead", 40 * DAY],
])("a clock that is %s makes it forget nothing that was delivered", async (_, jump) => {
  const { store, clock } = await newStore();
  const state = { pts: 1, qts: 0, seq: 0, date: START / 1000 };
  store.updates.commit({ account: state, events: [post(1)] }, () => false);
  store.relay.outbox.take([], [row(1)], []);
  const head = store.relay.outbox.head("a");
  if (head)
    store.relay.outbox.finish(
      head,
      { chat: "t", topic: null },
      [{ chat: "55", message: 1, targetMessage: 9 }],
      "delivered",
    );
  store.relay.sent.add("key", { ids: [9] });
  clock.at += jump;
  expect([store.relay.prune(30 * DAY, 500), store.updates.prune(7 * DAY, 500)]).toEqual([0, 0]);
  expect([
    store.relay.sent.get("key")?.ids,
    store.relay.map.delivered("a", "55", 1)?.message,
  ]).toEqual([[9], 9]);
});

test("what was delivered under a clock that was years behind is kept for its time", async () => {
  const { store, clock } = await newStore();
  clock.at = 0;
  store.updates.commit(
    { account: { pts: 1, qts: 0, seq: 0, date: START / 1000 }, events: [] },
    () => false,
  );
  store.updates.commit({ events: [post(1)] }, () => false);
  store.relay.sent.add("key", { ids: [9] });
  clock.at = START + DAY;
  expect([store.relay.prune(30 * DAY, 500), store.updates.prune(7 * DAY, 500)]).toEqual([0, 0]);
  expect(store.relay.sent.get("key")).toEqual({ ids: [9] });
});

test(
  "a deletion in a private chat after the inbox has forgotten the message is found in the " +
    "map of what was relayed",
  async () => {
    const { store, clock } = await newStore();
    store.updates.commit({ events: [post(7)] }, () => false);
    store.relay.outbox.take([], [row(7)], []);
    const head = store.relay.outbox.head("a");
    const ids = [
      { chat: "-1000000000009", message: 7, targetMessage: 1 },
      { chat: "55", message: 7, targetMessage: 2 },
    ];
    if (head) store.relay.outbox.finish(head, { chat: "t", topic: null }, ids, "delivered");
    clock.at += 8 * DAY;
    expect(store.updates.prune(7 * DAY, 500)).toBe(1);
    const gone = { kind: "delete" as const, chat: null, version: 99 };
    store.updates.commit({ events: [post(7, gone), post(8, gone)] }, (chat) => chat === "55");
    expect(
      store.updates.pending(9).map(({ kind, chat, messageId }) => [kind, chat, messageId]),
    ).toEqual([["delete", "55", 7]]);
  },
);

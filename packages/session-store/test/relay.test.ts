import { randomBytes } from "node:crypto";
import {
  type InboxEvent,
  type NewOutboxRow,
  openSession,
  type SessionStore,
} from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";

const fleetKey = randomBytes(32);
const content = {
  text: "secret words",
  entities: [],
  media: null,
  groupedId: null,
  replyTo: null,
  topicId: null,
  from: null,
  out: false,
  noforwards: false,
  ttlS: null,
  service: false,
};

function post(messageId: number): InboxEvent {
  return { kind: "new", box: "1", chat: "-1001", messageId, version: 0, date: 1000, content };
}

function wanted(id: number, more: Partial<NewOutboxRow> = {}): NewOutboxRow {
  return {
    lane: "a",
    route: "a",
    key: `-1001/${id}/new`,
    kind: "new",
    album: null,
    piece: `{"id":${id}}`,
    sourceAt: 1000,
    readyAt: 0,
    ...more,
  };
}

async function newStore(): Promise<{
  store: SessionStore;
  reopen: () => SessionStore;
  clock: { at: number };
}> {
  const dir = await testDir();
  const clock = { at: 5000 };
  const open = (): SessionStore =>
    openSession({
      dir,
      name: "w",
      fleetKey,
      clock: { now: () => clock.at, monotonicMs: () => clock.at },
    });
  let store = open();
  onTestFinished(() => store.close());
  const reopen = (): SessionStore => {
    store.close();
    store = open();
    return store;
  };
  return { store, reopen, clock };
}

test("inbox to outbox is all or nothing, and a second time changes nothing", async () => {
  const { store, reopen } = await newStore();
  store.updates.commit({ events: [post(1), post(2)] }, () => true);
  const inbox = store.updates.pending(10).map(({ n }) => n);
  const broken = { ...wanted(2), kind: "nonsense" as "new" };
  expect(() => store.relay.outbox.take(inbox, [wanted(1), broken], [])).toThrow();
  expect([store.updates.pendingCount(), store.relay.outbox.heads()]).toEqual([2, []]);

  store.relay.outbox.take(inbox, [wanted(1), wanted(2)], [["a", "filtered"]]);
  store.relay.outbox.take(inbox, [wanted(1), wanted(2)], []);
  const again = reopen();
  expect(again.updates.pendingCount()).toBe(0);
  expect(again.relay.outbox.depths()).toEqual([{ route: "a", waiting: 2, poison: 0 }]);
  expect(again.relay.outbox.heads()).toMatchObject([{ key: "-1001/1/new", pieces: ['{"id":1}'] }]);
  expect(again.relay.outbox.counts("a")).toEqual({ filtered: 1, matched: 2 });
});

test("each lane has its own order, and what is set aside lets the next go on", async () => {
  const { store } = await newStore();
  store.relay.outbox.take([], [wanted(1), wanted(2), wanted(1, { lane: "b", route: "b" })], []);
  const [a, b] = store.relay.outbox.heads().sort((x, y) => (x.lane < y.lane ? -1 : 1));
  expect([a?.lane, b?.lane]).toEqual(["a", "b"]);
  if (!a) throw new Error("no head");
  store.relay.outbox.failed(a.n, 2, "hm");
  expect(store.relay.outbox.head("a")).toMatchObject({ n: a.n, attempts: 2, reason: "hm" });
  store.relay.outbox.setAside(a, "too long");
  expect(store.relay.outbox.head("a")).toMatchObject({ key: "-1001/2/new" });
  expect(store.relay.outbox.poison("a", 5)).toMatchObject([{ n: a.n, reason: "too long" }]);
  expect(store.relay.outbox.retryPoison("a")).toBe(1);
  expect(store.relay.outbox.head("a")).toMatchObject({ n: a.n, attempts: 0 });
  store.relay.outbox.setAside(a, "again");
  expect([store.relay.outbox.dropPoison("a"), store.relay.outbox.row(a.n)]).toEqual([1, null]);
});

test("what is delivered is mapped once, and its text is gone from the file", async () => {
  const { store } = await newStore();
  store.relay.outbox.take([], [wanted(1, { piece: JSON.stringify(content) })], []);
  const head = store.relay.outbox.head("a");
  if (!head) throw new Error("no head");
  const ids = [{ chat: "-1001", message: 1, targetMessage: 11 }];
  store.relay.outbox.finish(head, { chat: "-1002", topic: 7 }, ids, "delivered");
  store.relay.outbox.finish(
    head,
    { chat: "-1002", topic: 7 },
    [{ chat: "-1001", message: 1, targetMessage: 99 }],
    "delivered",
  );
  expect(store.relay.map.delivered("a", "-1001", 1)).toMatchObject({
    message: 11,
    chat: "-1002",
    topic: 7,
    rest: [],
  });
  expect(store.relay.map.delivered("a", "-1001", 2)).toBeNull();
  expect([
    store.relay.map.isDelivery(["-1002"], 11),
    store.relay.map.isDelivery(["-1002"], 12),
  ]).toEqual([true, false]);
  expect(store.relay.outbox.counts("a")).toEqual({ matched: 1, delivered: 1 });
  expect(store.relay.outbox.deliveries("a", 5)).toEqual([{ tookMs: 4000, doneAt: 5000 }]);
  store.relay.outbox.take([], [wanted(1)], []);
  expect(store.relay.outbox.head("a")).toBeNull();
});

test("an album grows until it is under way", async () => {
  const { store } = await newStore();
  const piece = (id: number) => wanted(id, { album: "g", readyAt: id * 10 });
  store.relay.outbox.take([], [piece(1), piece(2), piece(2)], []);
  const head = store.relay.outbox.head("a");
  expect(head).toMatchObject({ pieces: ['{"id":1}', '{"id":2}'], readyAt: 20 });
  store.relay.outbox.seal(head?.n ?? 0);
  store.relay.outbox.take([], [piece(3)], []);
  expect(store.relay.outbox.head("a")?.pieces).toHaveLength(2);
  expect(store.relay.outbox.depths()).toEqual([{ route: "a", waiting: 2, poison: 0 }]);
});

test(
  "a sender remembers what it sent, a reader the newest routes, both for as long as they are " +
    "kept",
  async () => {
    const { store, reopen, clock } = await newStore();
    expect(store.relay.sent.get("k")).toBeNull();
    store.relay.sent.add("k", { ids: [5, null], rest: [6] });
    expect(store.relay.setRoutes({ version: 2, body: "two" })).toBe(true);
    expect(store.relay.setRoutes({ version: 1, body: "one" })).toBe(false);
    const again = reopen();
    expect([again.relay.sent.get("k"), again.relay.routes()]).toEqual([
      { ids: [5, null], rest: [6] },
      { version: 2, body: "two" },
    ]);
    clock.at = 9000;
    again.relay.outbox.take([], [wanted(1)], []);
    expect([
      again.relay.prune(1000, 500),
      again.relay.sent.get("k"),
      again.relay.outbox.head("a")?.n,
    ]).toEqual([1, null, 1]);
  },
);

test("what waits on a route that is gone is given up", async () => {
  const { store } = await newStore();
  store.relay.outbox.take([], [wanted(1), wanted(2)], []);
  expect([
    store.relay.outbox.dropRoute("a", 1),
    store.relay.outbox.dropRoute("a", 9),
    store.relay.outbox.head("a"),
  ]).toEqual([1, 1, null]);
});

import { randomBytes } from "node:crypto";
import {
  type InboxEvent,
  type MessageContent,
  openSession,
  type SessionStore,
} from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";

const fleetKey = randomBytes(32);
const CONTENT: MessageContent = {
  text: "hello",
  entities: [{ kind: "bold", offset: 0, length: 5 }],
  media: { kind: "photo", id: "9007199254740993", accessHash: "-1", fileReference: "AAE=" },
  groupedId: null,
  replyTo: 3,
  topicId: null,
  from: "7",
  out: false,
  noforwards: false,
  ttlS: null,
  service: false,
};
const yes = (): boolean => true;
const no = (): boolean => false;

function event(messageId: number, more: Partial<InboxEvent> = {}): InboxEvent {
  return {
    kind: "new",
    box: "55",
    chat: "-10055",
    messageId,
    version: 0,
    date: messageId * 1000,
    content: CONTENT,
    ...more,
  };
}

async function newStore(): Promise<{ store: SessionStore; reopen: () => SessionStore }> {
  const dir = await testDir();
  let now = 0;
  const open = (): SessionStore =>
    openSession({ dir, name: "w", fleetKey, clock: { now: () => ++now, monotonicMs: () => now } });
  let store = open();
  onTestFinished(() => store.close());
  const reopen = (): SessionStore => {
    store.close();
    store = open();
    return store;
  };
  return { store, reopen };
}

test("an event and the cursor that covers it survive together", async () => {
  const { store, reopen } = await newStore();
  const account = { pts: 5, qts: 1, date: 9, seq: 2 };
  expect(store.updates.account()).toBeNull();
  expect(
    store.updates.commit({ account, channels: [{ id: "55", pts: 8 }], events: [event(1)] }, yes),
  ).toEqual({
    inserted: 1,
    messages: 1,
  });
  const again = reopen().updates;
  expect(again.account()).toEqual(account);
  expect(again.channels()).toEqual([{ id: "55", pts: 8, hash: null }]);
  expect(again.pending(10)).toEqual([{ ...event(1), n: 1, receivedAt: expect.any(Number) }]);
});

test("what cannot be written whole is not written at all", async () => {
  const { store } = await newStore();
  const broken = { ...event(2), messageId: null as unknown as number };
  expect(() =>
    store.updates.commit(
      { account: { pts: 5, qts: 1, date: 9, seq: 2 }, events: [event(1), broken] },
      yes,
    ),
  ).toThrow();
  expect(store.updates.account()).toBeNull();
  expect(store.updates.pendingCount()).toBe(0);
  expect(store.updates.sources.all()).toEqual([]);
});

test("the same message is taken once, its edits and its deletion each", async () => {
  const { store } = await newStore();
  const edit = (version: number): InboxEvent => event(1, { kind: "edit", version });
  store.updates.commit({ events: [event(1), event(1), edit(7), edit(8), edit(7)] }, yes);
  const gone = event(1, { kind: "delete", version: 9, chat: null, content: null });
  store.updates.commit({ events: [event(1), gone, { ...gone, messageId: 99 }] }, yes);
  expect(store.updates.pending(10).map(({ kind, version, chat }) => [kind, version, chat])).toEqual(
    [
      ["new", 0, "-10055"],
      ["edit", 7, "-10055"],
      ["edit", 8, "-10055"],
      ["delete", 9, "-10055"],
    ],
  );
});

test("what no route wants is never pending and its text is not kept", async () => {
  const { store } = await newStore();
  store.updates.commit({ events: [event(1)] }, no);
  expect(store.updates.pending(10)).toEqual([]);
  expect(store.updates.has("55", 1)).toBe(true);
  expect(store.updates.sources.get("-10055")).toMatchObject({ lastMessageId: 1 });
});

test("a row stays pending until it is done; then its text is gone and in time the row", async () => {
  const { store, reopen } = await newStore();
  store.updates.commit({ events: [event(1), event(2), event(3)] }, yes);
  store.updates.done([1, 3]);
  const again = reopen();
  expect(again.updates.pending(10).map(({ n }) => n)).toEqual([2]);
  expect(again.updates.pending(10, 2)).toEqual([]);
  expect(again.updates.prune(-1, 1) + again.updates.prune(-1, 500)).toBe(2);
  expect(again.updates.pendingCount()).toBe(1);
  expect(again.updates.has("55", 1)).toBe(false);
  again.updates.commit({ events: [event(4)] }, yes);
  expect(again.updates.pending(10).map(({ n }) => n)).toEqual([2, 4]);
});

test("a source remembers its long silences of two weeks", async () => {
  const { store } = await newStore();
  const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
  const dates = [day, day + minute, day + 9 * hour, 2 * day, 2 * day + 1, 9 * day];
  store.updates.commit({ events: dates.map((date, index) => event(index + 1, { date })) }, yes);
  const silences = () => store.updates.sources.get("-10055")?.silences;
  expect(silences()).toEqual([
    { from: day + minute, ms: 9 * hour - minute },
    { from: day + 9 * hour, ms: 15 * hour },
    { from: 2 * day + 1, ms: 7 * day - 1 },
  ]);
  store.updates.commit({ events: [event(7, { date: 16 * day })] }, yes);
  expect(silences()).toEqual([
    { from: 2 * day + 1, ms: 7 * day - 1 },
    { from: 9 * day, ms: 7 * day },
  ]);
});

test("a source knows its rhythm, its newest message and why it is closed", async () => {
  const { store } = await newStore();
  const at = [1, 2, 3, 4, 14, 15].map((second, index) => event(index + 1, { date: second * 1000 }));
  store.updates.commit({ events: at }, yes);
  expect(store.updates.sources.get("-10055")).toEqual({
    chat: "-10055",
    lastMessageId: 6,
    lastMessageAt: 15_000,
    rhythmMs: 1000,
    silences: [],
    closed: null,
  });
  store.updates.sources.close("-10055", "CHANNEL_PRIVATE");
  store.updates.sources.baseline("-10055", 99, 1);
  expect(store.updates.sources.get("-10055")).toMatchObject({
    closed: "CHANNEL_PRIVATE",
    lastMessageId: 6,
  });
  store.updates.sources.reopen("-10055");
  expect(store.updates.sources.all()).toMatchObject([{ closed: null }]);
});

test("in whatever order and however often messages come, each is there once", async () => {
  const { store } = await newStore();
  let box = 0;
  fc.assert(
    fc.property(fc.array(fc.array(fc.integer({ min: 1, max: 12 }))), (batches) => {
      const name = (++box).toString();
      for (const ids of batches) {
        const events = ids.map((id) => event(id, { box: name, chat: `-100${name}` }));
        store.updates.commit({ events }, yes);
      }
      const found = store.updates.pending(1000).map(({ messageId }) => messageId);
      store.updates.done(store.updates.pending(1000).map(({ n }) => n));
      expect(found.sort((a, b) => a - b)).toEqual(
        [...new Set(batches.flat())].sort((a, b) => a - b),
      );
      expect(store.updates.sources.get(`-100${name}`)?.lastMessageId ?? 0).toBe(
        Math.max(0, ...batches.flat()),
      );
    }),
    { numRuns: 40 },
  );
});

test("outages are remembered", async () => {
  const { store, reopen } = await newStore();
  store.updates.addOutage({ beganAt: 1, endedAt: 2, recovered: 37, lost: 0 });
  expect(reopen().updates.outages(5)).toEqual([{ beganAt: 1, endedAt: 2, recovered: 37, lost: 0 }]);
});

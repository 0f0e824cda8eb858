/** Waits are durations: clock jumps and clock differences do not change them. */

import { type Delivery, Delivery as DeliverySchema, type Fault } from "@flotilla/contracts";
import { type Clock, parseWorkerId } from "@flotilla/kernel";
import { createLogger } from "@flotilla/observability";
import { parked } from "@flotilla/relay";
import { openSession, type SessionStore } from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { Dispatcher } from "../../src/relay/dispatcher.ts";
import { Intake } from "../../src/relay/intake.ts";
import { RouteBook } from "../../src/relay/route-book.ts";
import { FLEET_KEY, post, route } from "./world.ts";

const DAY = 86_400_000;
const log = createLogger({ name: "test", level: "silent" });

interface Rig {
  readonly at: { wall: number; mono: number };
  readonly store: SessionStore;
  readonly handed: Delivery[];
  /** Settles the last hand-over, as Redis does. */
  readonly taken: { fail: boolean; pending: (() => void)[] };
  receive(...ids: [id: number, more?: object][]): void;
  pump(): void;
  dispatcher: Dispatcher;
  book: RouteBook;
}

async function rig(change: object = {}): Promise<Rig> {
  const dir = await testDir();
  const at = { wall: 1_800_000_000_000, mono: 1000 };
  const clock: Clock = { now: () => at.wall, monotonicMs: () => at.mono };
  const store = openSession({ dir, name: "reader", fleetKey: FLEET_KEY, clock });
  onTestFinished(() => store.close());
  store.relay.setRoutes({ version: 1, body: JSON.stringify([route(change)]) });
  const book = new RouteBook(store, log);
  const intake = new Intake(store, book, {
    worker: parseWorkerId("reader"),
    now: clock.now,
    onLoop: () => {},
  });
  const handed: Delivery[] = [];
  const taken: Rig["taken"] = { fail: false, pending: [] };
  const dispatcher = new Dispatcher({
    worker: parseWorkerId("reader"),
    relay: store.relay,
    stops: store.routeStops,
    route: (id) => book.route(id),
    hand: async (delivery) => {
      handed.push(delivery);
      await new Promise<void>((resolve) => taken.pending.push(resolve));
    },
    fetch: async () => [],
    forget: () => {},
    judgeAlbum: (id, pieces) => intake.judgeAlbum(id, pieces),
    telegramNow: () => at.wall,
    faultOf: () => ({ class: "CRASH", code: "x", message: "x" }) as Fault,
    clock,
    log,
  });
  return {
    at,
    store,
    handed,
    taken,
    dispatcher,
    book,
    receive: (...ids) => {
      const events = ids.map(([id, more]) => ({ ...post(id, `text ${id}`, more), date: at.wall }));
      store.updates.commit({ events }, () => true);
      while (intake.step() > 0);
    },
    pump: () => dispatcher.pump(["signals"]),
  };
}

test.each([
  ["a day ahead", DAY],
  ["a day back", -DAY],
])("an album waits exactly its pause while the clock jumps %s", async (_, jump) => {
  const { at, receive, pump, handed } = await rig();
  at.wall += jump;
  receive([1, { groupedId: "5" }]);
  pump();
  at.wall -= jump;
  at.mono += 700;
  receive([2, { groupedId: "5" }]);
  pump();
  at.mono += 700;
  pump();
  expect(handed, "its last message came 700 ms ago").toEqual([]);
  at.mono += 100;
  pump();
  expect(handed).toHaveLength(1);
});

test("an album whose route cannot be prepared waits and is not delivered unfiltered", async () => {
  const it = await rig();
  it.receive([1, { groupedId: "5" }]);
  const routes = (filter: string, version: number): boolean =>
    it.book.take({
      v: 1,
      kind: "routes",
      worker: parseWorkerId("reader"),
      version,
      routes: [route({ filter })],
    });
  expect(routes("media:hologram", 2)).toBe(true);
  for (let n = 0; n < 3; n++) {
    it.pump();
    it.at.mono += 1000;
  }
  expect(it.handed).toEqual([]);
  expect(it.store.relay.outbox.head("signals")?.pieces).toHaveLength(1);
  expect(routes("text", 3)).toBe(true);
  it.at.mono += 5001;
  it.pump();
  expect(it.handed).toHaveLength(1);
});

test("in a backlog an album does not wait when a later message of its chat is there", async () => {
  const { at, receive, pump, handed, dispatcher } = await rig();
  receive(
    [1, { groupedId: "5" }],
    [2, { groupedId: "5" }],
    [3, { groupedId: "6" }],
    [4, { groupedId: "6" }],
  );
  pump();
  expect(handed).toHaveLength(1);
  const { id, key } = handed[0] as Delivery;
  const result = { kind: "done" as const, ids: [91, 92], at: at.wall };
  dispatcher.confirmed({ v: 1, kind: "confirmation", id, key, route: "signals", result });
  pump();
  expect(handed, "the second album may still grow").toHaveLength(1);
  receive([5]);
  pump();
  expect(handed.map(({ source }) => source.id)).toEqual([1, 3]);
});

test.each([0, DAY, -DAY, 365 * DAY])(
  "a route that waits for its sender resumes after the wait, with clocks %d ms apart",
  async (skew) => {
    const { at, receive, pump, handed, dispatcher } = await rig();
    receive([1]);
    pump();
    const [delivery] = handed;
    if (!delivery) throw new Error("nothing was handed over");
    const { id, key } = delivery;
    const result = { ...parked(5000, at.wall + skew), reason: "Telegram asked to wait." };
    dispatcher.confirmed({ v: 1, kind: "confirmation", id, key, route: "signals", result });
    expect(dispatcher.state("signals").parkedUntil).toBe(at.wall + 5000);
    at.wall += DAY;
    at.mono += 4999;
    pump();
    expect(handed).toHaveLength(1);
    at.mono += 1;
    pump();
    expect(handed).toHaveLength(2);
  },
);

test(
  "while Redis is away a step is handed over once; when Redis is back, again after ten " +
    "seconds",
  async () => {
    const { at, receive, pump, handed, dispatcher, taken } = await rig();
    receive([1], [2]);
    for (let second = 0; second < 3600; second += 5) {
      pump();
      dispatcher.repeat();
      at.mono += 5000;
    }
    expect(handed).toHaveLength(1);
    taken.pending.shift()?.();
    await new Promise(setImmediate);
    dispatcher.repeat();
    dispatcher.repeat();
    expect(handed.map(({ id }) => id)).toEqual(["reader.1.0", "reader.1.0"]);
  },
);

test.each([
  [
    "a filter whose one word has 400 letters",
    { filter: "x".repeat(400), alert: "silent" },
    "x".repeat(400),
  ],
  ["an excerpt of 200 emoji", { alert: "silent" }, "😀".repeat(200)],
  ["a text of the longest kind", {}, "y".repeat(4096)],
])("the sender's parser accepts a step with %s", async (_, change, text) => {
  const { store, receive, handed, dispatcher } = await rig(change);
  receive([1, { text }]);
  dispatcher.pump(["signals", "signals!alert"]);
  expect(store.relay.outbox.depths()).toEqual([
    { route: "signals", waiting: handed.length, poison: 0 },
  ]);
  expect(handed.map((delivery) => DeliverySchema.safeParse(delivery).success)).toEqual(
    handed.map(() => true),
  );
  expect(handed.map(({ step }) => step.kind).sort()).toEqual(
    "alert" in change ? ["alert", "send"] : ["send"],
  );
});

test.each([
  ["is gone", []],
  [
    "has another target",
    [route({ alert: "silent", to: { kind: "worker", worker: "sender", chat: "-1000000000099" } })],
  ],
])("a step under way for a route that %s is not handed over again", async (_, routes) => {
  const { at, receive, handed, dispatcher, taken, book } = await rig({ alert: "silent" });
  receive([1]);
  dispatcher.pump(["signals", "signals!alert"]);
  expect(handed).toHaveLength(2);
  for (const resolve of taken.pending) resolve();
  await new Promise(setImmediate);
  const before = book.all;
  expect(
    book.take({ v: 1, kind: "routes", worker: parseWorkerId("reader"), version: 2, routes }),
  ).toBe(true);
  dispatcher.changed(before);
  at.mono += 60_000;
  dispatcher.repeat();
  expect(handed).toHaveLength(2);
});

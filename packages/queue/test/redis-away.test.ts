import type { FleetEvent, WorkerStatus } from "@flotilla/contracts";
import { parseWorkerId, type WorkerId } from "@flotilla/kernel";
import { consumeEvents, EventPublisher, StatusReader, StatusWriter } from "@flotilla/queue";
import { startRedis, waitFor } from "@flotilla/testkit";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { BACKLOG_LIMITS, EventBacklog } from "../src/event-backlog.ts";
import { errorList, event, HOST, placeAt, status } from "./support.ts";

const WORKERS = Array.from({ length: 50 }, (_, n) => `w${n}`);

const stateEvent = (
  worker: string,
  id: string,
  previous: WorkerStatus["state"],
  state: WorkerStatus["state"],
): FleetEvent => ({
  v: 1,
  id,
  at: 1,
  host: HOST,
  kind: "worker.state",
  worker: parseWorkerId(worker),
  previous,
  // Each worker has a turn after all the others: that is when the state before began.
  previousSince: Number(id.split("-")[1]) - WORKERS.length,
  status: status(worker, state),
});

type TestRedis = Awaited<ReturnType<typeof startRedis>>;

/** Ways in which Redis is away, and how it comes back. */
const AWAY = [
  {
    what: "frozen",
    go: async (redis: TestRedis) => redis.freeze(),
    back: async (redis: TestRedis) => redis.thaw(),
  },
  {
    what: "killed",
    go: (redis: TestRedis) => redis.kill9(),
    back: (redis: TestRedis) => redis.restart(),
  },
  {
    what: "refusing every write",
    go: (redis: TestRedis) => redis.command("CONFIG", "SET", "maxmemory", "1"),
    back: (redis: TestRedis) => redis.command("CONFIG", "SET", "maxmemory", "0"),
  },
];

test.for(AWAY)(
  "while Redis is $what only the newest status of each worker waits, and arrives when it is back",
  async ({ go, back }) => {
    await using redis = await startRedis({ persistence: "aof" });
    const place = placeAt(redis.url);
    const writer = new StatusWriter(place, () => {});
    onTestFinished(() => writer.close());
    await Promise.all(WORKERS.map((worker) => writer.write(status(worker))));
    await go(redis);
    let most = 0;
    for (let round = 1; round <= 400; round++) {
      for (const worker of WORKERS)
        void writer.write({ ...status(worker, "DEGRADED"), updatedAt: round });
      most = Math.max(most, writer.waiting);
    }
    expect(most).toBeLessThanOrEqual(WORKERS.length);
    void writer.remove(status("w7"));
    const last = writer.write({ ...status("w9", "LOCKED"), updatedAt: 9999 });
    expect(writer.waiting).toBeLessThanOrEqual(WORKERS.length);
    await back(redis);
    await last;
    await waitFor(() => writer.waiting === 0);
    const reader = new StatusReader(place, () => {});
    onTestFinished(() => reader.close());
    await reader.ready();
    await waitFor(async () => (await reader.all()).size === WORKERS.length - 1);
    const all = await reader.all();
    expect(all.get("w9" as WorkerId)).toMatchObject({ state: "LOCKED", updatedAt: 9999 });
    expect(all.get("w8" as WorkerId)).toMatchObject({ state: "DEGRADED", updatedAt: 400 });
  },
);

test.for(AWAY)(
  "while Redis is $what events are bounded; afterwards all that matters arrives, once and in order",
  async ({ go, back }) => {
    await using redis = await startRedis({ persistence: "aof" });
    const place = placeAt(redis.url);
    const errors = errorList();
    const publisher = new EventPublisher(place, errors.add);
    onTestFinished(() => publisher.close());
    publisher.publish(event("before-0"));
    await publisher.flush();
    await go(redis);
    let most = 0;
    for (let n = 0; n < 20_000; n++) {
      const worker = WORKERS[n % WORKERS.length] ?? "";
      publisher.publish(
        stateEvent(
          worker,
          `state-${n}`,
          n < 50 ? "RUNNING" : "DEGRADED",
          n >= 19_950 ? "LOCKED" : "DEGRADED",
        ),
      );
      if (n % 1000 === 0) publisher.publish(event(`answer-${n / 1000}`));
      most = Math.max(most, publisher.waiting);
    }
    expect(most).toBeLessThanOrEqual(BACKLOG_LIMITS.events);
    await back(redis);
    await publisher.flush();
    const got: FleetEvent[] = [];
    const consumer = await consumeEvents({
      place,
      onError: () => {},
      handle: async (each) => void got.push(each),
    });
    onTestFinished(() => consumer.close());
    publisher.publish(event("the-last-one"));
    await waitFor(() => got.at(-1)?.id === "the-last-one", {
      what: "all events",
      timeoutMs: 60_000,
    });
    const ids = got.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const answers = Array.from({ length: 20 }, (_, n) => `answer-${n}`);
    expect(ids.filter((id) => /^(before|answer|the)/.test(id))).toEqual([
      "before-0",
      ...answers,
      "the-last-one",
    ]);
    const states = got.flatMap((each) => (each.kind === "worker.state" ? [each] : []));
    const numbers = states.map(({ id }) => Number(id.split("-")[1]));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    for (const worker of WORKERS) {
      const own = states.filter((each) => each.worker === worker);
      expect(own.at(-1)?.status.state).toBe("LOCKED");
      // Consecutive states must chain, although states in between were left out.
      for (const [n, each] of own.entries()) {
        const before = own[n - 1];
        if (!before) continue;
        expect(each.previous).toBe(before.status.state);
        expect(each.previousSince).toBe(Number(before.id.split("-")[1]));
      }
    }
    const dropped = errors.seen.map(String).filter((text) => text.includes("events were dropped"));
    expect(dropped.length).toBeGreaterThan(0);
  },
);

test("an event that was there before its answer got lost is not there twice", async () => {
  await using redis = await startRedis({ persistence: "aof" });
  const place = placeAt(redis.url);
  const publisher = new EventPublisher(place, () => {});
  onTestFinished(() => publisher.close());
  for (let n = 0; n < 50; n++) {
    publisher.publish(event(`event-${n}`));
    if (n === 25) await redis.kill9();
  }
  await redis.restart();
  await publisher.flush();
  const got: string[] = [];
  const consumer = await consumeEvents({
    place,
    onError: () => {},
    handle: async ({ id }) => void got.push(id),
  });
  onTestFinished(() => consumer.close());
  await waitFor(() => got.length >= 50);
  expect(got).toEqual(Array.from({ length: 50 }, (_, n) => `event-${n}`));
});

const anyEvent = fc.oneof(
  fc.nat(3).map((n) => (id: string) => event(`a-${n}-${id}`)),
  fc
    .record({
      worker: fc.constantFrom("a", "b", "c"),
      to: fc.constantFrom("RUNNING", "DEGRADED", "LOCKED"),
    })
    .map(
      ({ worker, to }) =>
        (id: string) =>
          stateEvent(worker, id, "RUNNING", to as WorkerStatus["state"]),
    ),
  fc.nat(2).map(
    (n) =>
      (id: string): FleetEvent => ({
        v: 1,
        id,
        at: 1,
        host: HOST,
        kind: "jobs.refused",
        queue: `q${n}`,
        why: "unsigned",
        times: 1,
      }),
  ),
);

test("whatever comes, the backlog is within its limits, in order, and knows how many it lacks", () => {
  fc.assert(
    fc.property(
      fc.array(anyEvent, { maxLength: 120 }),
      fc.integer({ min: 10, max: 40 }),
      (makers, events) => {
        const backlog = new EventBacklog({ events, bytes: 1_000_000 });
        const order: string[] = [];
        for (const [n, make] of makers.entries()) {
          const made = make(`n-${n}`);
          order.push(made.id);
          backlog.push(made);
          expect(backlog.size).toBeLessThanOrEqual(events);
        }
        const kept: FleetEvent[] = [];
        for (let next = backlog.shift(); next; next = backlog.shift()) kept.push(next);
        expect(backlog.bytes).toBe(0);
        expect(kept.length + backlog.takeDropped()).toBe(makers.length);
        const places = kept.map(({ id }) => order.indexOf(id));
        expect(places).toEqual(places.toSorted((a, b) => a - b));
      },
    ),
  );
});

test("events that are large are bounded by their size", () => {
  const backlog = new EventBacklog({ events: 1000, bytes: 100_000 });
  for (let n = 0; n < 500; n++)
    backlog.push({
      ...event(`event-${n}`),
      outcome: { kind: "log", lines: ["x".repeat(1000)] },
    } as FleetEvent);
  expect(backlog.bytes).toBeLessThanOrEqual(100_000);
  expect(backlog.takeDropped()).toBeGreaterThan(400);
});

test("an event that a Redis without memory refuses is tried for as long as that takes", async () => {
  await using redis = await startRedis();
  const errors = errorList();
  const publisher = new EventPublisher(placeAt(redis.url), errors.add);
  onTestFinished(() => publisher.close());
  publisher.publish(event("before"));
  await publisher.flush();
  await redis.command("CONFIG", "SET", "maxmemory", "1");
  publisher.publish(event("kept"));
  await waitFor(() => errors.seen.length > 6, {
    what: "more tries than an event that is a bug gets",
    timeoutMs: 20_000,
  });
  await redis.command("CONFIG", "SET", "maxmemory", "0");
  await publisher.flush();
  const got: string[] = [];
  const handle = async ({ id }: FleetEvent): Promise<void> => void got.push(id);
  const consumer = await consumeEvents({ place: placeAt(redis.url), onError: () => {}, handle });
  onTestFinished(() => consumer.close());
  await waitFor(() => got.includes("kept"));
});

import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import { consumeEvents, EventPublisher, StatusReader, StatusWriter, Wire } from "@flotilla/queue";
import { redisCommand, startRedis, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { errorList, event, placeAt, sharedPlace, status } from "./support.ts";

const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => `event-${from + n}`);

test("events arrive in the order in which they were published, each once", async () => {
  const place = await sharedPlace();
  const errors = errorList();
  const got: string[] = [];
  const publisher = new EventPublisher(place, errors.add);
  onTestFinished(() => publisher.close());
  for (const id of ids(0, 30)) publisher.publish(event(id));
  publisher.publish(event("event-0"));
  await publisher.flush();
  const consumer = await consumeEvents({
    place,
    onError: errors.add,
    handle: async ({ id }) => void got.push(id),
  });
  onTestFinished(() => consumer.close());
  await waitFor(() => got.length === 30);
  expect(got).toEqual(ids(0, 30));
  expect(errors.seen).toEqual([]);
});

test("the order survives a Redis that was away, and flush waits until everything is out", async () => {
  await using redis = await startRedis({ persistence: "aof" });
  const place = placeAt(redis.url);
  const publisher = new EventPublisher(place, () => {});
  for (const id of ids(0, 10)) publisher.publish(event(id));
  await publisher.flush();
  await redis.kill9();
  for (const id of ids(10, 20)) publisher.publish(event(id));
  let flushed = false;
  const flush = publisher.flush().then(() => {
    flushed = true;
  });
  await expect(redis.command("PING")).rejects.toThrow();
  expect(flushed).toBe(false);
  await redis.restart();
  for (const id of ids(20, 30)) publisher.publish(event(id));
  await flush;
  await publisher.flush();
  const got: string[] = [];
  const consumer = await consumeEvents({
    place,
    onError: () => {},
    handle: async ({ id }) => void got.push(id),
  });
  await waitFor(() => got.length === 30);
  await consumer.close();
  await publisher.close();
  expect(got).toEqual(ids(0, 30));
});

test("a consumer continues after Redis was away", async () => {
  await using redis = await startRedis({ persistence: "aof" });
  const place = placeAt(redis.url);
  const got: string[] = [];
  const consumer = await consumeEvents({
    place,
    onError: () => {},
    handle: async ({ id }) => void got.push(id),
  });
  const publisher = new EventPublisher(place, () => {});
  publisher.publish(event("event-1"));
  await waitFor(() => got.length === 1);
  await redis.kill9();
  await redis.restart();
  publisher.publish(event("event-2"));
  await waitFor(() => got.length === 2);
  await Promise.all([consumer.close(), publisher.close()]);
  expect(got).toEqual(["event-1", "event-2"]);
});

test("the status of every worker is read as it was written last", async () => {
  const place = await sharedPlace();
  const writer = new StatusWriter(place, () => {});
  const reader = new StatusReader(place, () => {});
  onTestFinished(() => {
    writer.close();
    reader.close();
  });
  await reader.ready();
  expect(await reader.all()).toEqual(new Map());
  await writer.write(status("news_1", "STARTING"));
  await writer.write(status("sport"));
  await writer.write(status("news_1", "RUNNING"));
  expect(await reader.all()).toEqual(
    new Map([
      ["news_1", status("news_1", "RUNNING")],
      ["sport", status("sport")],
    ]),
  );
});

test("a supervisor removes the rows of its host whose workers it does not have, and no others", async () => {
  const place = await sharedPlace();
  const [before, now] = [new StatusWriter(place, () => {}), new StatusWriter(place, () => {})];
  const reader = new StatusReader(place, () => {});
  onTestFinished(() => {
    for (const each of [before, now, reader]) each.close();
  });
  await reader.ready();
  const ofOther = { ...status("far"), host: parseHostId("host-b") };
  for (const each of [status("news_1"), status("sport"), ofOther]) await before.write(each);
  await now.removeOthers(status("sport").host, (worker) => worker === "sport");
  await waitFor(async () => !(await reader.all()).has(parseWorkerId("news_1")));
  expect([...(await reader.all()).keys()].toSorted()).toEqual(["far", "sport"]);
});

test.each([
  { state: "IN_USE", pid: null },
  { state: "LOCKED", pid: 77 },
  { state: "STARTING", pid: 77 },
] as const)(
  "of a worker that two hosts have, the one that runs it is shown, not the one in $state",
  async ({ state, pid }) => {
    const place = await sharedPlace();
    const writer = new StatusWriter(place, () => {});
    const reader = new StatusReader(place, () => {});
    onTestFinished(() => {
      writer.close();
      reader.close();
    });
    await reader.ready();
    const runs = { ...status("news_1", "RUNNING"), pid: 4242 };
    const waits = {
      ...status("news_1", state),
      host: parseHostId("host-b"),
      pid,
      updatedAt: runs.updatedAt + 1,
    };
    const shown = async (): Promise<string | undefined> =>
      (await reader.all()).get(runs.worker)?.host;
    await writer.write(runs);
    await writer.write(waits);
    expect(await shown()).toBe(runs.host);
    await writer.remove(runs);
    expect(await shown()).toBe("host-b");
  },
);

test(
  "rows that cannot be read, or that this fleet did not sign for this very place, are left " +
    "out, and the others are there",
  async () => {
    const place = await sharedPlace();
    const reader = new StatusReader(place, () => {});
    onTestFinished(() => reader.close());
    await reader.ready();
    const signed = (row: string, payload: object): string =>
      place.wire.signRow("status", row, payload);
    const stranger = new Wire(Buffer.alloc(32, 8), place.prefix);
    const rows = {
      "good@host-a": signed("good@host-a", status("good")),
      "newer@host-a": signed("newer@host-a", { ...status("newer"), v: 2 }),
      "odd@host-a": signed("odd@host-a", { ...status("odd"), state: "DANCING" }),
      "unsigned@host-a": JSON.stringify(status("unsigned")),
      "moved@host-a": signed("other@host-a", status("moved")),
      "posing@host-a": signed("posing@host-a", status("good_1")),
      "stranger@host-a": stranger.signRow("status", "stranger@host-a", status("stranger")),
      text: "not json",
      empty: "",
      list: "[]",
    };
    await redisCommand(
      place.redis,
      "HSET",
      `${place.prefix}:status`,
      ...Object.entries(rows).flat(),
    );
    expect([...(await reader.all()).keys()]).toEqual(["good"]);
  },
);

test("while Redis is away a reader refuses at once, and reads again after it is back", async () => {
  await using redis = await startRedis({ persistence: "aof" });
  const place = placeAt(redis.url);
  const writer = new StatusWriter(place, () => {});
  const reader = new StatusReader(place, () => {});
  await reader.ready();
  await writer.write(status("news_1"));
  await redis.kill9();
  const before = performance.now();
  await expect(reader.all()).rejects.toThrow();
  expect(performance.now() - before).toBeLessThan(5000);
  await redis.restart();
  await reader.ready();
  expect([...(await waitFor(() => reader.all())).keys()]).toEqual(["news_1"]);
  writer.close();
  reader.close();
});

/** Events while Redis is away, over a restart of their publisher (field fault G9). */
import type { FleetEvent } from "@flotilla/contracts";
import { consumeEvents, EventPublisher, type KeptEvents } from "@flotilla/queue";
import { startRedis, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { errorList, event, placeAt, sharedPlace, type TestPlace } from "./support.ts";

/** A place that outlives its process. */
function disk(): KeptEvents & { readonly rows: Map<string, FleetEvent> } {
  const rows = new Map<string, FleetEvent>();
  return {
    rows,
    all: () => [...rows.values()],
    add: (each) => void rows.set(each.id, each),
    remove: ({ id }) => void rows.delete(id),
    replace: (all) => {
      rows.clear();
      for (const each of all) rows.set(each.id, each);
    },
  };
}

async function told(place: TestPlace, count: number): Promise<string[]> {
  const got: string[] = [];
  const consumer = await consumeEvents({
    place,
    onError: () => {},
    handle: async ({ id }) => void got.push(id),
  });
  onTestFinished(() => consumer.close());
  await waitFor(() => got.length >= count);
  return got;
}

test.each(["killed", "frozen"])(
  "while Redis is %s they are kept, and told by the next process, in order and once",
  async (how) => {
    await using redis = await startRedis({ persistence: "aof" });
    const [place, kept] = [placeAt(redis.url), disk()];
    const first = new EventPublisher(place, () => {});
    first.keepIn(kept);
    first.publish(event("event-0"));
    await first.flush();
    expect(kept.rows.size, "what Redis has is not kept").toBe(0);
    await (how === "killed" ? redis.kill9() : redis.freeze());
    for (let n = 1; n <= 5; n++) first.publish(event(`event-${n}`));
    await waitFor(() => kept.rows.size === 5);
    first.publish(event("event-6"));
    expect([...kept.rows.keys()], "at once from then on").toEqual([
      "event-1",
      "event-2",
      "event-3",
      "event-4",
      "event-5",
      "event-6",
    ]);
    // As if the process died here: its later writes do not reach the disk.
    const left = disk();
    left.replace(kept.all());
    await (how === "killed" ? redis.restart() : redis.thaw());
    await first.close();
    const second = new EventPublisher(place, () => {});
    onTestFinished(() => second.close());
    second.keepIn(left);
    second.publish(event("event-7"));
    await second.flush();
    expect(left.rows.size).toBe(0);
    expect(await told(place, 8)).toEqual(Array.from({ length: 8 }, (_, n) => `event-${n}`));
  },
);

test("a stop while Redis is away keeps what is left, also what came a moment ago", async () => {
  await using redis = await startRedis({ persistence: "aof" });
  const [place, kept] = [placeAt(redis.url), disk()];
  const publisher = new EventPublisher(place, () => {});
  const keeping = publisher.keepIn(kept);
  publisher.publish(event("event-0"));
  await publisher.flush();
  await redis.kill9();
  publisher.publish(event("event-1"));
  await keeping[Symbol.asyncDispose]();
  await publisher.close();
  expect([...kept.rows.keys()]).toEqual(["event-1"]);
});

test("there are no more on disk than may wait", async () => {
  await using redis = await startRedis({ persistence: "aof" });
  const [place, kept] = [placeAt(redis.url), disk()];
  const publisher = new EventPublisher(place, () => {}, { events: 20, bytes: 1_000_000 });
  onTestFinished(() => publisher.close());
  publisher.keepIn(kept);
  await redis.kill9();
  publisher.publish(event("event-0"));
  await waitFor(() => kept.rows.size === 1);
  for (let n = 1; n < 200; n++) publisher.publish(event(`event-${n}`));
  expect(kept.rows.size).toBeLessThanOrEqual(21);
  expect([...kept.rows.keys()].at(-1)).toBe("event-199");
});

test("a disk that takes nothing stops no event", async () => {
  const [place, errors] = [await sharedPlace(), errorList()];
  const publisher = new EventPublisher(place, errors.add);
  onTestFinished(() => publisher.close());
  const full = (): never => {
    throw new Error("full");
  };
  publisher.keepIn({ all: full, add: full, remove: full, replace: full });
  publisher.publish(event("event-1"));
  await publisher.flush();
  expect(await told(place, 1)).toEqual(["event-1"]);
});

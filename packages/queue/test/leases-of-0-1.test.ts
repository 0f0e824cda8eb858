import { KEYS_OF_0_1 } from "@flotilla/contracts";
import { parseHostId, systemClock } from "@flotilla/kernel";
import { consumeEvents, EventPublisher, findOtherOwner, Lease } from "@flotilla/queue";
import { redisCommand, waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { TAKE } from "../src/lease-script.ts";
import { event, places, type TestPlace, WORKER } from "./support.ts";

const RESOURCES = ["name.news_1", "key.1e3ce5c18eb85c31", "account.100001"];

describe("leases of version 0.1", () => {
  const record = (host: string) =>
    JSON.stringify({ token: host, owner: `boot:${host}`, host, worker: "news_1", since: 1 });

  function holder(place: TestPlace, host = "host-b") {
    const events: string[] = [];
    const lease = new Lease({
      place,
      mode: "several",
      host: parseHostId(host),
      worker: WORKER,
      owner: `boot:${host}`,
      resources: () => RESOURCES,
      knownFence: () => 2,
      on: {
        granted: (fence) => void events.push(`granted ${fence}`),
        suspended: () => void events.push("suspended"),
        taken: ({ message }) => void events.push(`taken: ${message}`),
      },
      onError: () => {},
      clock: systemClock,
    });
    onTestFinished(() => lease.close());
    return { lease, events };
  }

  test.each(["key.1e3ce5c18eb85c31", "account.100001"])(
    "a host that still runs it and has %s is not overlooked",
    async (resource) => {
      const { url, place } = await places();
      await redisCommand(url, "SET", KEYS_OF_0_1.lease(resource), record("host-a"), "PX", 60_000);
      const mine = holder(place);
      await waitFor(() => mine.events.length > 0);
      expect(mine.events[0]).toMatch(/^taken: host-a already runs this session as news_1/);
      const wanted = {
        host: parseHostId("host-b"),
        worker: WORKER,
        fingerprint: "1e3ce5c18eb85c31",
        userId: "100001",
      };
      expect(await findOtherOwner(place, wanted)).toMatchObject({
        host: "host-a",
        worker: "news_1",
      });
    },
  );

  test("a host that still runs it does not come after us, and the numbers go on upwards for both", async () => {
    const { url, place } = await places();
    for (const resource of RESOURCES)
      await redisCommand(url, "SET", KEYS_OF_0_1.fence(resource), "41");
    const mine = holder(place);
    await waitFor(() => mine.events.length > 0);
    expect(mine.events).toEqual(["granted 42"]);
    const shared = RESOURCES.slice(1);
    const keys = [
      ...shared.map(KEYS_OF_0_1.lease),
      ...shared.map(KEYS_OF_0_1.fence),
      "flotilla.lease-run",
      "flotilla.lease-quiet",
    ];
    const old = (): ReturnType<typeof redisCommand> =>
      redisCommand(
        url,
        "EVAL",
        TAKE,
        keys.length,
        ...keys,
        2,
        "t",
        "boot:host-a",
        record("host-a"),
        20_000,
        41,
        "0",
        0,
      );
    expect(await old()).toEqual(["held", expect.stringContaining("host-b")]);
    await mine.lease.close();
    expect(await old()).toMatchObject({ 0: "granted", 1: "43" });
    for (const key of shared) await redisCommand(url, "DEL", KEYS_OF_0_1.lease(key));
    const again = holder(place);
    await waitFor(() => again.events.length > 0);
    expect(again.events).toEqual(["granted 44"]);
  });

  test("of our own kernel lock, left by the program before, is taken over at once", async () => {
    const { url, place } = await places();
    await redisCommand(
      url,
      "SET",
      KEYS_OF_0_1.lease("key.1e3ce5c18eb85c31"),
      record("host-b"),
      "PX",
      60_000,
    );
    const mine = holder(place);
    await waitFor(() => mine.events.length > 0);
    expect(mine.events).toEqual(["granted 3"]);
  });

  test("on a mere name say nothing: fleets of 0.1 have no id, and it may be a stranger's", async () => {
    const { url, place } = await places();
    await redisCommand(
      url,
      "SET",
      KEYS_OF_0_1.lease("name.news_1"),
      record("host-a"),
      "PX",
      60_000,
    );
    const mine = holder(place);
    await waitFor(() => mine.events.length > 0);
    expect(mine.events).toEqual(["granted 3"]);
  });
});

test(
  "two fleets on one Redis: the same worker runs in each, and each bot gets the events of " +
    "its own alone",
  async () => {
    const { place, fresh } = await places();
    const got: Record<string, string[]> = { place: [], fresh: [] };
    for (const [name, where] of Object.entries({ place, fresh })) {
      const consumer = await consumeEvents({
        place: where,
        onError: () => {},
        handle: async ({ id }) => void got[name]?.push(id),
      });
      const publisher = new EventPublisher(where, () => {});
      onTestFinished(async () => void (await Promise.all([consumer.close(), publisher.close()])));
      for (let n = 0; n < 20; n++) publisher.publish(event(`${name}-${n}`));
      await publisher.flush();
    }
    await waitFor(() => got["place"]?.length === 20 && got["fresh"]?.length === 20);
    expect(got["place"]?.every((id) => id.startsWith("place-"))).toBe(true);
    const events: string[] = [];
    for (const [n, where] of [place, fresh].entries()) {
      const lease = new Lease({
        place: where,
        mode: "several",
        host: parseHostId(`host-${n}`),
        worker: WORKER,
        owner: `boot:${n}`,
        resources: () => ["name.news_1"],
        knownFence: () => 0,
        on: {
          granted: () => void events.push("granted"),
          suspended: () => void events.push("suspended"),
          taken: () => void events.push("taken"),
        },
        onError: () => {},
        clock: systemClock,
      });
      onTestFinished(() => lease.close());
    }
    await waitFor(() => events.length === 2);
    expect(events).toEqual(["granted", "granted"]);
  },
);

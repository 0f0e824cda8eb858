/** A Redis that fails over, with real servers and sentinels. */
import { parseHostPorts, parseWorkerId, type RedisAddress } from "@flotilla/kernel";
import { checkRedis, fleetPlace, RelayLink } from "@flotilla/queue";
import { startSentinels, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";

const READER = parseWorkerId("reader");

test("what is sent during a failover arrives once it is over, and nothing asks for a new start", async () => {
  await using redis = await startSentinels();
  const address: RedisAddress = {
    kind: "sentinel",
    nodes: parseHostPorts(redis.sentinels.join(","), 26_379) ?? [],
    name: redis.name,
    login: {},
    tls: null,
  };
  expect((await checkRedis(address)).version).toMatch(/^\d/);
  const place = fleetPlace({
    redis: address,
    fleet: { id: "0123456789abcdef", from01: false },
    fleetKey: Buffer.alloc(32, 7),
  });
  const heard: number[] = [];
  const link = (take: (version: number) => void): RelayLink =>
    new RelayLink({
      place,
      who: READER,
      handle: async (message) => {
        if (message.kind === "routes") take(message.version);
      },
      onError: () => {},
    });
  const [reader, bot] = [link((version) => void heard.push(version)), link(() => {})];
  onTestFinished(async () => {
    await reader.close();
    await bot.close();
  });
  reader.start();
  const tell = async (version: number): Promise<void> =>
    await bot.tellRoutes({ v: 1, kind: "routes", worker: READER, version, routes: [] });
  await tell(1);
  await waitFor(() => heard.length === 1);
  const before = await redis.masterPort();
  await redis.servers.find(({ port }) => port === before)?.kill9();
  const during = tell(2);
  await waitFor(() => heard.includes(2), {
    timeoutMs: 60_000,
    what: "the message of the failover",
  });
  await during;
  expect(await redis.masterPort()).not.toBe(before);
  await tell(3);
  await waitFor(() => heard.includes(3));
  expect([...new Set(heard)]).toEqual([1, 2, 3]);
});

/** A Redis that fails over, with real servers and sentinels. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { parseHostPorts, parseWorkerId, type RedisAddress } from "@flotilla/kernel";
import { checkRedis, fleetPlace, RelayLink } from "@flotilla/queue";
import { startSentinels, waitFor } from "@flotilla/testkit";
import type { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { patientRedis, promptRedis } from "../src/connection.ts";

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

/**
 * A proxy to a sentinel. Questions that it gets after {@link hold} are answered once the sentinel
 * has told of a failover, and the listener that was told has closed.
 */
async function slowSentinel(target: string) {
  const { port } = new URL(`redis://${target}`);
  const held: (() => void)[] = [];
  let isHolding = false;
  let listeners = 0;
  const server = createServer((socket) => {
    const upstream = connect(Number(port), "127.0.0.1");
    for (const each of [socket, upstream]) each.on("error", () => {});
    upstream.pipe(socket);
    if (isHolding) {
      let isThrough = false;
      held.push(() => {
        isThrough = true;
        socket.pipe(upstream);
      });
      socket.once("close", () => {
        if (!isThrough) upstream.destroy();
      });
      return;
    }
    socket.pipe(upstream);
    upstream.on("data", (bytes) => {
      if (bytes.includes("subscribe")) listeners += 1;
      if (!bytes.includes("+switch-master")) return;
      socket.once("close", () => {
        if (--listeners > 0) return;
        isHolding = false;
        for (const release of held.splice(0)) release();
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    listeners: () => listeners,
    held: () => held.length,
    hold: () => {
      isHolding = true;
    },
  };
}

test("a connection that is being made when a failover is told comes back; a closed one does not", async () => {
  await using redis = await startSentinels();
  const sentinel = await slowSentinel(redis.sentinels[0] ?? "");
  const address: RedisAddress = {
    kind: "sentinel",
    nodes: parseHostPorts(sentinel.address, 26_379) ?? [],
    name: redis.name,
    login: {},
    tls: null,
  };
  const patient = patientRedis(address) as Redis;
  // The second is made as BullMQ makes its blocking connections.
  const all = [promptRedis(address) as Redis, patient, patient.duplicate()];
  const closed = patient.duplicate();
  for (const each of [...all, closed]) each.on("error", () => {});
  onTestFinished(() => {
    for (const each of all) each.disconnect();
  });
  const states = (): string[] => all.map(({ status }) => status);
  const isEach = (state: string) => () => states().every((each) => each === state);
  await waitFor(isEach("ready"), { what: "all to be connected" });
  await waitFor(() => sentinel.listeners() === 4, { what: "all to listen" });

  const before = await redis.masterPort();
  sentinel.hold();
  await redis.servers.find(({ port }) => port === before)?.kill9();
  await waitFor(() => sentinel.held() >= 4, { what: "all to ask for the master" });
  closed.disconnect();
  await waitFor(isEach("ready"), { timeoutMs: 30_000, what: "all to be connected again" });
  expect(await redis.masterPort()).not.toBe(before);
  expect(await Promise.all(all.map((each) => each.set("after", "1")))).toEqual(["OK", "OK", "OK"]);
  for (const each of all) each.disconnect();
  await waitFor(isEach("end"), { what: "all to end" });
  expect(closed.status).toBe("end");
});

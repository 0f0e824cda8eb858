/** Redis on a host that has IPv6 alone. */
import { networkInterfaces } from "node:os";
import { parseWorkerId } from "@flotilla/kernel";
import { startRedis, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { serverOptions } from "../src/connection.ts";
import { checkRedis, fleetPlace, RelayLink } from "../src/index.ts";

const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === "::1"),
);

test.skipIf(!hasIpv6)("is checked, and carries messages", async () => {
  await using redis = await startRedis({ config: { bind: "::1" } });
  const url = `redis://[::1]:${redis.port}/3`;
  expect((await checkRedis(url)).version).toMatch(/^\d/);
  const place = fleetPlace({
    redis: url,
    fleet: { id: "0123456789abcdef", from01: false },
    fleetKey: Buffer.alloc(32, 7),
  });
  const heard: string[] = [];
  const link = (handle: (kind: string) => void): RelayLink =>
    new RelayLink({
      place,
      who: parseWorkerId("reader"),
      handle: async ({ kind }) => handle(kind),
      onError: () => {},
    });
  const [reader, bot] = [link((kind) => void heard.push(kind)), link(() => {})];
  onTestFinished(async () => {
    await reader.close();
    await bot.close();
  });
  reader.start();
  await bot.tellRoutes({
    v: 1,
    kind: "routes",
    worker: parseWorkerId("reader"),
    version: 1,
    routes: [],
  });
  await waitFor(() => heard.length === 1);
  expect(heard).toEqual(["routes"]);
});

test.each([
  ["redis://[::1]", { host: "::1", port: 6379 }],
  [
    "redis://ann:pa%5Dss@[2001:db8::1]:7000/2",
    { host: "2001:db8::1", port: 7000, username: "ann", password: "pa]ss", db: 2 },
  ],
  ["rediss://[fd00::1]:7000", { host: "fd00::1", tls: {} }],
  ["redis://host.example:7000", { host: "host.example", port: 7000 }],
])("%s", (url, options) => {
  expect(serverOptions(url, null)).toMatchObject(options);
});

test.each(["redis://[::1]:6379?family=6", "redis://h:1/0?tls=true", "redis://h?db=3"])(
  "%s: what is not known is refused by name, not left out silently",
  (url) => {
    expect(() => serverOptions(url, null)).toThrow(
      expect.objectContaining({ code: "bad-redis-url", message: expect.stringContaining("?") }),
    );
  },
);

import { systemClock } from "@flotilla/kernel";
import { aheadOfRedis } from "@flotilla/queue";
import { sharedRedis } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { ClockWatch } from "../src/host/clock-watch.ts";

test.each([
  [86_400_000, "+86400 s"],
  [-86_400_000, "-86400 s"],
  [31_000, "+31 s"],
])(
  "a clock %i ms from Redis is reported once, is on the health page, and ends when the clock is right",
  async (off, detail) => {
    const { url } = await sharedRedis();
    let aheadMs = off;
    const told: [boolean, string][] = [];
    const clock = { ...systemClock, now: () => Date.now() + aheadMs, monotonicMs: () => performance.now() };
    const watch = new ClockWatch({ ahead: () => aheadOfRedis({ url }, clock), tell: (...words) => void told.push(words) });
    onTestFinished(() => watch[Symbol.dispose]());
    await watch.look();
    await watch.look();
    expect(told).toEqual([[false, detail]]);
    expect(watch.problems()).toEqual([`clock differs from that of Redis by ${detail}`]);
    aheadMs = 0;
    await watch.look();
    expect(told).toEqual([
      [false, detail],
      [true, detail],
    ]);
    expect(watch.problems()).toEqual([]);
  },
);

test("29 s are not reported, and a Redis that does not answer changes nothing", async () => {
  const told: unknown[] = [];
  let ahead: number | null = 29_000;
  const watch = new ClockWatch({ ahead: async () => ahead, tell: (...words) => void told.push(words) });
  onTestFinished(() => watch[Symbol.dispose]());
  await watch.look();
  ahead = null;
  await watch.look();
  expect(told).toEqual([]);
  expect(await aheadOfRedis({ url: "/nowhere/redis.sock" })).toBeNull();
});

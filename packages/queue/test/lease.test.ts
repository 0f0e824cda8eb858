import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, parseHostId, parseWorkerId, sleep } from "@flotilla/kernel";
import { findOtherOwner, leaseResources, type Wanted } from "@flotilla/queue";
import { redisCommand, spawnNode, startRedis, testDir, waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { holder, LONG, SHORT, seenRedis, until } from "./lease-holder.ts";
import { placeAt, type TestPlace } from "./support.ts";

test(
  "the second host is refused and told who has it; after the first one gave it back, a " +
    "higher number is given",
  async () => {
    const place = await seenRedis();
    const first = holder(place, "host-a");
    await until(first, "granted 1");
    const second = holder(place, "host-b");
    await until(second, "taken");
    expect(second.lease.mayAct()).toBe(false);
    expect(second.faults[0]).toMatchObject({ class: "IN_USE", code: "lease-held" });
    expect(second.faults[0]?.message).toMatch(
      /^host-a already runs this session as news_1 \(since .*\)\. Start refused, to keep/,
    );
    expect(first.lease.mayAct()).toBe(true);
    await first.lease.close();
    expect(first.lease.mayAct()).toBe(false);
    await until(holder(place, "host-b"), "granted 2");
  },
);

test("the same key under another name is the same session", async () => {
  const place = await seenRedis();
  await until(holder(place, "host-a"), "granted 1");
  const other = {
    worker: parseWorkerId("copy"),
    resources: () => ["copy", "key.0123456789abcdef"],
  };
  await until(holder(place, "host-b", other), "taken");
});

test("the same account with another key on another host is refused, and its holder is named", async () => {
  const place = await seenRedis();
  const account = { fingerprint: null, userId: "7000001" };
  const resources = (worker: string, key: string) => () =>
    leaseResources({ ...account, worker: parseWorkerId(worker), fingerprint: key });
  await until(
    holder(place, "host-a", { resources: resources("news_1", "0123456789abcdef") }),
    "granted 1",
  );
  const other = { worker: parseWorkerId("nora"), resources: resources("nora", "fedcba9876543210") };
  const second = holder(place, "host-b", other);
  await until(second, "taken");
  expect(second.faults[0]).toMatchObject({
    code: "lease-held",
    message: expect.stringMatching(/^host-a already runs this session as news_1/),
  });
  const nora = { host: parseHostId("host-b"), worker: parseWorkerId("nora") };
  const owner = (more: Partial<Wanted>) => findOtherOwner(place, { ...nora, ...account, ...more });
  expect(await owner({})).toEqual({ host: "host-a", worker: "news_1", what: "account" });
  expect(await owner({ fingerprint: "0123456789abcdef" })).toEqual({
    host: "host-a",
    worker: "news_1",
    what: "key",
  });
  expect(await owner({ userId: null, worker: parseWorkerId("news_1") })).toMatchObject({
    host: "host-a",
    what: "name",
  });
  expect(await owner({ userId: "7000002" }), "another account").toBeNull();
  expect(
    await owner({ host: parseHostId("host-a"), worker: parseWorkerId("news_1") }),
    "itself",
  ).toBeNull();
});

test("the next holder of the same kernel lock takes over at once: the one before is dead", async () => {
  const place = await seenRedis();
  const dead = spawnNode(join(import.meta.dirname, "fixtures/holder.ts"), [
    place.redis,
    place.prefix,
    "/dev/null",
    "60000",
  ]);
  await dead.waitForOutput("granted 1");
  dead.kill("SIGKILL");
  await dead.exited;
  await until(
    holder(place, "host-a", { owner: "boot-a:1:1", resources: () => ["news_1"] }),
    "granted 2",
  );
});

test("a session that knows a higher number than Redis gets one above it", async () => {
  await until(holder(await seenRedis(), "host-a", { knownFence: () => 41 }), "granted 42");
});

test(
  "with Redis gone the holder leaves before its lease ends, and comes back with a higher " +
    "number",
  async () => {
    await using redis = await startRedis({ persistence: "aof" });
    const first = holder(placeAt(redis.url), "host-a", { timings: SHORT });
    await until(first, /granted/);
    const number = (): number => Number(first.events.at(-1)?.split(" ")[1]);
    const granted = number();
    await redis.kill9();
    // The last possible renewal was when Redis went; two thirds of the TTL later the tenure must be
    // over.
    await sleep(SHORT.ttlMs);
    expect(first.lease.mayAct()).toBe(false);
    await until(first, "suspended");
    expect(first.faults[0]).toMatchObject({ class: "NETWORK", code: "lease-unrenewed" });
    await redis.restart();
    await waitFor(() => first.lease.mayAct());
    expect(number()).toBeGreaterThan(granted);
  },
);

test(
  "after a Redis that forgot everything, no new lease is granted for one TTL, and the holder " +
    "keeps its own",
  async () => {
    await using redis = await startRedis();
    const place = placeAt(redis.url);
    const first = holder(place, "host-a", { timings: SHORT });
    await until(first, /granted/);
    await redis.kill9();
    await redis.restart();
    const back = performance.now();
    const other = holder(place, "host-b", {
      resources: () => ["sport"],
      worker: parseWorkerId("sport"),
      timings: SHORT,
    });
    await until(other, /granted/);
    expect(performance.now() - back).toBeGreaterThan(SHORT.ttlMs * 0.9);
    expect(first.lease.mayAct()).toBe(true);
    const second = holder(place, "host-b");
    await until(second, "taken");
  },
);

test("on one host a Redis that is away stops nothing, and the number comes later", async () => {
  await using redis = await startRedis({ persistence: "aof" });
  const place = placeAt(redis.url);
  await redis.kill9();
  const only = holder(place, "host-a", { mode: "one" });
  await until(only, "granted null");
  expect(only.lease.mayAct()).toBe(true);
  await redis.restart();
  await until(only, "granted 1");
  expect(only.events).not.toContain("suspended");
});

test("a clock that jumps ahead ends the right to act; one that is set back does not prolong it", async () => {
  const place = await seenRedis();
  let [wall, monotonic] = [0, 0];
  const clock: Clock = {
    now: () => Date.now() + wall,
    monotonicMs: () => performance.now() + monotonic,
  };
  // Never renewed within this test.
  const timings = { ...LONG, renewEveryMs: 50_000 };
  const suspendedMachine = holder(place, "host-a", { clock, timings });
  await until(suspendedMachine, "granted 1");
  wall = 39_000;
  expect(suspendedMachine.lease.mayAct(), "one second before").toBe(true);
  wall = -3_600_000;
  expect(suspendedMachine.lease.mayAct()).toBe(true);
  monotonic = 41_000;
  expect(suspendedMachine.lease.mayAct()).toBe(false);
  expect(suspendedMachine.events).toContain("suspended");
});

/** A process that acts while it may, stopped until its lease is gone. */
async function stoppedHolder(
  place: TestPlace,
): Promise<{ process: ReturnType<typeof spawnNode>; actsSince: (at: number) => number[] }> {
  const acts = `${await testDir("lease-")}/acts`;
  writeFileSync(acts, "");
  const stopped = spawnNode(join(import.meta.dirname, "fixtures/holder.ts"), [
    place.redis,
    place.prefix,
    acts,
    "2100",
  ]);
  await stopped.waitForOutput(/granted/);
  await waitFor(() => readFileSync(acts, "utf8") !== "");
  stopped.kill("SIGSTOP");
  await waitFor(
    async () => (await redisCommand(place.redis, "EXISTS", `${place.prefix}:lease:news_1`)) === 0,
  );
  // A write that the stop interrupts has the time before the stop: no check can be closer to an
  // effect.
  const times = (): number[] => readFileSync(acts, "utf8").trimEnd().split("\n").map(Number);
  return { process: stopped, actsSince: (since) => times().filter((at) => at >= since) };
}

test(
  "a holder that was stopped for longer than its lease never acts again once another host " +
    "has it",
  async () => {
    const place = await seenRedis();
    const { process: stopped, actsSince } = await stoppedHolder(place);
    const next = holder(place, "host-b", { resources: () => ["news_1"] });
    await until(next, /granted/);
    const fence = (said = ""): number => Number(/granted (\d+)/.exec(said)?.[1]);
    expect(fence(next.events[0])).toBeGreaterThan(fence(stopped.stdout));
    const takenOverAt = Date.now();
    stopped.kill("SIGCONT");
    await stopped.waitForOutput(/taken/);
    expect(actsSince(takenOverAt)).toEqual([]);
  },
);

test(
  "a holder that was stopped and wakes on an empty Redis does not push out the one that took " +
    "over, nor acts beside it",
  async () => {
    await using redis = await startRedis();
    const place = placeAt(redis.url);
    const { process: stopped, actsSince } = await stoppedHolder(place);
    const next = holder(place, "host-b", {
      resources: () => ["news_1"],
      timings: { ...LONG, renewEveryMs: 300 },
    });
    await until(next, /granted/);
    const takenOverAt = Date.now();
    await redis.kill9();
    await redis.restart();
    stopped.kill("SIGCONT");
    await stopped.waitForOutput(/taken/);
    expect(next.lease.mayAct()).toBe(true);
    expect(next.events.filter((each) => !each.startsWith("granted"))).toEqual([]);
    expect(actsSince(takenOverAt)).toEqual([]);
  },
);

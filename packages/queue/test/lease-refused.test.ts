import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { parseWorkerId, sleep } from "@flotilla/kernel";
import { type RedisHarness, startRedis, waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { holder, SHORT, until } from "./lease-holder.ts";
import { placeAt } from "./support.ts";

async function persistence(redis: RedisHarness): Promise<string> {
  return String(await redis.command("INFO", "persistence"));
}

test(
  "a Redis that is out of memory still renews what was granted; a newcomer waits until there " +
    "is room",
  async () => {
    await using redis = await startRedis({ persistence: "aof" });
    const place = placeAt(redis.url);
    const first = holder(place, "host-a", { timings: SHORT });
    await until(first, /granted/);
    await redis.command("CONFIG", "SET", "maxmemory", "1");
    const errors: string[] = [];
    const sport = { resources: () => ["sport"], worker: parseWorkerId("sport"), timings: SHORT };
    const newcomer = holder(place, "host-b", {
      ...sport,
      onError: (error) => void errors.push(String(error)),
    });
    await sleep(SHORT.ttlMs * 1.5);
    expect(first.lease.mayAct()).toBe(true);
    expect(first.events).toHaveLength(1);
    expect(newcomer.events).toEqual([]);
    expect(errors.join()).toContain("OOM command not allowed");
    await redis.command("CONFIG", "SET", "maxmemory", "0");
    await until(newcomer, /granted/);
  },
);

test.each([
  {
    what: "a read-only replica",
    go: (redis: RedisHarness) => redis.command("REPLICAOF", "127.0.0.1", "1"),
    back: (redis: RedisHarness) => redis.command("REPLICAOF", "NO", "ONE"),
    says: "Redis is a read-only replica.",
  },
  {
    what: "full on its disk",
    go: async (redis: RedisHarness) => {
      await redis.command("CONFIG", "SET", "save", "3600 1");
      rmSync(dirname(redis.socketPath), { recursive: true });
      await redis.command("BGSAVE");
      await waitFor(async () => /rdb_last_bgsave_status:err/.test(await persistence(redis)));
    },
    // Without "save" it also ends when it is asked to.
    back: (redis: RedisHarness) =>
      redis.command("CONFIG", "SET", "stop-writes-on-bgsave-error", "no", "save", ""),
    says: "Redis cannot write to its disk",
  },
])(
  "while Redis is $what a holder stops in time with that reason, and resumes automatically",
  async ({ go, back, says }) => {
    await using redis = await startRedis();
    const first = holder(placeAt(redis.url), "host-a", { timings: SHORT });
    await until(first, /granted/);
    await go(redis);
    await until(first, "suspended");
    expect(first.lease.mayAct()).toBe(false);
    expect(first.faults[0]?.message).toContain(says);
    expect(first.faults[0]?.message).toContain(
      "With HOSTS=several a worker may not stay on Telegram without its lease",
    );
    await back(redis);
    await waitFor(() => first.lease.mayAct());
  },
);

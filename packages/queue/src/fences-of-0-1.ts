import { fenceKey, KEYS_OF_0_1, leaseRunKey } from "@flotilla/contracts";
import type { Redis } from "ioredis";
import type { QueuePlace } from "./place.ts";

/** KEYS: a counter of before, the one of now. The higher number counts. */
const RAISE = `
local old, new = tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(redis.call('GET', KEYS[2]) or '0')
if old and new and old > new then redis.call('SET', KEYS[2], string.format('%.0f', old)) end
return 1
`;

/**
 * @NOTE Goes with version 0.3. The fencing numbers that version 0.1 gave out, and the run of Redis that it knew, so that an upgrade neither gives
 * a number out twice nor waits as after a start of Redis.
 */
export async function takeFencesAlong(redis: Redis, prefix: string): Promise<void> {
  const before = KEYS_OF_0_1.fence("");
  for await (const keys of redis.scanStream({ match: `${before}*`, count: 1000 }))
    for (const key of keys as string[]) await redis.eval(RAISE, 2, key, fenceKey(prefix, key.slice(before.length)));
  const run = await redis.get(KEYS_OF_0_1.leaseRun);
  if (run !== null) await redis.set(leaseRunKey(prefix), run, "NX");
}

/**
 * @NOTE Goes with version 0.3. The leases of version 0.1 that stand for the same thing as ours, of a fleet that comes from there: a key and an account are
 * what Telegram knows, and a host that still runs 0.1 must neither be overlooked nor come after us. A name is not: fleets of 0.1 have no id, and its queue is not ours.
 */
export function leasesOf01({ before }: QueuePlace, resources: readonly string[]): LeasesOf01 {
  const shared = before === undefined ? [] : resources.filter((each) => !each.startsWith("name."));
  return { resources: shared, leases: shared.map(KEYS_OF_0_1.lease), fences: shared.map(KEYS_OF_0_1.fence) };
}

interface LeasesOf01 {
  readonly resources: string[];
  readonly leases: string[];
  readonly fences: string[];
}

import { fenceKey, KEYS_OF_0_1, leaseRunKey } from "@flotilla/contracts";
import { keysLike, type RedisClient } from "./connection.ts";
import type { QueuePlace } from "./place.ts";

/** KEYS: the old counter, the new counter. Keeps the higher number. */
const RAISE = `
local old, new = tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(redis.call('GET', KEYS[2]) or '0')
if old and new and old > new then redis.call('SET', KEYS[2], string.format('%.0f', old)) end
return 1
`;

/**
 * @NOTE Goes with version 0.3. Copies the fencing tokens that version 0.1 granted and the Redis run
 * id that it knew, so that an upgrade neither grants a token twice nor waits as after a restart of
 * Redis.
 */
export async function takeFencesAlong(redis: RedisClient, prefix: string): Promise<void> {
  const before = KEYS_OF_0_1.fence("");
  for await (const key of keysLike(redis, `${before}*`))
    await redis.eval(RAISE, 2, key, fenceKey(prefix, key.slice(before.length)));
  const run = await redis.get(KEYS_OF_0_1.leaseRun);
  if (run !== null) await redis.set(leaseRunKey(prefix), run, "NX");
}

/**
 * @NOTE Goes with version 0.3. The leases of version 0.1 on the same resources, for a fleet that
 * comes from that version. Keys and accounts are global at Telegram, so a host that still runs 0.1
 * must neither be overlooked nor take over. Worker names are left out: fleets of 0.1 have no id,
 * and their queues are separate.
 */
export function leasesOf01({ before }: QueuePlace, resources: readonly string[]): LeasesOf01 {
  const shared = before === undefined ? [] : resources.filter((each) => !each.startsWith("name."));
  return {
    resources: shared,
    leases: shared.map(KEYS_OF_0_1.lease),
    fences: shared.map(KEYS_OF_0_1.fence),
  };
}

interface LeasesOf01 {
  readonly resources: string[];
  readonly leases: string[];
  readonly fences: string[];
}

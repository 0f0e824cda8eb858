import { hostClaimKey, leaseKey } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { askOnce, type RedisClient } from "./connection.ts";
import { leasesOf01 } from "./fences-of-0-1.ts";
import { HostClaimant } from "./host-claim.ts";
import { LeaseRecord } from "./lease-script.ts";
import type { QueuePlace } from "./place.ts";

/** A running process of the fleet, by what it holds in Redis. */
export interface InUse {
  /** A sentence without a full stop: who has what. */
  readonly who: string;
  /** Milliseconds until the hold ends by itself; its holder renews it while it lives. */
  readonly leftMs: number;
}

const ANSWER_MS = 5000;

/**
 * Every lease on one of `resources` (see `leaseResources`) and every claim on one of `hosts`,
 * by any holder. Empty = no process of this fleet uses them. Throws AppError `redis-away`.
 */
export async function findInUse(
  place: QueuePlace,
  {
    resources,
    hosts,
  }: { readonly resources: readonly string[]; readonly hosts: readonly HostId[] },
): Promise<InUse[]> {
  const leases = [
    ...resources.map((each) => leaseKey(place.prefix, each)),
    ...leasesOf01(place, resources).leases,
  ];
  return await askOnce(place.redis, ANSWER_MS, async (redis) => {
    const found = [
      ...(await Promise.all(leases.map((key) => look(redis, key, leaseText)))),
      ...(await Promise.all(
        hosts.map((host) => look(redis, hostClaimKey(place.prefix, host), claimText(host))),
      )),
    ].flatMap((each) => each ?? []);
    // A session has a lease on its name, its key and its account.
    return [...new Map(found.map((each) => [each.who, each])).values()];
  });
}

async function look(
  redis: RedisClient,
  key: string,
  textOf: (held: string) => string,
): Promise<InUse | null> {
  const [held, leftMs] = await Promise.all([redis.get(key), redis.pttl(key)]);
  return held === null ? null : { who: textOf(held), leftMs };
}

function leaseText(held: string): string {
  const record = LeaseRecord.safeParse(parse(held)).data;
  if (!record) return "a process that did not say who it is has a session";
  return `the worker ${record.worker} runs on ${record.host}${since(record.since)}`;
}

function claimText(host: HostId): (held: string) => string {
  return (held) => {
    const found = HostClaimant.safeParse(parse(held)).data;
    if (!found) return `a supervisor has the name ${host}`;
    const { pid, machine, dataDir } = found;
    return `the host ${host} runs: pid ${pid} on ${machine}, data folder ${dataDir}${since(found.since)}`;
  };
}

function since(at: number): string {
  return at === 0 ? "" : ` (since ${new Date(at).toISOString()})`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

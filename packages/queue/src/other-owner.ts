import { leaseKey, STATUS_STALE_MS, statusKey, type WorkerStatus } from "@flotilla/contracts";
import { type HostId, systemClock, type WorkerId } from "@flotilla/kernel";
import { askOnce } from "./connection.ts";
import { leasesOf01 } from "./fences-of-0-1.ts";
import { LeaseRecord } from "./lease-script.ts";
import type { QueuePlace } from "./place.ts";
import { readStatuses } from "./status-board.ts";
import { aheadOf } from "./told-at.ts";

/** A worker that asks for a session, with its auth key and account as far as they are known. */
export interface Wanted {
  readonly host: HostId;
  readonly worker: WorkerId;
  /** Null = the key is new, so that no other worker can have it. */
  readonly fingerprint: string | null;
  /** Decimal; null before the first connection. */
  readonly userId: string | null;
}

/** Another worker of the fleet that has the session. */
export interface OtherOwner {
  readonly host: string;
  readonly worker: string;
  readonly what: "name" | "key" | "account";
}

const ANSWER_MS = 3000;

/**
 * The resources that a worker must own while it is connected to Telegram. The name protects its
 * queue; the key protects its session, also a copy under another name; the account belongs to one
 * worker in the whole fleet, whatever its key (promise S0-19).
 */
export function leaseResources({ worker, fingerprint, userId }: Omit<Wanted, "host">): string[] {
  const key = fingerprint === null ? [] : [`key.${fingerprint}`];
  return [`name.${worker}`, ...key, ...(userId === null ? [] : [`account.${userId}`])];
}

/**
 * Finds another worker of the fleet with this name, key or account. Leases show the current users,
 * the status board also workers that were stopped. Null = none. Throws AppError `redis-away`.
 */
export async function findOtherOwner(
  place: QueuePlace,
  wanted: Wanted,
): Promise<OtherOwner | null> {
  const resources = leaseResources(wanted);
  const before = leasesOf01(place, resources);
  const keys = [...resources.map((each) => leaseKey(place.prefix, each)), ...before.leases];
  const [leases, rows, ahead] = await askOnce(place.redis, ANSWER_MS, (redis) =>
    Promise.all([
      redis.mget(keys),
      redis.hgetall(statusKey(place.prefix)),
      aheadOf(redis, systemClock),
    ]),
  );
  const statuses = readStatuses(place.wire, rows, ahead);
  return (
    leased(leases, [...resources, ...before.resources], wanted) ??
    onBoard(statuses, wanted, systemClock.now())
  );
}

function leased(
  leases: readonly (string | null)[],
  resources: readonly string[],
  { host, worker }: Wanted,
): OtherOwner | null {
  for (const [index, text] of leases.entries()) {
    if (text === null) continue;
    const record = LeaseRecord.parse(JSON.parse(text));
    if (record.host === host && record.worker === worker) continue;
    const what = (resources[index] ?? "").split(".")[0];
    return {
      host: record.host,
      worker: record.worker,
      what: what === "key" || what === "account" ? what : "name",
    };
  }
  return null;
}

function onBoard(
  statuses: readonly WorkerStatus[],
  { host, worker, userId }: Wanted,
  now: number,
): OtherOwner | null {
  for (const status of statuses) {
    if (now - status.updatedAt > STATUS_STALE_MS) continue;
    const mine = status.worker === worker;
    if (mine && status.host !== host) return { host: status.host, worker, what: "name" };
    const same = userId !== null && status.link?.account?.userId === userId;
    if (!mine && same) return { host: status.host, worker: status.worker, what: "account" };
  }
  return null;
}

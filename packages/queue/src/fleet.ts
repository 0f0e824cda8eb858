import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { fleetKeyIdKey, fleetPrefix, fleetRecordKey, PREFIX_OF_0_1 } from "@flotilla/contracts";
import {
  AppError,
  Deadline,
  fleetKeyId,
  type RedisAddress,
  sleep,
  toError,
} from "@flotilla/kernel";
import { z } from "zod";
import { askOnce, keysLike, type RedisClient } from "./connection.ts";
import { takeFencesAlong } from "./fences-of-0-1.ts";
import type { QueuePlace } from "./place.ts";
import { unsignedGate } from "./unsigned-gate.ts";
import { Wire } from "./wire.ts";

/**
 * Identity of a fleet on a shared Redis. The bot makes it once; a new FLEET_KEY does not change it.
 */
export interface Fleet {
  readonly id: string;
  /** The id of its FLEET_KEY. */
  readonly keyId: string;
  /** True = it comes from version 0.1, in which all fleets shared their keys in Redis. */
  readonly from01: boolean;
}

const FleetId = z.string().regex(/^[0-9a-f]{16}$/);
const FleetRecord = z.object({ fleet: FleetId, from01: z.boolean() });

/** Parses a stored Fleet; null when it is not one. */
export function parseFleet(kept: unknown): Fleet | null {
  return (
    z.object({ id: FleetId, keyId: FleetId, from01: z.boolean() }).safeParse(kept).data ?? null
  );
}

const ANSWER_MS = 5000;
const LOOK_EVERY_MS = 250;

/** Redis, identity and key of a fleet. */
export interface PlaceOptions {
  readonly redis: RedisAddress;
  readonly fleet: Pick<Fleet, "id" | "from01">;
  readonly fleetKey: Buffer;
  /** For a process that consumes queues: its folder for small files. */
  readonly dataDir?: string;
}

/** Makes the place of this fleet's queues. */
export function fleetPlace({ redis, fleet, fleetKey, dataDir }: PlaceOptions): QueuePlace {
  const prefix = fleetPrefix(fleet.id);
  const place = { redis, prefix, wire: new Wire(fleetKey, prefix) };
  // Version 0.1 knew no cluster, whose shards its keys would lie apart on.
  const isCluster = typeof redis !== "string" && redis.kind === "cluster";
  if (!fleet.from01 || dataDir === undefined || isCluster) return place;
  return {
    ...place,
    before: { prefix: PREFIX_OF_0_1, gate: unsignedGate(join(dataDir, "signed")) },
  };
}

/** Knowledge of the bot at its start. */
export interface ClaimOptions {
  readonly redis: RedisAddress;
  readonly fleetKey: Buffer;
  /** The fleet in `control.db`, or null. */
  readonly known: Fleet | null;
  /** True = `control.db` was used by version 0.1, before fleets had an id. */
  readonly from01: boolean;
  /** Ids of the keys that `flotilla rekey` replaced, the latest of them by this key. */
  readonly rekeyedFrom: readonly string[];
}

/**
 * The bot's side: finds the fleet of this FLEET_KEY in Redis, or makes it, and (re)writes its
 * records for the other processes. The caller stores the result in `control.db`. Throws AppError
 * `wrong-fleet-key` (the fleet has another key), `fleet-conflict` (Redis has another fleet with
 * this key), `redis-away`.
 */
export async function claimFleet({
  redis: address,
  fleetKey,
  known,
  from01,
  rekeyedFrom,
}: ClaimOptions): Promise<Fleet> {
  const keyId = fleetKeyId(fleetKey);
  if (known && known.keyId !== keyId && !rekeyedFrom.includes(known.keyId))
    throw wrongKey(keyId, known.keyId);
  return await askOnce(address, ANSWER_MS, async (redis) => {
    const there = await read(redis, fleetKey);
    if (known && there && there.id !== known.id) throw conflict(known.id, there.id);
    const fleet = known
      ? { ...known, keyId }
      : (there ?? { id: randomBytes(8).toString("hex"), keyId, from01 });
    // Before any process can find the fleet: no worker may get a fencing token that was granted
    // before.
    if (fleet.from01) await takeFencesAlong(redis, fleetPrefix(fleet.id));
    await redis.set(fleetKeyIdKey(fleetPrefix(fleet.id)), keyId);
    if (there) return fleet;
    await redis.set(fleetRecordKey(keyId), recordOf(fleet, fleetKey));
    if (known && known.keyId !== keyId) await redis.del(fleetRecordKey(known.keyId));
    return fleet;
  });
}

/** Knowledge of any other process at its start. */
export interface FindOptions {
  readonly redis: RedisAddress;
  readonly fleetKey: Buffer;
  /** The fleet that this host has stored, or null. */
  readonly known: Fleet | null;
  /** Milliseconds to wait for the bot, which makes the fleet at its first start. */
  readonly waitMs: number;
  readonly signal?: AbortSignal;
}

/**
 * For every process but the bot: finds the fleet of this FLEET_KEY. Needs no Redis on a host that
 * has stored it. Throws AppError `no-fleet`, `wrong-fleet-key`, `redis-away`.
 */
export async function findFleet({
  redis: address,
  fleetKey,
  known,
  waitMs,
  signal,
}: FindOptions): Promise<Fleet> {
  const keyId = fleetKeyId(fleetKey);
  const deadline = new Deadline(waitMs);
  for (;;) {
    const found = await askOnce(address, ANSWER_MS, (redis) => look(redis, fleetKey, known)).catch(
      (error: unknown) => {
        if (known && error instanceof AppError && error.code === "redis-away")
          return { ...known, keyId };
        throw toError(error);
      },
    );
    if (found) return found;
    if (deadline.isOver) throw await missing(address, keyId);
    await sleep(LOOK_EVERY_MS, signal);
  }
}

async function look(
  redis: RedisClient,
  fleetKey: Buffer,
  known: Fleet | null,
): Promise<Fleet | null> {
  const there = await read(redis, fleetKey);
  if (there || !known) return there;
  const keyId = fleetKeyId(fleetKey);
  const used = await redis.get(fleetKeyIdKey(fleetPrefix(known.id)));
  // A Redis that came back empty has no key id; the bot rewrites the fleet's records.
  if (used !== null && used !== keyId) throw wrongKey(keyId, used);
  return { ...known, keyId };
}

/**
 * Checks that the fleet is in Redis and rewrites it when it is missing: Redis may come back empty
 * while the bot runs.
 */
export async function keepFleetThere(
  address: RedisAddress,
  fleet: Fleet,
  fleetKey: Buffer,
): Promise<void> {
  await askOnce(address, ANSWER_MS, async (redis) => {
    if (await read(redis, fleetKey)) return;
    await redis.set(fleetKeyIdKey(fleetPrefix(fleet.id)), fleet.keyId);
    await redis.set(fleetRecordKey(fleet.keyId), recordOf(fleet, fleetKey));
  });
}

/**
 * Ignores a record without this key's signature: any program with access to Redis can write one.
 */
async function read(redis: RedisClient, fleetKey: Buffer): Promise<Fleet | null> {
  const keyId = fleetKeyId(fleetKey);
  const text = await redis.get(fleetRecordKey(keyId));
  if (text === null) return null;
  const record = FleetRecord.safeParse(records(fleetKey).openRow(TABLE, keyId, text)).data;
  return record ? { id: record.fleet, keyId, from01: record.from01 } : null;
}

function recordOf({ id, from01 }: Fleet, fleetKey: Buffer): string {
  return records(fleetKey).signRow(TABLE, fleetKeyId(fleetKey), { fleet: id, from01 });
}

/** Signs the record before the fleet's id is known. */
const records = (fleetKey: Buffer): Wire => new Wire(fleetKey, TABLE);
const TABLE = "fleet";

/** Most other fleets that an error names. */
const NAMED = 5;

async function missing(address: RedisAddress, keyId: string): Promise<AppError> {
  const others = await askOnce(address, ANSWER_MS, async (redis) => {
    const found = new Set<string>();
    for await (const key of keysLike(redis, fleetRecordKey("*")))
      found.add(key.slice(fleetRecordKey("").length));
    return [...found].toSorted();
  });
  if (others.length > 0) return wrongKey(keyId, others.slice(0, NAMED).join(", "));
  return new AppError(
    "no-fleet",
    "No fleet was ever started on this Redis with this FLEET_KEY. Start its bot first.",
  );
}

function wrongKey(mine: string, theirs: string): AppError {
  return new AppError(
    "wrong-fleet-key",
    `This FLEET_KEY (id ${mine}) is not the one that the fleet works with (id ${theirs}). Use ` +
      "the key of the bot's host; if it was to be changed, run: flotilla rekey",
    { details: { mine, theirs } },
  );
}

function conflict(mine: string, theirs: string): AppError {
  return new AppError(
    "fleet-conflict",
    `This Redis already has another fleet with this FLEET_KEY (${theirs}; this data folder is ` +
      `of ${mine}). Two fleets need two keys: set another FLEET_KEY, or another REDIS_URL.`,
    { details: { mine, theirs } },
  );
}

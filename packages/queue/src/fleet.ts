import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { fleetKeyIdKey, fleetPrefix, fleetRecordKey, PREFIX_OF_0_1 } from "@flotilla/contracts";
import { AppError, fleetKeyId, sleep, toError } from "@flotilla/kernel";
import type { Redis } from "ioredis";
import { z } from "zod";
import { askOnce } from "./connection.ts";
import { takeFencesAlong } from "./fences-of-0-1.ts";
import type { QueuePlace } from "./place.ts";
import { doorIn } from "./unsigned-door.ts";
import { Wire } from "./wire.ts";

/** Tells one fleet from another on the same Redis. Made once, by the bot; a new FLEET_KEY does not change it. */
export interface Fleet {
  readonly id: string;
  /** The id of the FLEET_KEY that it works with. */
  readonly keyId: string;
  /** It comes from version 0.1, where every fleet had the same keys in Redis. */
  readonly from01: boolean;
}

const FleetId = z.string().regex(/^[0-9a-f]{16}$/);
const FleetRecord = z.object({ fleet: FleetId, from01: z.boolean() });

/** A Fleet as it is kept on a disk; null when it is none. */
export function parseFleet(kept: unknown): Fleet | null {
  return z.object({ id: FleetId, keyId: FleetId, from01: z.boolean() }).safeParse(kept).data ?? null;
}

const ANSWER_MS = 5000;
const LOOK_EVERY_MS = 250;

/** Where a fleet is. */
export interface PlaceOptions {
  readonly url: string;
  readonly fleet: Pick<Fleet, "id" | "from01">;
  readonly fleetKey: Buffer;
  /** For a process that consumes queues: where it may keep small files of its own. */
  readonly dataDir?: string;
}

/** Where the queues of this fleet are. */
export function fleetPlace({ url, fleet, fleetKey, dataDir }: PlaceOptions): QueuePlace {
  const prefix = fleetPrefix(fleet.id);
  const place = { url, prefix, wire: new Wire(fleetKey, prefix) };
  if (!fleet.from01 || dataDir === undefined) return place;
  return { ...place, before: { prefix: PREFIX_OF_0_1, door: doorIn(join(dataDir, "signed")) } };
}

/** What the bot knows when it starts. */
export interface ClaimOptions {
  readonly url: string;
  readonly fleetKey: Buffer;
  /** As `control.db` has it; null when it has none yet. */
  readonly known: Fleet | null;
  /** `control.db` was in use before it had a fleet: by version 0.1. */
  readonly from01: boolean;
  /** The ids of the keys that `flotilla rekey` replaced, the last time by this one. */
  readonly rekeyedFrom: readonly string[];
}

/**
 * The bot's side: finds the fleet of this FLEET_KEY in Redis, or makes it, and puts it (back) there for the other processes. The caller keeps
 * it in `control.db`. Throws AppError `wrong-fleet-key` (the fleet has another one), `fleet-conflict` (Redis has another fleet with this
 * key), `redis-away`.
 */
export async function claimFleet({ url, fleetKey, known, from01, rekeyedFrom }: ClaimOptions): Promise<Fleet> {
  const keyId = fleetKeyId(fleetKey);
  if (known && known.keyId !== keyId && !rekeyedFrom.includes(known.keyId)) throw wrongKey(keyId, known.keyId);
  return await askOnce(url, ANSWER_MS, async (redis) => {
    const there = await read(redis, fleetKey);
    if (known && there && there.id !== known.id) throw conflict(known.id, there.id);
    const fleet = known ? { ...known, keyId } : (there ?? { id: randomBytes(8).toString("hex"), keyId, from01 });
    // Before anybody can learn of the fleet: a worker must not be given a number that was given out already.
    if (fleet.from01) await takeFencesAlong(redis, fleetPrefix(fleet.id));
    await redis.set(fleetKeyIdKey(fleetPrefix(fleet.id)), keyId);
    if (there) return fleet;
    await redis.set(fleetRecordKey(keyId), recordOf(fleet, fleetKey));
    if (known && known.keyId !== keyId) await redis.del(fleetRecordKey(known.keyId));
    return fleet;
  });
}

/** What another process knows when it starts. */
export interface FindOptions {
  readonly url: string;
  readonly fleetKey: Buffer;
  /** As this host has kept it; null when it has not. */
  readonly known: Fleet | null;
  /** So long the bot is waited for, which makes the fleet at its first start. */
  readonly waitMs: number;
  readonly signal?: AbortSignal;
}

/**
 * For every process but the bot: finds the fleet of this FLEET_KEY. A host that has kept it needs no Redis. Throws AppError `no-fleet`,
 * `wrong-fleet-key`, `redis-away`.
 */
export async function findFleet({ url, fleetKey, known, waitMs, signal }: FindOptions): Promise<Fleet> {
  const keyId = fleetKeyId(fleetKey);
  const until = performance.now() + waitMs;
  for (;;) {
    const found = await askOnce(url, ANSWER_MS, (redis) => look(redis, fleetKey, known)).catch((error: unknown) => {
      if (known && error instanceof AppError && error.code === "redis-away") return { ...known, keyId };
      throw toError(error);
    });
    if (found) return found;
    if (performance.now() >= until) throw await missing(url, keyId);
    await sleep(LOOK_EVERY_MS, signal);
  }
}

async function look(redis: Redis, fleetKey: Buffer, known: Fleet | null): Promise<Fleet | null> {
  const there = await read(redis, fleetKey);
  if (there || !known) return there;
  const keyId = fleetKeyId(fleetKey);
  const used = await redis.get(fleetKeyIdKey(fleetPrefix(known.id)));
  // A Redis that came back empty says nothing about keys; the bot puts the fleet back.
  if (used !== null && used !== keyId) throw wrongKey(keyId, used);
  return { ...known, keyId };
}

/** Whether the fleet is (still) in Redis, and puts it back when it is not: a Redis may come back empty while the bot runs. */
export async function keepFleetThere(url: string, fleet: Fleet, fleetKey: Buffer): Promise<void> {
  await askOnce(url, ANSWER_MS, async (redis) => {
    if (await read(redis, fleetKey)) return;
    await redis.set(fleetKeyIdKey(fleetPrefix(fleet.id)), fleet.keyId);
    await redis.set(fleetRecordKey(fleet.keyId), recordOf(fleet, fleetKey));
  });
}

/** A record without this key's signature is ignored: any program with access to Redis may write one. */
async function read(redis: Redis, fleetKey: Buffer): Promise<Fleet | null> {
  const keyId = fleetKeyId(fleetKey);
  const text = await redis.get(fleetRecordKey(keyId));
  if (text === null) return null;
  const record = FleetRecord.safeParse(records(fleetKey).openRow(TABLE, keyId, text)).data;
  return record ? { id: record.fleet, keyId, from01: record.from01 } : null;
}

function recordOf({ id, from01 }: Fleet, fleetKey: Buffer): string {
  return records(fleetKey).signRow(TABLE, fleetKeyId(fleetKey), { fleet: id, from01 });
}

/** Signs before it is known which fleet it is. */
const records = (fleetKey: Buffer): Wire => new Wire(fleetKey, TABLE);
const TABLE = "fleet";

/** How many other fleets are named. */
const NAMED = 5;

async function missing(url: string, keyId: string): Promise<AppError> {
  const others = await askOnce(url, ANSWER_MS, async (redis) => {
    const found = new Set<string>();
    for await (const keys of redis.scanStream({ match: fleetRecordKey("*"), count: 1000 }))
      for (const key of keys as string[]) found.add(key.slice(fleetRecordKey("").length));
    return [...found].toSorted();
  });
  if (others.length > 0) return wrongKey(keyId, others.slice(0, NAMED).join(", "));
  return new AppError("no-fleet", "No fleet was ever started on this Redis with this FLEET_KEY. Start its bot first.");
}

function wrongKey(mine: string, theirs: string): AppError {
  return new AppError(
    "wrong-fleet-key",
    `This FLEET_KEY (id ${mine}) is not the one that the fleet works with (id ${theirs}). Use the key of the bot's host; if it was to be changed, run: flotilla rekey`,
    { details: { mine, theirs } },
  );
}

function conflict(mine: string, theirs: string): AppError {
  return new AppError(
    "fleet-conflict",
    `This Redis already has another fleet with this FLEET_KEY (${theirs}; this data folder is of ${mine}). Two fleets need two keys: set another FLEET_KEY, or another REDIS_URL.`,
    { details: { mine, theirs } },
  );
}

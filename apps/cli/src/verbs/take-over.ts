import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { restoreOne } from "@flotilla/archive";
import {
  AppError,
  fleetKeyId,
  type HostId,
  makeFolder,
  parseWorkerId,
  withTimeout,
} from "@flotilla/kernel";
import { lockIdentity } from "@flotilla/os";
import {
  BOT_LEASE_TIMINGS,
  BotBoard,
  type BotCopy,
  botPlace,
  botResource,
  findBotCopy,
  type LastBot,
  Lease,
  type QueuePlace,
  readBotCopy,
  readBotNote,
  writeBotNote,
} from "@flotilla/queue";
import { lockForMachine, type MachineLock } from "@flotilla/sqlite";
import type { Place } from "../place/place.ts";
import { type Answer, assertCanAsk, type Call, confirmed, WrongUsage } from "./verb.ts";

/** Milliseconds for the lease: a Redis that was started again grants none for its TTL. */
const LEASE_MS = 60_000;

/**
 * Makes the data folder of this place the one of the fleet's bot. Throws AppError `bot-active`,
 * `bot-no-copy`, `bot-waits`, `no-fleet-key`, `not-confirmed`, and as `restoreOne`; nothing was changed then.
 */
export async function takeOver(call: Call): Promise<Answer> {
  const { place } = call;
  const isOwn = call.flags["own"] === true;
  const token = place.env.BOT_TOKEN ?? "";
  if (place.redis === null)
    throw new WrongUsage("REDIS_URL is not set: it names the Redis of the fleet.");
  if (token === "") throw new WrongUsage("BOT_TOKEN is not set: it is that of the former bot.");
  if (place.fleetKeyFrom === null) throw noKey(place);
  const fleetKey = place.fleetKey();
  const wires = botPlace({ redis: place.redis.reveal(), fleetKey });
  makeFolder(place.dataDir, 0o700);
  using lock = lockFolder(place.dataDir);
  const board = new BotBoard(wires, token, () => {});
  try {
    await assertFree(board);
    const last = await board.last();
    const copy = isOwn ? null : await findBotCopy(wires);
    if (!isOwn && copy === null) throw noCopy(fleetKey);
    if (isOwn && !existsSync(join(place.dataDir, "control.db")))
      throw new WrongUsage(`There is no control.db in ${place.dataDir}.`);
    assertCanAsk(call);
    if (!(await confirmed(call, question(place, copy, last))))
      throw new AppError("not-confirmed", "Nothing was changed.");
    const parts = { place, wires, board, token, fleetKey, lock };
    const replaced = await carryOut(parts, copy);
    return answer(place, copy, replaced);
  } finally {
    board.close();
  }
}

interface Parts {
  readonly place: Place;
  readonly wires: QueuePlace;
  readonly board: BotBoard;
  readonly token: string;
  readonly fleetKey: Buffer;
  readonly lock: MachineLock;
}

/** Under the lease, so that no bot starts meanwhile. Resolves with where the former file is. */
async function carryOut(parts: Parts, copy: BotCopy | null): Promise<string | null> {
  const { place, board } = parts;
  const { lease, fence } = await takeLease(parts);
  try {
    const replaced = copy === null ? null : await putIn(parts, copy);
    const last = { fence, host: place.hostId, since: place.clock.now() };
    if (!lease.mayAct() || !(await board.keepLast(last))) throw overtaken();
    writeBotNote(place.dataDir, { fence, seen: 0 });
    return replaced;
  } finally {
    await lease.close();
  }
}

async function putIn({ place, wires, fleetKey }: Parts, copy: BotCopy): Promise<string | null> {
  const { dataDir, clock } = place;
  const path = join(dataDir, "taking-over.archive");
  try {
    writeFileSync(path, await readBotCopy(wires, copy), { mode: 0o600, flush: true });
    const one = { path, dataDir, fleetKey, name: "control.db", clock, isRunning: true } as const;
    return (await restoreOne(one)).replaced;
  } finally {
    rmSync(path, { force: true });
  }
}

async function takeLease({ place, wires, token, lock }: Parts) {
  const first = Promise.withResolvers<number>();
  const refuse = (message: string): void => first.reject(new AppError("bot-active", message));
  const lease = new Lease({
    place: wires,
    mode: place.env.HOSTS === "several" ? "several" : "one",
    host: place.hostId,
    worker: parseWorkerId("bot"),
    owner: lockIdentity(lock.path),
    resources: () => [botResource(token)],
    knownFence: () => readBotNote(place.dataDir)?.fence ?? 0,
    on: {
      granted: (fence) => (fence === null ? first.reject(noLease()) : first.resolve(fence)),
      suspended: () => {},
      taken: ({ message }) => refuse(message),
    },
    onError: () => {},
    clock: place.clock,
    timings: BOT_LEASE_TIMINGS,
  });
  try {
    return { lease, fence: await withTimeout(first.promise, LEASE_MS, noLease) };
  } catch (error) {
    await lease.close();
    throw error;
  }
}

function lockFolder(dataDir: string): MachineLock {
  try {
    return lockForMachine(join(dataDir, "bot.lock"));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "sqlite-locked") throw error;
    const text =
      `A bot runs, or waits as a standby, with the data folder ${dataDir}. Stop it first. ` +
      "Nothing was changed.";
    throw new AppError("bot-waits", text, { details: { dataDir } });
  }
}

async function assertFree(board: BotBoard): Promise<void> {
  const active = await board.active();
  if (active === null) return;
  const text =
    `${active.host} is the active bot, since ${new Date(active.since).toISOString()}, and holds its ` +
    "lease. Stop it first; after a crash its lease ends within 10 seconds. Nothing was changed.";
  throw new AppError("bot-active", text, { details: { host: active.host } });
}

function noCopy(fleetKey: Buffer): AppError {
  const keyId = fleetKeyId(fleetKey);
  const text =
    `Redis has no copy of control.db for the FLEET_KEY of id ${keyId} that is set here. Is it the key of the ` +
    "former bot, and the same Redis? Else put control.db back from an archive (flotilla restore), " +
    "then: flotilla bot --take-over --own. Nothing was changed.";
  return new AppError("bot-no-copy", text, { details: { keyId } });
}

function noKey({ dataDir }: Place): AppError {
  const text =
    `There is no fleet key here. Set FLEET_KEY in .env to that of the former bot's host, or put its ` +
    `fleet.key (chmod 600) into ${dataDir}. Nothing was changed.`;
  return new AppError("no-fleet-key", text);
}

const noLease = (): AppError =>
  new AppError("redis-away", "Redis granted no lease within a minute. Nothing was changed.");

const overtaken = (): AppError =>
  new AppError("bot-active", "Another bot of the fleet became active meanwhile. Try again.");

function question({ dataDir, clock }: Place, copy: BotCopy | null, last: LastBot | null): string {
  const former = last
    ? `The last bot ran on ${last.host}, since ${minuteOf(last.since)} UTC. `
    : "No bot of this fleet is known. ";
  const becomes = "When it comes back, it waits as a standby, and its control.db counts no more.";
  if (copy === null)
    return `${former}${becomes} The control.db that is in ${dataDir} becomes the one of the fleet. Continue?`;
  const ageMin = Math.max(Math.round((clock.now() - copy.at) / 60_000), 0);
  return (
    `${former}${becomes} The copy is of ${copy.host}, made ${minuteOf(copy.at)} UTC (${ageMin} min ago). What ` +
    `admins changed after that is lost: routes, settings, alerts, the audit. It goes into ${dataDir}. Continue?`
  );
}

function answer({ dataDir, hostId }: Place, copy: BotCopy | null, replaced: string | null): Answer {
  const kept = replaced === null ? "" : ` What was there is now ${replaced}.`;
  const what = copy
    ? `Put the control.db of ${copy.host} (${minuteOf(copy.at)} UTC) into ${dataDir}.${kept}`
    : `The control.db in ${dataDir} is the one of the fleet.`;
  const text = `${what}\nNow start the bot here: npm start, or the bot alone: npm run flotilla -- bot\n`;
  const data: { host: HostId; copy: BotCopy | null; replaced: string | null } = {
    ...{ host: hostId, copy, replaced },
  };
  return { exitCode: 0, text, data };
}

function minuteOf(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace("T", " ");
}

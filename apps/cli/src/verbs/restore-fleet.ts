import { existsSync } from "node:fs";
import { resolve } from "node:path";
import {
  assertRestorable,
  keyIdOf,
  type Manifest,
  newerArchive,
  peekArchive,
  restoreArchive,
  restoreOne,
  workersIn,
} from "@flotilla/archive";
import { AppError, systemClock } from "@flotilla/kernel";
import { writeBotNote } from "@flotilla/queue";
import { SESSION_SCHEMA } from "@flotilla/session-store";
import { isNewer, ownVersion } from "../fleet-archive/own-version.ts";
import { assertUnused } from "../fleet-archive/users.ts";
import { findPlace, type Place } from "../place/place.ts";
import { contentOf, noArchive } from "./backup-fleet.ts";
import { type Answer, assertCanAsk, type Call, confirmed, WrongUsage } from "./verb.ts";

/**
 * Puts an archive into an empty data folder, after every question that protects its sessions was
 * asked. Throws AppError with the remedy; nothing was changed then.
 */
export async function restoreFleet(call: Call, file: string): Promise<Answer> {
  const path = resolve(call.place.cwd, file);
  if (!existsSync(path)) throw noArchive(path);
  const place = placeOf(call);
  const fleetKey = await keyOf(place, path);
  const manifest = await peekArchive(path, fleetKey);
  assertKnown(path, manifest, ownVersion(place.root));
  assertSameHost(path, manifest, place);
  assertRestorable(place.dataDir, manifest);
  const isLost = call.flags["lost-redis"] === true;
  const asked = isLost ? "no-redis" : await assertUnused(place, manifest, fleetKey);
  assertCanAsk(call);
  if (!(await confirmed(call, question(manifest, place, asked))))
    throw new AppError("not-confirmed", "Nothing was changed.");
  await restoreArchive({ path, dataDir: place.dataDir, fleetKey });
  // Its owner says that the old machine is off: its bot may take the fleet.
  writeBotNote(place.dataDir, { fence: null, seen: 0 });
  return answer(manifest, place, asked);
}

/**
 * Puts one database of an archive back into a data folder that has the rest, such as one whose
 * control.db is damaged. Throws AppError with the remedy; nothing was changed then.
 */
export async function restoreDatabase(call: Call, file: string, name: string): Promise<Answer> {
  const path = resolve(call.place.cwd, file);
  if (!existsSync(path)) throw noArchive(path);
  if (name !== "control.db" && name !== "host.db") throw unknownDatabase(name);
  const place = placeOf(call);
  const fleetKey = await keyOf(place, path);
  const manifest = await peekArchive(path, fleetKey);
  assertKnown(path, manifest, ownVersion(place.root));
  assertSameHost(path, manifest, place);
  assertCanAsk(call);
  if (!(await confirmed(call, questionOf(manifest, place, name))))
    throw new AppError("not-confirmed", "Nothing was changed.");
  const { dataDir } = place;
  const { replaced } = await restoreOne({ path, dataDir, fleetKey, name, clock: systemClock });
  const kept = replaced === null ? "" : ` What was there is now ${replaced}.`;
  const text = `Restored ${name} in ${dataDir}.${kept}\nNow start it: npm start\n`;
  const { id, at, host } = manifest;
  return { exitCode: 0, text, data: { archive: id, at, host, database: name, replaced } };
}

function unknownDatabase(name: string): WrongUsage {
  const text =
    `--only takes control.db or host.db, not "${name}". The session of a worker is restored from ` +
    "its own copies: flotilla restore <worker>. Nothing was changed.";
  return new WrongUsage(text);
}

const LOST = {
  "control.db": "Admins, routes, settings, alerts and the audit of after that time are lost.",
  "host.db": "Past exits and own rules of after that time are lost; workers are found again.",
} as const;

function questionOf(manifest: Manifest, { dataDir }: Place, name: keyof typeof LOST): string {
  return `This puts the ${name} of ${minuteOf(manifest.at)} UTC into ${dataDir}. ${LOST[name]} Continue?`;
}

function minuteOf(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace("T", " ");
}

function placeOf({ place, flags }: Call): Place {
  const folder = flags["data-dir"];
  if (typeof folder !== "string") return place;
  return findPlace(place.cwd, resolve(place.cwd, folder));
}

/** A new key would open nothing, so none is made here. */
async function keyOf(place: Place, path: string): Promise<Buffer> {
  if (place.fleetKeyFrom !== null) return place.fleetKey();
  const wanted = await keyIdOf(path);
  const text =
    `This archive opens with the FLEET_KEY of id ${wanted} only, and there is no key here. Set ` +
    `FLEET_KEY in .env, or put fleet.key (chmod 600) into ${place.dataDir}. Nothing was changed.`;
  throw new AppError("no-fleet-key", text, { details: { wanted } });
}

/** @NOTE the databases themselves refuse a newer schema as well, when they are opened. */
function assertKnown(path: string, { program, files }: Manifest, own: string): void {
  if (isNewer(program, own)) throw newerArchive(path, `it is ${program}, this one is ${own}`);
  const newer = files.find(
    ({ kind, schema }) => (kind === "session" || kind === "copy") && (schema ?? 0) > SESSION_SCHEMA,
  );
  if (newer)
    throw newerArchive(
      path,
      `${newer.name} in it has the schema ${newer.schema}, this program knows ${SESSION_SCHEMA}`,
    );
}

function assertSameHost(path: string, { host }: Manifest, { hostId }: Place): void {
  if (host === hostId) return;
  const text =
    `The archive ${path} is of the host "${host}", and this machine is "${hostId}". The workers ` +
    `are entered under that name: set HOST_ID=${host} in .env, then try again. Nothing was changed.`;
  throw new AppError("archive-other-host", text, { details: { host, hostId } });
}

const WARNING =
  "The old machine must be off for good: Telegram ends a session that two machines use.";

function question(manifest: Manifest, { dataDir }: Place, asked: "asked" | "no-redis"): string {
  const unasked =
    asked === "asked" ? "" : " There is no Redis to ask who has the sessions: you have to know.";
  return (
    `This puts the archive of ${minuteOf(manifest.at)} UTC (${contentOf(manifest)}) into ${dataDir}. ` +
    `${WARNING}${unasked} Is it off?`
  );
}

function answer(manifest: Manifest, { dataDir }: Place, asked: "asked" | "no-redis"): Answer {
  const workers = workersIn(manifest);
  const text =
    `Restored ${contentOf(manifest)} into ${dataDir}.\n${WARNING}\n` +
    "Logins and settings made after the archive are not in it. Messages that were relayed after " +
    "it are not sent twice.\nNow start it: npm start\n";
  const { id, at, host } = manifest;
  return { exitCode: 0, text, data: { archive: id, at, host, workers, redis: asked } };
}

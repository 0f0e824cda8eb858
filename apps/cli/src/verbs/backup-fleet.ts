import { accessSync, constants, existsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import {
  type BackupNote,
  dropOldArchives,
  type MadeArchive,
  type Manifest,
  makeArchive,
  readBackupNote,
  verifyArchive,
  workersIn,
  writeBackupNote,
} from "@flotilla/archive";
import { type BackupConfig, backupOf } from "@flotilla/config";
import { AppError, systemClock, toError } from "@flotilla/kernel";
import { ownVersion } from "../fleet-archive/own-version.ts";
import { sendAway } from "../fleet-archive/send-away.ts";
import type { Place } from "../place/place.ts";
import type { Answer, Call } from "./verb.ts";

type Good = NonNullable<BackupNote["good"]>;

/**
 * Makes an archive of the whole data folder in BACKUP_DIR, runs BACKUP_COMMAND, drops old archives,
 * and notes the result. With `--to`, only makes one in that folder. Throws what `makeArchive` and
 * {@link sendAway} throw.
 */
export async function backupFleet({ place, flags }: Call): Promise<Answer> {
  const fleetKey = keyOf(place);
  const to = flags["to"];
  if (typeof to === "string") {
    const folder = resolve(place.cwd, to);
    return answer(place, await make(place, fleetKey, folder));
  }
  const config = backupOf(place.env, place.root, place.dataDir);
  const at = systemClock.now();
  const before = readBackupNote(place.dataDir)?.good ?? null;
  let good = before;
  try {
    const made = await make(place, fleetKey, config.dir);
    good = goodOf(place, made, config.command === null ? null : false);
    const { path } = made;
    // Old ones are dropped also when the new one was not taken, or they would fill the disk.
    const refusal = await send(place, config, path);
    if (config.command !== null && refusal === null) good = { ...good, isSentAway: true };
    const { hostId: host } = place;
    const options = { host, keep: config.keep, fleetKey, justMade: made };
    const dropped = await dropOldArchives(config.dir, options);
    if (refusal !== null) throw refusal;
    writeBackupNote(place.dataDir, { tried: { at, problem: null }, good });
    return answer(place, made, { good, dropped, config });
  } catch (error) {
    note(place.dataDir, { tried: { at, problem: problemOf(error) }, good });
    throw error;
  }
}

/** Why BACKUP_COMMAND did not take the archive; null = it did, or there is none. */
async function send(
  { env }: Place,
  { command }: BackupConfig,
  path: string,
): Promise<Error | null> {
  if (command === null) return null;
  return await sendAway({ command: command.reveal(), path, env }).then(() => null, toError);
}

/** Reads an archive to its end and has SQLite look through each database in it. */
export async function checkArchive({ place }: Call, file: string): Promise<Answer> {
  const path = resolve(place.cwd, file);
  if (!existsSync(path)) throw noArchive(path);
  const scratch = join(scratchPlace(dirname(path), place), `.flotilla-check-${process.pid}`);
  const manifest = await verifyArchive({ path, fleetKey: keyOf(place), scratch });
  const when = new Date(manifest.at).toISOString().slice(0, 19).replace("T", " ");
  const text =
    `✓ ${path} is whole: made on ${manifest.host} at ${when} UTC by version ${manifest.program}.\n` +
    `In it: ${contentOf(manifest)}.\n${damageOf(manifest)}`;
  return { exitCode: 0, text, data: { archive: factsOf(path, manifest) } };
}

/**
 * A folder that takes one file of the archive for a moment: beside it, because the data folder may
 * be full or missing; elsewhere when the archive lies on a medium that cannot be written.
 */
function scratchPlace(beside: string, { dataDir }: Place): string {
  return [beside, dataDir, tmpdir()].find(isWritable) ?? beside;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** AppError for an archive that is not there. */
export function noArchive(path: string): AppError {
  return new AppError("no-such-file", `There is no file ${path}.`, { details: { path } });
}

/** Throws AppError `no-fleet-key`: a new key must not be made for this. */
function keyOf(place: Place): Buffer {
  if (place.fleetKeyFrom !== null) return place.fleetKey();
  const text =
    `There is no fleet key: FLEET_KEY is not set, and ${join(place.dataDir, "fleet.key")} is not ` +
    "there. Without it an archive can be neither made nor opened.";
  throw new AppError("no-fleet-key", text);
}

async function make(place: Place, fleetKey: Buffer, folder: string): Promise<MadeArchive> {
  return await makeArchive({
    dataDir: place.dataDir,
    folder,
    fleetKey,
    host: place.hostId,
    program: ownVersion(place.root),
    clock: systemClock,
  });
}

function goodOf(
  { dataDir }: Place,
  { path, bytes, manifest, tookMs }: MadeArchive,
  isSentAway: boolean | null,
): Good {
  return {
    at: manifest.at,
    path,
    bytes,
    workers: workersIn(manifest).length,
    damaged:
      manifest.leftOut.length + manifest.files.filter(({ problem }) => problem !== null).length,
    tookMs,
    isSameDisk: statSync(dataDir).dev === statSync(path).dev,
    isSentAway,
  };
}

function problemOf(thrown: unknown): BackupNote["tried"]["problem"] {
  const error = toError(thrown);
  const isKnown = error instanceof AppError;
  const code = isKnown ? error.code : ((error as NodeJS.ErrnoException).code ?? "unexpected");
  return { code, message: error.message.slice(0, 500) };
}

/** A disk that does not take the archive may not take the note either. */
function note(dataDir: string, content: BackupNote): void {
  try {
    writeBackupNote(dataDir, content);
  } catch {
    // The error of the backup itself is the one to tell; the supervisor sees that no note came.
  }
}

interface Kept {
  readonly good: Good;
  readonly dropped: readonly string[];
  readonly config: BackupConfig;
}

function answer(place: Place, { path, bytes, manifest, tookMs }: MadeArchive, kept?: Kept): Answer {
  const size = `${(bytes / 1024 / 1024).toFixed(1)} MiB, ${(tookMs / 1000).toFixed(1)} s`;
  const lines = [
    `Backed up this host into ${path} (${size}). It was read back and checked.`,
    `In it: ${contentOf(manifest)}.`,
    `Not in it: FLEET_KEY (id ${manifest.keyId}), without which it cannot be opened: keep that in ` +
      "another place. Nor .env, Redis, logs, media on their way, and ordinary copies of sessions.",
    ...remarks(place, manifest, kept),
  ];
  return {
    exitCode: 0,
    text: `${lines.join("\n")}\n${damageOf(manifest)}`,
    data: {
      archive: { ...factsOf(path, manifest), bytes, tookMs },
      ...(kept ? { dropped: kept.dropped, backup: kept.good } : {}),
    },
  };
}

function remarks({ dataDir }: Place, manifest: Manifest, kept?: Kept): string[] {
  const hasControl = manifest.files.some(({ kind }) => kind === "control");
  const away = hasControl
    ? []
    : [`There is no control.db in ${dataDir}: back it up on the host of the bot.`];
  if (!kept) return away;
  const { good, dropped, config } = kept;
  const sent = good.isSentAway === true ? ["BACKUP_COMMAND took it."] : [];
  const near =
    good.isSameDisk && good.isSentAway !== true
      ? [
          "⚠️ It is on the disk of the fleet itself: a broken disk takes both. Set BACKUP_DIR to " +
            "another disk, or BACKUP_COMMAND.",
        ]
      : [];
  const old =
    dropped.length === 0 ? [] : [`${dropped.length} old removed; ${config.keep} are kept.`];
  return [...away, ...sent, ...near, ...old];
}

/** What an archive holds, for people. */
export function contentOf({ files }: Manifest): string {
  const count = (wanted: string): number => files.filter(({ kind }) => kind === wanted).length;
  const databases = ["control.db", "host.db"].filter((name) =>
    files.some((file) => file.name === name),
  );
  return [
    ...databases,
    `${count("session")} sessions`,
    `${count("copy")} copies of sessions (golden and trash)`,
  ].join(", ");
}

function damageOf({ files, leftOut }: Manifest): string {
  const damaged = files.filter(({ problem }) => problem !== null);
  return [
    ...leftOut.map(({ name, problem }) => `⚠️ ${name} is not in it (${problem})\n`),
    ...damaged.map(
      ({ name, problem }) => `⚠️ ${name} was not sound when it was copied: ${problem}\n`,
    ),
  ].join("");
}

function factsOf(path: string, { fleet, ...manifest }: Manifest) {
  return { path, ...manifest, fleet: fleet?.id ?? null };
}

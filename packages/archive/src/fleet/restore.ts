import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { AppError, makeFolder, syncFolderOf } from "@flotilla/kernel";
import { fileSystemOf, lockFile } from "@flotilla/sqlite";
import { z } from "zod";
import { Manifest } from "../format/manifest.ts";
import { peekArchive, readArchive } from "../format/read.ts";
import { type ArchiveErrorCode, toDiskError } from "../sealed/errors.ts";
import { assertUnpacked, unpackFile } from "./unpacked.ts";

/** Options of {@link restoreArchive}. */
export interface RestoreOptions {
  readonly path: string;
  readonly dataDir: string;
  readonly fleetKey: Buffer;
  /** Called before each change of the disk. For tests that break it there. */
  readonly onStep?: () => void;
}

const STAGING = "restoring";
/** Its presence says that everything is unpacked and checked: the restore can only be finished. */
const COMPLETE = "complete.json";
const Note = z.object({ archive: z.string(), manifest: Manifest });

/**
 * Throws AppError `restore-unfinished`, with the path of its archive, when a restore was cut off
 * after it had begun to put files in their places: nothing may start here until it is finished.
 */
export function assertNoUnfinishedRestore(dataDir: string): void {
  const note = readNote(dataDir);
  if (note !== null) throw unfinished(dataDir, note.archive);
}

/**
 * Throws AppError `restore-not-empty` when the data folder holds a fleet, and `restore-in-use` when
 * Flotilla runs on it. A key file, logs and a Redis of its own are no fleet. A restore of this
 * archive that was cut off may be finished.
 */
export function assertRestorable(dataDir: string, manifest: Manifest): void {
  const note = readNote(dataDir);
  if (note !== null && note.manifest.id !== manifest.id) throw unfinished(dataDir, note.archive);
  if (note === null) assertEmpty(dataDir);
}

/**
 * Puts an archive into an empty data folder, all or nothing: unpacks and checks it beside the
 * places of the files, and renames them then. Killed before that, nothing has happened; killed
 * after it, the same call again finishes it. Throws as {@link assertRestorable} and `readArchive`,
 * and AppError `disk-full`, `data-dir`.
 * @NOTE who uses the sessions of the archive elsewhere is the caller's question.
 */
export async function restoreArchive(options: RestoreOptions): Promise<Manifest> {
  const { path, dataDir, fleetKey, onStep = () => {} } = options;
  const manifest = await peekArchive(path, fleetKey);
  prepareFolder(dataDir);
  using _alone = whileStopped(dataDir);
  assertRestorable(dataDir, manifest);
  if (readNote(dataDir) === null) await unpack(options, manifest, onStep);
  putInPlace(dataDir, manifest, onStep);
  return manifest;
}

/** Makes the data folder if it is absent. Throws AppError `data-dir` when it cannot be written. */
export function prepareFolder(dataDir: string): void {
  try {
    makeFolder(dataDir, 0o700);
    accessSync(dataDir, constants.W_OK);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    const text =
      `The data folder ${dataDir} cannot be written (${code}). Make it writable for this user, or ` +
      "choose another one. Nothing was changed.";
    throw new AppError("data-dir", text, { cause, details: { path: dataDir, code } });
  }
}

async function unpack(
  { path, dataDir, fleetKey }: RestoreOptions,
  manifest: Manifest,
  onStep: () => void,
): Promise<void> {
  const staging = join(dataDir, STAGING);
  try {
    rmSync(staging, { recursive: true, force: true });
    assertSpace(dataDir, manifest);
    onStep();
    mkdirSync(staging, { mode: 0o700 });
    await readArchive(path, fleetKey, {
      manifest: () => {},
      file: async (file, content) =>
        assertUnpacked(path, file, await unpackFile(staging, file, content, onStep)),
    });
    for (const { name } of manifest.files) syncFolderOf(join(staging, name));
    onStep();
    const note: z.infer<typeof Note> = { archive: path, manifest };
    const partial = join(staging, `${COMPLETE}.partial`);
    writeFileSync(partial, JSON.stringify(note), { mode: 0o600, flush: true });
    syncFolderOf(partial);
    syncFolderOf(staging);
    onStep();
    renameSync(partial, join(staging, COMPLETE));
    syncFolderOf(partial);
  } catch (error) {
    if (!existsSync(join(staging, COMPLETE))) rmSync(staging, { recursive: true, force: true });
    throw toDiskError(error, dataDir);
  }
}

/** Each step may be repeated; the note goes last. */
function putInPlace(dataDir: string, { files }: Manifest, onStep: () => void): void {
  const staging = join(dataDir, STAGING);
  for (const { name } of files) {
    const [from, to] = [join(staging, name), join(dataDir, name)];
    if (!existsSync(from)) continue; // An earlier run put it there.
    if (existsSync(to)) throw notEmpty(dataDir, [name]);
    onStep();
    makeFolder(dirname(to), 0o700);
    renameSync(from, to);
  }
  for (const { name } of files) syncFolderOf(join(dataDir, name));
  syncFolderOf(join(dataDir, "sessions"));
  onStep();
  rmSync(join(staging, COMPLETE));
  syncFolderOf(join(staging, COMPLETE));
  rmSync(staging, { recursive: true });
}

function readNote(dataDir: string): z.infer<typeof Note> | null {
  const path = join(dataDir, STAGING, COMPLETE);
  return existsSync(path) ? Note.parse(JSON.parse(readFileSync(path, "utf8"))) : null;
}

/** What makes a folder hold a fleet. */
function assertEmpty(dataDir: string): void {
  const found = [
    ...["control.db", "host.db"].filter((name) => existsSync(join(dataDir, name))),
    ...namesIn(dataDir, "sessions").filter((name) => name.endsWith(".session")),
    ...namesIn(dataDir, "vault"),
  ];
  if (found.length > 0) throw notEmpty(dataDir, found);
}

function namesIn(dataDir: string, folder: string): string[] {
  try {
    return readdirSync(join(dataDir, folder)).map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}

/**
 * Holds a data folder as a start of Flotilla does, until it is disposed. Throws AppError
 * `already-running` when another process holds it, and `restore-unfinished`.
 */
export function holdDataDir(dataDir: string): Disposable {
  const held = lockInstance(dataDir);
  try {
    assertNoUnfinishedRestore(dataDir);
    return held;
  } catch (error) {
    held[Symbol.dispose]();
    throw error;
  }
}

function lockInstance(dataDir: string): Disposable {
  try {
    return lockFile(join(dataDir, "instance.lock"));
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.code !== "sqlite-locked") throw cause;
    const text =
      `Flotilla already runs on ${dataDir}. Stop it there first, or set DATA_DIR to another ` +
      "folder.";
    throw new AppError("already-running", text, { cause });
  }
}

/** None starts while files move. */
export function whileStopped(dataDir: string): Disposable {
  try {
    return lockInstance(dataDir);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "already-running") throw error;
    const text = `Flotilla runs on ${dataDir}. Stop it, or restore into another DATA_DIR.`;
    throw new AppError<ArchiveErrorCode>("restore-in-use", text, { details: { dataDir } });
  }
}

function assertSpace(dataDir: string, { files }: Manifest): void {
  const needed = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (fileSystemOf(dataDir).freeBytes > needed) return;
  throw Object.assign(new Error("no space"), { code: "ENOSPC" });
}

const MOST_NAMES = 5;

function notEmpty(dataDir: string, found: readonly string[]): AppError {
  const more = found.length > MOST_NAMES ? ` and ${found.length - MOST_NAMES} more` : "";
  const text =
    `${dataDir} holds a fleet already (${found.slice(0, MOST_NAMES).join(", ")}${more}), and a ` +
    "restore overwrites nothing. Restore into an empty DATA_DIR, or move these away first.";
  return new AppError<ArchiveErrorCode>("restore-not-empty", text, { details: { dataDir } });
}

function unfinished(dataDir: string, archive: string): AppError {
  const text =
    `A restore into ${dataDir} was cut off. Finish it with the same command again: flotilla ` +
    `restore --archive ${archive}`;
  return new AppError<ArchiveErrorCode>("restore-unfinished", text, {
    details: { dataDir, archive },
  });
}

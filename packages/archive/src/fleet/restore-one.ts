import { rmSync } from "node:fs";
import { type Clock, syncFolderOf } from "@flotilla/kernel";
import type { ArchivedFile, Manifest } from "../format/manifest.ts";
import { peekArchive, readArchive } from "../format/read.ts";
import { damagedArchive, toDiskError } from "../sealed/errors.ts";
import {
  assertUnheld,
  begin,
  begun,
  clearStaging,
  type DatabaseName,
  finish,
  onlyOne,
  type Place,
  type Replaced,
} from "./put-back.ts";
import {
  assertNoUnfinishedRestore,
  prepareFolder,
  type RestoreOptions,
  whileStopped,
} from "./restore.ts";
import { assertUnpacked, unpackFile } from "./unpacked.ts";

/** Options of {@link restoreOne}. */
export interface RestoreOneOptions extends RestoreOptions {
  readonly name: DatabaseName;
  readonly clock: Pick<Clock, "now">;
  /**
   * True = the rest of the fleet runs on this data folder, and the caller is what would open the
   * database. Absent = nothing may run there.
   */
  readonly isRunning?: boolean;
}

/**
 * Puts one database of an archive into a data folder. What was in its place is kept beside it, with
 * its journal: `<name>.replaced-<time>`. Killed at any moment, the same call again or
 * `finishPutBack` finishes it. Throws as `readArchive`, and AppError `restore-in-use`,
 * `sqlite-locked` (a process has the database open), `restore-unfinished`, `archive-damaged`,
 * `data-dir`, `disk-full`.
 */
export async function restoreOne(
  options: RestoreOneOptions,
): Promise<Replaced & { readonly manifest: Manifest }> {
  const { path, dataDir, fleetKey, clock, isRunning = false } = options;
  const manifest = await peekArchive(path, fleetKey);
  prepareFolder(dataDir);
  using _stopped = isRunning ? null : whileStopped(dataDir);
  using _alone = onlyOne(options);
  assertNoUnfinishedRestore(dataDir);
  await assertUnheld(options);
  const former = begun(options);
  const done = former === undefined ? null : finish(options);
  if (done !== null && former === manifest.id) return { manifest, ...done };
  await stage(options, manifest);
  begin(options, manifest.id, clock.now());
  return { manifest, ...finish(options) };
}

async function stage(options: RestoreOneOptions, { files }: Manifest): Promise<void> {
  const { path, dataDir, name } = options;
  const file = files.find((each) => each.name === name);
  if (!file) throw damagedArchive(path, `${name} is not in it`);
  if (file.schema === null)
    throw damagedArchive(path, `the ${name} in it was damaged when it was copied`);
  const staging = clearStaging(options);
  try {
    syncFolderOf(await unpackOne({ ...options, folder: staging }));
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw toDiskError(error, dataDir);
  }
}

interface UnpackOptions extends Pick<RestoreOptions, "path" | "fleetKey" | "onStep"> {
  readonly name: Place["name"];
  /** Existing folder that gets the file. */
  readonly folder: string;
}

/**
 * Reads a whole archive, unpacks one database of it, has SQLite look through it, and returns its
 * path. Throws as `readArchive`.
 */
async function unpackOne(options: UnpackOptions): Promise<string> {
  const { path, fleetKey, name, folder, onStep = () => {} } = options;
  let unpacked: string | null = null;
  await readArchive(path, fleetKey, {
    manifest: () => {},
    file: async (file: ArchivedFile, content) => {
      if (file.name !== name) return await passOver(content);
      unpacked = await unpackFile(folder, file, content, onStep);
      assertUnpacked(path, file, unpacked);
    },
  });
  if (unpacked === null) throw damagedArchive(path, `${name} is not in it`);
  return unpacked;
}

async function passOver(content: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of content);
}

/** Options of {@link lookInto}. */
export interface LookOptions extends Omit<UnpackOptions, "folder"> {
  /** Folder that is made, and removed. */
  readonly scratch: string;
}

/**
 * Unpacks one database of an archive beside everything, hands its path to `look`, and removes it.
 * Throws as `readArchive`, and what `look` throws.
 */
export async function lookInto<T>(
  { scratch, ...options }: LookOptions,
  look: (path: string, manifest: Manifest) => T,
): Promise<T> {
  const manifest = await peekArchive(options.path, options.fleetKey);
  const file = manifest.files.find(({ name }) => name === options.name);
  if (!file || file.schema === null)
    throw damagedArchive(options.path, `there is no sound ${options.name} in it`);
  // One that was killed while it looked left its file there.
  rmSync(scratch, { recursive: true, force: true });
  try {
    return look(await unpackOne({ ...options, folder: scratch }), manifest);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

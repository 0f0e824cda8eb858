import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@flotilla/kernel";
import { findHolders, lockedBy, syncFolderOf } from "@flotilla/sqlite";
import type { ArchivedFile, Manifest } from "../format/manifest.ts";
import { peekArchive, readArchive } from "../format/read.ts";
import { damagedArchive, toDiskError } from "../sealed/errors.ts";
import { assertNoUnfinishedRestore, type RestoreOptions, whileStopped } from "./restore.ts";
import { assertUnpacked, unpackFile } from "./unpacked.ts";

/** Options of {@link restoreOne}. */
export interface RestoreOneOptions extends RestoreOptions {
  /** `control.db` or `host.db`: sessions are put back by the vault. */
  readonly name: "control.db" | "host.db";
  readonly clock: Pick<Clock, "now">;
}

const STAGING = "restoring-one";
const JOURNALS = ["-wal", "-shm", "-journal"] as const;

/**
 * Puts one database of an archive into a data folder that stands still. What was in its place is
 * kept beside it, with its journal: `<name>.replaced-<time>`. Killed at any moment, the same call
 * again finishes it. Throws as `readArchive`, and AppError `restore-in-use`, `sqlite-locked` (a
 * process has the database open), `restore-unfinished`, `archive-damaged`, `disk-full`.
 */
export async function restoreOne(
  options: RestoreOneOptions,
): Promise<{ readonly manifest: Manifest; readonly replaced: string | null }> {
  const { path, dataDir, fleetKey, name, clock, onStep = () => {} } = options;
  const manifest = await peekArchive(path, fleetKey);
  using _alone = whileStopped(dataDir);
  assertNoUnfinishedRestore(dataDir);
  const target = join(dataDir, name);
  await assertUnheld(target);
  const staged = await unpackOne(options, manifest);
  const kept = `${target}.replaced-${stampOf(clock.now())}`;
  // The journal first: SQLite would play an old one back into the new database.
  for (const journal of JOURNALS) move(`${target}${journal}`, `${kept}${journal}`, onStep);
  const isReplaced = move(target, kept, onStep);
  onStep();
  renameSync(staged, target);
  syncFolderOf(target);
  rmSync(join(dataDir, STAGING), { recursive: true, force: true });
  return { manifest, replaced: isReplaced ? kept : null };
}

async function unpackOne(
  { path, dataDir, fleetKey, name, onStep = () => {} }: RestoreOneOptions,
  { files }: Manifest,
): Promise<string> {
  if (!files.some((file) => file.name === name)) throw damagedArchive(path, `${name} is not in it`);
  const staging = join(dataDir, STAGING);
  try {
    rmSync(staging, { recursive: true, force: true });
    onStep();
    mkdirSync(staging, { mode: 0o700 });
    let staged = "";
    await readArchive(path, fleetKey, {
      manifest: () => {},
      file: async (file: ArchivedFile, content) => {
        if (file.name !== name) return await passOver(content);
        staged = await unpackFile(staging, file, content, onStep);
        assertUnpacked(path, file, staged);
      },
    });
    syncFolderOf(staged);
    return staged;
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw toDiskError(error, dataDir);
  }
}

async function passOver(content: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of content);
}

/** Without a start of its own, such as in a container, a process takes no `instance.lock`. */
async function assertUnheld(target: string): Promise<void> {
  if (!existsSync(target)) return;
  const report = await findHolders(target);
  if (report.holders.length > 0) throw lockedBy(report, 0);
}

function move(from: string, to: string, onStep: () => void): boolean {
  if (!existsSync(from)) return false;
  onStep();
  renameSync(from, to);
  syncFolderOf(to);
  return true;
}

function stampOf(now: number): string {
  return new Date(now).toISOString().replace(/[-:.]/g, "");
}

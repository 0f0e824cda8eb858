import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { AppError, fileStamp, syncFolderOf, writePrivate } from "@flotilla/kernel";
import { findHolders, lockedBy, lockFile } from "@flotilla/sqlite";
import { z } from "zod";
import type { ArchiveErrorCode } from "../sealed/errors.ts";

/** A database of a data folder that can be replaced by itself: sessions are the vault's. */
export type DatabaseName = "control.db" | "host.db";

/** The database of a data folder that is replaced. */
export interface Place {
  readonly dataDir: string;
  readonly name: DatabaseName;
  /** Called before each change of the disk. For tests that break it there. */
  readonly onStep?: () => void;
}

/** Where the former database is now, with its journal; null = there was none. */
export interface Replaced {
  readonly replaced: string | null;
}

/** Its presence says that the database is replaced: this can only be finished. */
const Plan = z.object({
  /** Part of the name of what was in its place, the same however often it is cut off. */
  stamp: z.string().regex(/^\d{8}T\d{9}Z$/),
  /** The archive that the new content is from; null = the former database only goes aside. */
  archive: z.string().nullable(),
});
type Plan = z.infer<typeof Plan>;

const PLAN = "plan.json";
const JOURNALS = ["-wal", "-shm", "-journal"] as const;

/** The folder beside the database for what takes its place. */
export function stagingOf({ dataDir, name }: Place): string {
  return join(dataDir, `restoring-${name}`);
}

/**
 * Holds a data folder for {@link begin} and {@link finish}. Throws AppError `restore-in-use` when
 * another process replaces a database there.
 */
export function onlyOne({ dataDir }: Place): Disposable {
  try {
    return lockFile(join(dataDir, "restore.lock"));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "sqlite-locked") throw error;
    const text = "Another restore into this data folder runs. Wait until it has finished.";
    throw new AppError<ArchiveErrorCode>("restore-in-use", text, { details: { dataDir } });
  }
}

/** Throws AppError `sqlite-locked` with the process that has the database open. */
export async function assertUnheld({ dataDir, name }: Place): Promise<void> {
  const path = join(dataDir, name);
  if (!lstatSync(path, { throwIfNoEntry: false })?.isFile()) return;
  const report = await findHolders(path);
  if (report.holders.length > 0) throw lockedBy(report, 0);
}

/** Empties {@link stagingOf}, and makes it. */
export function clearStaging(place: Place): string {
  const staging = stagingOf(place);
  rmSync(staging, { recursive: true, force: true });
  place.onStep?.();
  mkdirSync(staging, { mode: 0o700 });
  return staging;
}

/** From here on the database is replaced by what is in {@link stagingOf}. `at`: milliseconds. */
export function begin(place: Place, archive: string | null, at: number): void {
  const plan: Plan = { stamp: fileStamp(at), archive };
  place.onStep?.();
  writePrivate(join(stagingOf(place), PLAN), `${JSON.stringify(plan)}\n`);
  syncFolderOf(stagingOf(place));
}

/** The archive of a replacement that was cut off; undefined = there is none. */
export function begun(place: Place): string | null | undefined {
  return readPlan(place)?.archive;
}

/** Carries out what was begun. Each step may be repeated; the plan goes last. */
export function finish(place: Place): Replaced {
  const { dataDir, name, onStep = () => {} } = place;
  const staging = stagingOf(place);
  const plan = readPlan(place);
  if (plan === null) throw new Error(`no replacement of ${name} was begun`);
  const target = join(dataDir, name);
  const kept = `${target}.replaced-${plan.stamp}`;
  const staged = join(staging, name);
  // What was staged and is gone is in its place already.
  if (plan.archive === null || existsSync(staged)) {
    // The journal first: SQLite would play an old one back into the new database.
    for (const journal of JOURNALS) move(`${target}${journal}`, `${kept}${journal}`, onStep);
    move(target, kept, onStep);
    if (plan.archive !== null) move(staged, target, onStep);
  }
  onStep();
  rmSync(join(staging, PLAN));
  syncFolderOf(join(staging, PLAN));
  rmSync(staging, { recursive: true });
  return { replaced: existsSync(kept) ? kept : null };
}

/**
 * Finishes the replacement of a database that was cut off; null = there is none. Call it before the
 * database is opened. Throws AppError `restore-in-use`, `sqlite-locked`.
 */
export async function finishPutBack(place: Place): Promise<Replaced | null> {
  if (begun(place) === undefined) return null;
  using _alone = onlyOne(place);
  await assertUnheld(place);
  return begun(place) === undefined ? null : finish(place);
}

/**
 * Renames a database that cannot be used, with its journal, to `<name>.replaced-<time>`: the next
 * start makes an empty one. `at`: milliseconds. Killed at any moment, {@link finishPutBack}
 * finishes it. Throws AppError `restore-in-use`, `sqlite-locked`.
 */
export async function setAside(place: Place, at: number): Promise<Replaced> {
  using _alone = onlyOne(place);
  await assertUnheld(place);
  if (begun(place) === undefined) {
    clearStaging(place);
    begin(place, null, at);
  }
  return finish(place);
}

function readPlan(place: Place): Plan | null {
  const path = join(stagingOf(place), PLAN);
  return existsSync(path) ? Plan.parse(JSON.parse(readFileSync(path, "utf8"))) : null;
}

function move(from: string, to: string, onStep: () => void): void {
  if (!existsSync(from)) return;
  onStep();
  renameSync(from, to);
  syncFolderOf(to);
}

import { statSync } from "node:fs";
import { AppError } from "@flotilla/kernel";
import { type Database, openScratch, type ReadAccess } from "@flotilla/sqlite";

/** An owner keeps its lock for its whole life, so waiting longer is of no use. */
const BUSY_MS = 50;

/**
 * Runs `work` on a database file that is not ours to migrate (a backup, another program's copy, a
 * sibling's session): it is attached as `source` to an empty database in memory, so its schema
 * stays as it is. Throws AppError `sqlite-*`, with `sqlite-locked` when an owner has it open
 * exclusively, and `sqlite-cantopen` when there is no such file.
 */
export function withAttached<T>(path: string, work: (db: ReadAccess) => T): T {
  return withAttachedToWrite(path, work);
}

/** {@link withAttached} for the one who changes what is attached. */
export function withAttachedToWrite<T>(path: string, work: (db: Database) => T): T {
  // Attaching would create a missing file.
  if (!statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new AppError("sqlite-cantopen", "There is no such file.", { details: { path } });
  using db = openScratch(BUSY_MS);
  db.write("ATTACH DATABASE ? AS source", [path]);
  return work(db);
}

/** Codes that tell of the system around a file. They say nothing about what is in it. */
const AROUND: ReadonlySet<string> = new Set([
  "sqlite-cantopen",
  "sqlite-io",
  "sqlite-full",
  "sqlite-readonly",
]);

/**
 * Whether an error says that the system does not give the file out now; the file itself may be
 * sound.
 */
export function refusesFile(error: unknown): error is AppError {
  return error instanceof AppError && AROUND.has(error.code);
}

/**
 * Column names of a real table of the attached file; empty when there is none. Views are not looked
 * at.
 */
export function columnsOf(db: ReadAccess, table: string): ReadonlySet<string> {
  const isTable = db.readOne(
    "SELECT 1 FROM source.sqlite_schema WHERE type = 'table' AND name = ?",
    [table],
  );
  if (!isTable) return new Set();
  return new Set(
    db
      .read<{ name: string }>("SELECT name FROM pragma_table_info(?, 'source')", [table])
      .map(({ name }) => name),
  );
}

/** Whether SQLite finds the attached file whole. */
export function isWhole(db: ReadAccess): boolean {
  return db.readOne<{ quick_check: string }>("PRAGMA source.quick_check(1)")?.quick_check === "ok";
}

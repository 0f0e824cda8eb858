import { AppError } from "@flotilla/kernel";
import BetterSqlite from "better-sqlite3";
import { type SqliteErrorCode, toSqliteError } from "../base/errors.ts";
import { Meter } from "../base/measure.ts";
import { inspectFile } from "../inspect/inspect-file.ts";
import { keepBeforeUpgrade } from "./before-upgrade.ts";
import { Database } from "./database.ts";
import { prepareFile } from "./files.ts";

/** Purpose of a file. Stored in the file, so that a file of one kind is never opened as another. */
export type DatabaseRole = "session" | "control" | "host" | "lock";

/** Path, role, schema and locking of a database for {@link openDatabase}. */
export interface OpenOptions {
  readonly path: string;
  readonly role: DatabaseRole;
  /**
   * SQL scripts; the n-th one migrates a file from `user_version` n to n + 1. Never change a
   * released one.
   */
  readonly migrations: readonly string[];
  /**
   * true = a missing or empty file becomes a new database. false = AppError `sqlite-missing` or
   * `sqlite-empty`. Absent = a missing file is created and an empty one refused: this package never
   * leaves an empty file, so its content was lost.
   */
  readonly create?: boolean;
  /** Take the exclusive kernel lock at open and hold it until close. */
  readonly exclusive?: boolean;
  /**
   * Longest native wait for a lock, in milliseconds; at most 250, because it blocks the event loop.
   */
  readonly busyTimeoutMs?: number;
}

const MAX_BUSY_MS = 250;
/** Room for the shared memory and the first page of a journal. */
const NEEDED_TO_OPEN_BYTES = 64 * 1024;
/**
 * Page cache in KiB (promise S2-09): large for the one database of the bot, small where each worker
 * has one.
 */
const CACHE_KIB: Readonly<Record<DatabaseRole, number>> = {
  session: 2048,
  control: 65_536,
  host: 2048,
  lock: 256,
};
/** "Flt" and a number per role, in the header field for it (https://sqlite.org/fileformat.html). */
const APPLICATION_ID: Readonly<Record<DatabaseRole, number>> = {
  session: 0x466c7401,
  control: 0x466c7402,
  host: 0x466c7403,
  lock: 0x466c7404,
};

/** The role that an `application_id` stands for; null = it is none of Flotilla's. */
export function roleOf(applicationId: number): DatabaseRole | null {
  const roles = Object.keys(APPLICATION_ID) as DatabaseRole[];
  return roles.find((role) => APPLICATION_ID[role] === applicationId) ?? null;
}

/**
 * Opens (or creates) a database with the settings of every Flotilla file: WAL, `synchronous=FULL`,
 * foreign keys, mode 0600 in a 0700 folder, all migrations in one transaction, after a verified
 * copy of the file as it was (`upgrades/` beside it). Refuses a file with
 * a problem of {@link inspectFile} without touching it, except for a full disk, on which it can
 * still be read. Throws AppError with a code of {@link SqliteErrorCode}; leaves nothing open after
 * an error.
 */
export function openDatabase(options: OpenOptions): Database {
  return openOnce(options, options.busyTimeoutMs ?? MAX_BUSY_MS, new Meter());
}

/**
 * One try of {@link openDatabase} with native waits of `nativeMs`; afterwards those of the options
 * apply.
 */
export function openOnce(options: OpenOptions, nativeMs: number, meter: Meter): Database {
  const { path } = options;
  let raw: BetterSqlite.Database | undefined;
  try {
    prepareFile(path, options.create, (fresh) => stamp(fresh, options.role));
    raw = new BetterSqlite(path, { timeout: Math.min(nativeMs, MAX_BUSY_MS), fileMustExist: true });
    configure(raw, options);
    const database = new Database(raw, path, meter);
    const version = versionOf(raw);
    if (isOurs(raw, options.role) && version > 0 && version < options.migrations.length)
      keepBeforeUpgrade(database, version);
    migrate(raw, options);
    raw.pragma(`busy_timeout = ${Math.min(options.busyTimeoutMs ?? MAX_BUSY_MS, MAX_BUSY_MS)}`);
    return database;
  } catch (error) {
    raw?.close();
    throw explained(toSqliteError(error, path), path);
  }
}

/**
 * On a full disk SQLite reports shared memory, I/O errors, or a file that cannot be opened
 * (measured).
 */
function explained(error: AppError, path: string): AppError {
  if (error.code !== "sqlite-io" && error.code !== "sqlite-cantopen") return error;
  try {
    const { problem } = inspectFile(path, { create: true, minFreeBytes: NEEDED_TO_OPEN_BYTES });
    if (problem?.code === "sqlite-full" || problem?.code === "sqlite-readonly") return problem;
    return error;
  } catch {
    return error;
  }
}

/** Turns an empty file into a database of this role. */
function stamp(path: string, role: DatabaseRole): void {
  const raw = new BetterSqlite(path);
  try {
    stampRole(raw, role);
  } finally {
    raw.close();
  }
}

function stampRole(raw: BetterSqlite.Database, role: DatabaseRole): void {
  // Must precede the first page; it lets {@link Database.shrink} return free pages piece by piece.
  raw.pragma("auto_vacuum = INCREMENTAL");
  raw.pragma(`application_id = ${APPLICATION_ID[role]}`);
}

/**
 * The bytes of a new database of this role that `fill` puts rows into: made in memory, so a full
 * disk does not matter. Throws AppError `sqlite-*`.
 */
export function databaseOf(
  { role, migrations }: Pick<OpenOptions, "role" | "migrations">,
  fill: (db: Database) => void,
): Buffer {
  const raw = new BetterSqlite(":memory:");
  try {
    stampRole(raw, role);
    migrate(raw, { path: ":memory:", role, migrations });
    fill(new Database(raw, ":memory:", new Meter()));
    return raw.serialize();
  } catch (error) {
    throw toSqliteError(error, ":memory:");
  } finally {
    raw.close();
  }
}

/**
 * Takes an exclusive lock on a file of its own until the process ends; the kernel releases it at
 * any kind of death. Throws AppError `sqlite-locked` when another process holds it.
 */
export function lockFile(path: string): Disposable {
  return openDatabase({ path, role: "lock", migrations: [], exclusive: true, busyTimeoutMs: 0 });
}

function configure(raw: BetterSqlite.Database, options: OpenOptions): void {
  // Before anything touches WAL: then no shared memory file is needed.
  if (options.exclusive) raw.pragma("locking_mode = EXCLUSIVE");
  raw.pragma("journal_mode = WAL");
  raw.pragma("synchronous = FULL");
  raw.pragma("foreign_keys = ON");
  raw.pragma("trusted_schema = OFF");
  // A full or missing temporary folder must not fail a statement.
  raw.pragma("temp_store = MEMORY");
  raw.pragma(`cache_size = -${CACHE_KIB[options.role]}`);
  if (options.exclusive) raw.exec("BEGIN EXCLUSIVE; COMMIT");
  assertPragma(raw, "journal_mode", "wal");
  assertPragma(raw, "synchronous", 2);
  assertPragma(raw, "foreign_keys", 1);
  assertPragma(raw, "cache_size", -CACHE_KIB[options.role]);
  assertPragma(raw, "locking_mode", options.exclusive ? "exclusive" : "normal");
}

function assertPragma(raw: BetterSqlite.Database, name: string, wanted: string | number): void {
  const actual: unknown = raw.pragma(name, { simple: true });
  if (actual === wanted) return;
  const message =
    `SQLite did not accept ${name}=${wanted} (it is ${String(actual)}). Is the folder on a ` +
    "network file system?";
  throw new AppError<SqliteErrorCode>("sqlite-pragma", message, { details: { name } });
}

function migrate(raw: BetterSqlite.Database, { path, role, migrations }: OpenOptions): void {
  const steps = raw.transaction(() => {
    const version = versionOf(raw);
    if (!isOurs(raw, role)) {
      const owner = Number(raw.pragma("application_id", { simple: true }));
      if (owner !== 0 || version !== 0 || hasTables(raw)) throw wrongRole(path, role);
      raw.pragma(`application_id = ${APPLICATION_ID[role]}`);
    }
    if (version > migrations.length) throw tooNew(path, version, migrations.length);
    for (const script of migrations.slice(version)) raw.exec(script);
    if (version !== migrations.length) raw.pragma(`user_version = ${migrations.length}`);
  });
  steps.immediate();
}

function versionOf(raw: BetterSqlite.Database): number {
  return Number(raw.pragma("user_version", { simple: true }));
}

function isOurs(raw: BetterSqlite.Database, role: DatabaseRole): boolean {
  return Number(raw.pragma("application_id", { simple: true })) === APPLICATION_ID[role];
}

function hasTables(raw: BetterSqlite.Database): boolean {
  return raw.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() !== undefined;
}

function wrongRole(path: string, role: DatabaseRole): AppError {
  const message = `This file is not a ${role} database of Flotilla. It was left untouched.`;
  return new AppError<SqliteErrorCode>("sqlite-wrong-role", message, { details: { path, role } });
}

function tooNew(path: string, version: number, known: number): AppError {
  const message =
    `${path} was written by a newer version of Flotilla (its schema is ${version}, this program ` +
    `knows ${known}). Install that version again, or restore a copy from before. It was left ` +
    "untouched.";
  return new AppError<SqliteErrorCode>("sqlite-newer", message, {
    details: { path, version, known },
  });
}

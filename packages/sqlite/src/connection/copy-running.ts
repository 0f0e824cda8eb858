import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { AppError, sleep, syncFile, systemClock, toError } from "@flotilla/kernel";
import BetterSqlite from "better-sqlite3";
import { type SqliteErrorCode, toSqliteError } from "../base/errors.ts";
import { isOpenHere } from "../inspect/header.ts";
import { fileProblem } from "../inspect/problems.ts";
import { type DatabaseRole, roleOf } from "./open.ts";

/** Result of {@link copyRunning} and {@link inspectCopy}. */
export interface CopyFacts {
  /** Null = the file is no database of Flotilla. */
  readonly role: DatabaseRole | null;
  /** `user_version`: the number of its last migration. */
  readonly version: number;
  /** What SQLite finds wrong with it; null = it is sound. */
  readonly damage: string | null;
}

/** Options of {@link copyRunning}. */
export interface CopyOptions {
  /** Ends the wait for a quiet moment with its reason. */
  readonly signal?: AbortSignal;
  /** Called before each write. */
  readonly onStep?: () => void;
}

const PIECE_BYTES = 1024 * 1024;
const WAL_HEADER_BYTES = 32;
/** A copy takes milliseconds, and a journal starts over every few minutes. */
const MOST_TRIES = 100;
const PAUSE_MS = 30;
/**
 * A file system stamps changes by a clock that ticks every 4 ms (10 ms on some kernels). A file
 * whose last change is older than this cannot change without a new stamp.
 */
const QUIET_MS = 100;
/** A sound database has passed by then: only a copy that fails each time is damaged itself. */
const CHECKS = 3;

/**
 * Copies a database that another process has open, even exclusively: all that was committed when
 * the call began is in the copy, and no part of a transaction. Needs nothing of the owner and
 * blocks it by nothing (ADR 13 has the proof). The copy is one file, 0600 and synced, without a
 * journal; an existing `target` is replaced. A damaged database is copied as it is.
 * @throws AppError `sqlite-missing`, `sqlite-locked` when the file changes too fast or this process
 * has it open (use `backupTo`), or what {@link toSqliteError} says of the disk. Nothing is left at
 * `target` then.
 */
export async function copyRunning(
  path: string,
  target: string,
  { signal, onStep = () => {} }: CopyOptions = {},
): Promise<CopyFacts> {
  try {
    for (let n = 1; ; n += 1) {
      await copyWhenQuiet(path, target, { signal, onStep });
      onStep();
      const facts = settle(target);
      if (facts.damage === null || n === CHECKS) {
        syncFile(target);
        return facts;
      }
    }
  } catch (error) {
    rmSync(target, { force: true });
    throw toSqliteError(error, path);
  } finally {
    removeJournals(target);
  }
}

/** What a finished copy is; opens it read-only. Throws AppError `sqlite-cantopen`, `sqlite-io`. */
export function inspectCopy(path: string): CopyFacts {
  return facts(path, true);
}

interface Copying {
  readonly signal: AbortSignal | undefined;
  readonly onStep: () => void;
}

async function copyWhenQuiet(path: string, target: string, copying: Copying): Promise<void> {
  for (let n = 1; n <= MOST_TRIES; n += 1) {
    copying.signal?.throwIfAborted();
    if (copyOnce(path, target, copying.onStep)) return;
    await sleep(PAUSE_MS, copying.signal);
  }
  const text = "The database changes all the time, so no copy of it succeeded. Try again later.";
  throw new AppError<SqliteErrorCode>("sqlite-locked", text, { details: { path } });
}

/** The state of a database and its journal, read before and after a copy. */
interface Look {
  readonly file: string;
  /** Null = there is no journal, or it is empty. */
  readonly journal: string | null;
  /** Size and time of the last change of the database, in nanoseconds since the epoch. */
  readonly changed: string;
  readonly changedMs: number;
}

/** False = the journal started over, or a checkpoint ran without one, during the copy. */
function copyOnce(path: string, target: string, onStep: () => void): boolean {
  const from = openToRead(path);
  try {
    const began = systemClock.now();
    const before = look(path, from);
    if (before === null) return false;
    rmSync(target, { force: true });
    removeJournals(target);
    copyBytes(from, target, onStep);
    if (before.journal !== null) copyJournal(path, target, onStep);
    const after = look(path, from);
    if (after?.file !== before.file || after.journal !== before.journal) return false;
    // The same journal is enough: a checkpoint may have changed the database meanwhile, but only by
    // pages that are in that journal, and the journal was copied after the database.
    return (
      before.journal !== null || isUnchanged(before, after, { began, ended: systemClock.now() })
    );
  } finally {
    closeSync(from);
  }
}

/** A change within a tick of the last one would bear the same stamp. */
function isUnchanged(
  before: Look,
  after: Look,
  { began, ended }: { readonly began: number; readonly ended: number },
): boolean {
  const isOld = before.changedMs < began - QUIET_MS;
  const isAhead = before.changedMs > ended + QUIET_MS;
  return before.changed === after.changed && (isOld || isAhead);
}

/** Null = another file took its place, or a rollback journal is there. */
function look(path: string, descriptor: number): Look | null {
  const open = fstatSync(descriptor, { bigint: true });
  const there = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (there?.ino !== open.ino || there.dev !== open.dev) return null;
  if (statSync(`${path}-journal`, { throwIfNoEntry: false })?.size) return null;
  return {
    file: `${open.dev}:${open.ino}`,
    journal: journalHeader(`${path}-wal`),
    changed: `${open.size}:${open.mtimeNs}:${open.ctimeNs}`,
    changedMs: Number(open.mtimeMs),
  };
}

/** Identity of the journal and of the round it is in: each round has salts of its own. */
function journalHeader(path: string): string | null {
  const descriptor = tryOpen(path);
  if (descriptor === null) return null;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    const header = Buffer.alloc(WAL_HEADER_BYTES);
    const length = readSync(descriptor, header, 0, WAL_HEADER_BYTES, 0);
    return length === 0 ? null : `${dev}:${ino}:${header.toString("hex", 0, length)}`;
  } finally {
    closeSync(descriptor);
  }
}

/** The journal may be gone by now: then the second look differs from the first. */
function copyJournal(path: string, target: string, onStep: () => void): void {
  const from = tryOpen(`${path}-wal`);
  if (from === null) return;
  try {
    copyBytes(from, `${target}-wal`, onStep);
  } finally {
    closeSync(from);
  }
}

function copyBytes(from: number, target: string, onStep: () => void): void {
  const to = openSync(target, "wx", 0o600);
  try {
    fchmodSync(to, 0o600);
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    for (let at = 0; ; ) {
      const length = readSync(from, piece, 0, PIECE_BYTES, at);
      if (length === 0) return;
      onStep();
      for (let done = 0; done < length; )
        done += writeSync(to, piece, done, length - done, at + done);
      at += length;
    }
  } finally {
    closeSync(to);
  }
}

function openToRead(path: string): number {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stat) throw fileProblem("sqlite-missing", path);
  if (!stat.isFile()) throw fileProblem("sqlite-not-a-database", path);
  if (isOpenHere(stat.dev, stat.ino))
    throw new AppError<SqliteErrorCode>(
      "sqlite-locked",
      "This process has the database open: it makes its copy over that connection.",
      { details: { path } },
    );
  return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

function tryOpen(path: string): number | null {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Lets SQLite replay the copied journal into the copied database, then looks it through. */
function settle(target: string): CopyFacts {
  return facts(target, false);
}

function facts(path: string, isReadOnly: boolean): CopyFacts {
  let raw: BetterSqlite.Database | undefined;
  try {
    raw = new BetterSqlite(path, { readonly: isReadOnly, fileMustExist: true });
    raw.pragma("temp_store = MEMORY");
    raw.pragma("trusted_schema = OFF");
    if (!isReadOnly) raw.pragma("journal_mode = DELETE");
    const found = String(raw.pragma("quick_check(1)", { simple: true }));
    return {
      role: roleOf(Number(raw.pragma("application_id", { simple: true }))),
      version: Number(raw.pragma("user_version", { simple: true })),
      damage: found === "ok" ? null : found,
    };
  } catch (error) {
    const known = toSqliteError(error, path);
    if (!DAMAGE.has(known.code)) throw known;
    return { role: null, version: 0, damage: toError(error).message };
  } finally {
    raw?.close();
  }
}

const DAMAGE: ReadonlySet<string> = new Set<SqliteErrorCode>([
  "sqlite-corrupt",
  "sqlite-not-a-database",
]);

function removeJournals(target: string): void {
  for (const suffix of ["-wal", "-journal", "-shm"]) rmSync(target + suffix, { force: true });
}

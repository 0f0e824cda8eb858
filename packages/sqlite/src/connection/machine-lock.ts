import { closeSync, fchmodSync, lstatSync, openSync } from "node:fs";
import { AppError } from "@flotilla/kernel";
import BetterSqlite from "better-sqlite3";
import { type SqliteErrorCode, toSqliteError } from "../base/errors.ts";
import { fileKey } from "../holders/open-files.ts";

/** A lock that one process of this machine holds at a time. */
export interface MachineLock extends Disposable {
  readonly path: string;
  /** False when the file was deleted or replaced: another process could lock the new one. */
  stillThere(): boolean;
}

/**
 * Every user of the machine must be able to lock it. The file stays empty, so that it holds no data
 * to read or damage.
 */
const FOR_ALL_USERS = 0o666;

/**
 * Locks a file of its own until the process ends (`BEGIN EXCLUSIVE`, kept open). The kernel
 * releases the lock at any kind of death; the lock holds across users, PID namespaces and network
 * namespaces that see the same file. The file is empty and never deleted: a deleted one could be
 * locked twice. Throws AppError `sqlite-locked` when another process holds it, else a code of
 * {@link SqliteErrorCode}.
 */
export function lockForMachine(path: string): MachineLock {
  let raw: BetterSqlite.Database | undefined;
  try {
    create(path);
    // Without "create" SQLite does not pass O_CREAT, which the kernel refuses for other users'
    // files in a shared folder (fs.protected_regular).
    raw = new BetterSqlite(path, { timeout: 0, fileMustExist: true });
    // A journal belongs to the user who made it: after a killed owner in a shared folder, the
    // kernel refuses it to the next owner (fs.protected_regular).
    raw.pragma("journal_mode = MEMORY");
    raw.exec("BEGIN EXCLUSIVE");
    return new Held(raw, path);
  } catch (error) {
    raw?.close();
    throw toSqliteError(error, path);
  }
}

/**
 * @NOTE never opens an existing file: closing the descriptor would drop a lock of this process on
 * it (POSIX).
 */
function create(path: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isFile()) return;
  if (there)
    throw new AppError<SqliteErrorCode>(
      "sqlite-cantopen",
      `${path} is not a plain file. Remove it.`,
      { details: { path } },
    );
  try {
    const descriptor = openSync(path, "wx", FOR_ALL_USERS);
    fchmodSync(descriptor, FOR_ALL_USERS);
    closeSync(descriptor);
  } catch (error) {
    // Another process created it at the same moment; the lock decides.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

class Held implements MachineLock {
  readonly path: string;
  readonly #raw: BetterSqlite.Database;
  readonly #file: string | undefined;

  constructor(raw: BetterSqlite.Database, path: string) {
    this.#raw = raw;
    this.path = path;
    this.#file = fileKey(path);
  }

  stillThere(): boolean {
    return fileKey(this.path) === this.#file;
  }

  [Symbol.dispose](): void {
    this.#raw.close();
  }
}

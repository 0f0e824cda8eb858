import { closeSync, existsSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { AppError, syncFile, syncFolderOf } from "@flotilla/kernel";
import BetterSqlite from "better-sqlite3";
import { type SqliteErrorCode, toSqliteError } from "../base/errors.ts";
import type { Database } from "./database.ts";

/**
 * Writes a verified copy of an open database to `target`: `VACUUM INTO` over the owner's
 * connection, mode 0600, fsync, read-only `quick_check`, rename. The copy contains all committed
 * rows, those in the journal included, and has no journal. The source is not touched otherwise, so
 * its locks stay (https://sqlite.org/howtocorrupt.html 2.2). The folder of `target` must exist.
 * Replaces an existing `target` only after the new copy passes its check. Blocks about 1 ms per
 * MiB; not allowed inside a transaction. Leaves no file after an error.
 * @throws AppError `sqlite-backup-target` when `target` is the database itself or has a journal
 * beside it (another process uses it), `sqlite-backup-bad` when the copy fails its check, or the
 * error of {@link toSqliteError} (`sqlite-full`, …)
 */
export function backupTo(database: Database, target: string): void {
  refuseTarget(database, target);
  const partial = `${target}.partial`;
  try {
    rmSync(partial, { force: true });
    closeSync(openSync(partial, "wx", 0o600));
    database.write("VACUUM INTO ?", [partial]);
    syncFile(partial);
    verifyCopy(partial);
    renameSync(partial, target);
    syncFolderOf(target);
  } catch (error) {
    rmSync(partial, { force: true });
    throw toSqliteError(error, target);
  }
}

function refuseTarget(database: Database, target: string): void {
  const journal = ["-wal", "-journal", "-shm"].find((suffix) => existsSync(target + suffix));
  const same = existsSync(target) && sameFile(database.path, target);
  if (journal === undefined && !same) return;
  const why = same
    ? "it is the database itself"
    : `there is a ${journal} file beside it, so it is in use`;
  throw new AppError<SqliteErrorCode>(
    "sqlite-backup-target",
    `The backup cannot be written over this file: ${why}.`,
    {
      details: { path: target },
    },
  );
}

function sameFile(left: string, right: string): boolean {
  const [a, b] = [left, right].map((path) =>
    statSync(path, { bigint: true, throwIfNoEntry: false }),
  );
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

function verifyCopy(path: string): void {
  const copy = new BetterSqlite(path, { readonly: true, fileMustExist: true });
  try {
    copy.pragma("temp_store = MEMORY");
    const found: unknown = copy.pragma("quick_check(1)", { simple: true });
    if (found === "ok") return;
    const message =
      "The backup did not pass its check, so it was thrown away. The database itself may be damaged.";
    throw new AppError<SqliteErrorCode>("sqlite-backup-bad", message, {
      details: { path, found: String(found) },
    });
  } finally {
    copy.close();
  }
}

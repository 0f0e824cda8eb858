import { AppError, type ErrorCode, toError } from "@flotilla/kernel";

/** Every error code of this package. */
export type SqliteErrorCode = Extract<ErrorCode, `sqlite-${string}`>;

const RULES: readonly (readonly [prefix: string, code: SqliteErrorCode, text: string])[] = [
  [
    "SQLITE_BUSY",
    "sqlite-locked",
    "The database is held by another process. Find and stop its holder; never delete the file " +
      "or its journal.",
  ],
  ["SQLITE_LOCKED", "sqlite-locked", "The database is held by another connection of this process."],
  ["SQLITE_CORRUPT", "sqlite-corrupt", "The database file is damaged. Restore it from a backup."],
  [
    "SQLITE_NOTADB",
    "sqlite-not-a-database",
    "The file is not a SQLite database: it is something else, or its beginning was " +
      "overwritten. Restore it from a backup.",
  ],
  ["SQLITE_FULL", "sqlite-full", "The disk is full. Free some space; nothing was written."],
  [
    "SQLITE_READONLY",
    "sqlite-readonly",
    "The database cannot be written to. Check the permissions of the file and its folder.",
  ],
  [
    "SQLITE_PERM",
    "sqlite-readonly",
    "The database cannot be written to. Check the permissions of the file and its folder.",
  ],
  [
    "SQLITE_CANTOPEN",
    "sqlite-cantopen",
    "The database cannot be opened. Check that its folder exists and belongs to this user.",
  ],
  ["SQLITE_IOERR", "sqlite-io", "The disk reported an error. Check the disk and the system log."],
  ["SQLITE_CONSTRAINT", "sqlite-constraint", "The row breaks a rule of the table."],
];

/** `errno` values of the file system with an equivalent SQLite code. */
const SYSTEM: Readonly<Record<string, SqliteErrorCode>> = {
  ENOSPC: "sqlite-full",
  EDQUOT: "sqlite-full",
  EROFS: "sqlite-readonly",
  EACCES: "sqlite-cantopen",
  EPERM: "sqlite-cantopen",
  ENOENT: "sqlite-cantopen",
  ENOTDIR: "sqlite-cantopen",
  EEXIST: "sqlite-cantopen",
};

/**
 * Maps an error of better-sqlite3 or the file system to an AppError with a code of {@link
 * SqliteErrorCode}. Returns an AppError unchanged. Result codes: https://sqlite.org/rescode.html
 */
export function toSqliteError(thrown: unknown, path: string): AppError {
  if (thrown instanceof AppError) return thrown;
  const cause = toError(thrown);
  const raw = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  const details = { path, sqlite: raw };
  for (const [prefix, code, text] of RULES) {
    if (raw.startsWith(prefix))
      return new AppError<SqliteErrorCode>(code, text, { cause, details });
  }
  const code = SYSTEM[raw] ?? "sqlite-error";
  return new AppError<SqliteErrorCode>(code, `The database failed: ${cause.message}`, {
    cause,
    details,
  });
}

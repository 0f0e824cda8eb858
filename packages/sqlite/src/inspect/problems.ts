import { AppError } from "@flotilla/kernel";
import type { SqliteErrorCode } from "../base/errors.ts";

/** Problems of a file before it is opened, or while it is open. */
export type FileProblem = Extract<
  SqliteErrorCode,
  | "sqlite-missing"
  | "sqlite-empty"
  | "sqlite-not-a-database"
  | "sqlite-truncated"
  | "sqlite-corrupt"
  | "sqlite-foreign-owner"
  | "sqlite-readonly"
  | "sqlite-network-fs"
  | "sqlite-full"
  | "sqlite-deleted"
  | "sqlite-replaced"
>;

const TEXTS: Readonly<Record<FileProblem, string>> = {
  "sqlite-missing":
    "The database file does not exist. Check the name, or restore it from a backup.",
  "sqlite-empty":
    "The database file is empty (0 bytes): its content is lost. Restore it from a backup.",
  "sqlite-not-a-database":
    "The file is not a SQLite database: it is something else, or its beginning was " +
    "overwritten. Restore it from a backup.",
  "sqlite-truncated":
    "The database file is shorter than it should be: a part of it is lost. Restore it from a backup.",
  "sqlite-corrupt": "The database file is damaged. Restore it from a backup.",
  "sqlite-foreign-owner":
    "The database file belongs to another user. Give it to the user that Flotilla runs as (chown).",
  "sqlite-readonly":
    "The database cannot be written to. Check the permissions of the file and its folder, and " +
    "whether the disk is mounted read-only.",
  "sqlite-network-fs":
    "The database is on a network file system, where locks cannot be trusted: two programs " +
    "could use it at once. Move the data folder to a local disk.",
  "sqlite-full": "The disk is full. Free some space; nothing was written.",
  "sqlite-deleted":
    "The database file was deleted while its journal is still in use. Touch nothing, stop its " +
    "program, and restore the file from a backup.",
  "sqlite-replaced":
    "Another file was put in the place of the open database. What is written now is lost when " +
    "the program stops: find out who did it, and stop.",
};

/** The AppError of a problem, in plain words and with its remedy. */
export function fileProblem(
  code: FileProblem,
  path: string,
  details: AppError["details"] = {},
): AppError {
  return new AppError<SqliteErrorCode>(code, TEXTS[code], { details: { path, ...details } });
}

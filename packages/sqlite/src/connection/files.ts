import { randomUUID } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { cannotLink, makeFolder, syncFile, syncFolderOf } from "@flotilla/kernel";
import { inspectFile } from "../inspect/inspect-file.ts";

const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/**
 * Ensures that the folder of `path` is 0700 and the file is a database with 0600, before SQLite
 * opens it: its journals inherit the mode of the database file. `create` as in `OpenOptions`;
 * `stamp` turns an empty file into a database. Throws the AppError that {@link inspectFile} finds,
 * except for `sqlite-full`.
 * @NOTE opens an existing file only when this process does not have it open already. Closing any
 * descriptor of it would drop the POSIX locks of this process on it
 * (https://sqlite.org/howtocorrupt.html section 2.2).
 */
export function prepareFile(
  path: string,
  create: boolean | undefined,
  stamp: (path: string) => void,
): void {
  const { problem, exists } = inspectFile(path, { create: create ?? false });
  const toBeCreated = problem?.code === "sqlite-missing" && create === undefined;
  if (problem && !toBeCreated && problem.code !== "sqlite-full") throw problem;
  const folder = dirname(path);
  makeFolder(folder, PRIVATE_FOLDER);
  tighten(folder, PRIVATE_FOLDER);
  if (exists) tighten(path, PRIVATE_FILE);
  else createWhole(path, stamp);
}

/**
 * Places the file together with its first page, so that an empty file always means damage, never an
 * interrupted start.
 */
function createWhole(path: string, stamp: (path: string) => void): void {
  const fresh = `${path}.new-${randomUUID()}`;
  try {
    closeSync(openSync(fresh, "wx", PRIVATE_FILE));
    stamp(fresh);
    syncFile(fresh);
    publish(fresh, path);
    syncFolderOf(path);
  } finally {
    rmSync(fresh, { force: true });
  }
}

function publish(fresh: string, path: string): void {
  try {
    linkSync(fresh, path);
  } catch (error) {
    // Another process created it at the same moment; the locks decide who uses it.
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    if (!cannotLink(error)) throw error;
    if (!existsSync(path)) renameSync(fresh, path);
  }
}

function tighten(path: string, mode: number): void {
  if (process.platform === "win32") return;
  const now = statSync(path).mode & 0o777;
  if ((now & ~mode) !== 0) chmodSync(path, mode);
}

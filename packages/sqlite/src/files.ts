import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";

const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/**
 * Makes sure that the folder of `path` is 0700 and the file exists with 0600, before SQLite opens it: its
 * journals take over the mode of the database file.
 * @NOTE an existing file is never opened here. Closing any descriptor of it would drop the POSIX locks
 * that this process may hold on it (https://sqlite.org/howtocorrupt.html section 2.2).
 */
export function prepareFile(path: string): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: PRIVATE_FOLDER });
  tighten(folder, PRIVATE_FOLDER);
  if (existsSync(path)) tighten(path, PRIVATE_FILE);
  else closeSync(openSync(path, "ax", PRIVATE_FILE));
}

function tighten(path: string, mode: number): void {
  if (process.platform === "win32") return;
  const now = statSync(path).mode & 0o777;
  if ((now & ~mode) !== 0) chmodSync(path, mode);
}

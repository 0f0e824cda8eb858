import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes the content of a closed file survive a power cut. Never call it with a file that this
 * process has open as a database: closing the descriptor would drop its locks
 * (https://sqlite.org/howtocorrupt.html section 2.2).
 */
export function syncFile(path: string): void {
  sync(path, "r+");
}

/**
 * Makes new, renamed and removed names in a folder survive a power cut. Windows has no such call
 * and needs none.
 */
export function syncFolder(path: string): void {
  if (process.platform !== "win32") sync(path, "r");
}

/** As {@link syncFolder}, for the folder of a file. */
export function syncFolderOf(path: string): void {
  syncFolder(dirname(path));
}

/**
 * Replaces a small text file so that a crash leaves the old or the new one; 0600. Never for a
 * database. Throws the system's error.
 */
export function writePrivate(path: string, text: string): void {
  const partial = `${path}.partial`;
  writeFileSync(partial, text, { mode: 0o600, flush: true });
  renameSync(partial, path);
  syncFolderOf(path);
}

function sync(path: string, flags: "r" | "r+"): void {
  const descriptor = openSync(path, flags);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

import { closeSync, fsyncSync, openSync } from "node:fs";
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
 * Makes a rename or a new name in the folder of `path` survive a power cut. Windows has no such
 * call and needs none.
 */
export function syncFolderOf(path: string): void {
  if (process.platform !== "win32") sync(dirname(path), "r");
}

function sync(path: string, flags: "r" | "r+"): void {
  const descriptor = openSync(path, flags);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder and its missing parents, all with `mode`; an existing folder stays as it is.
 * Throws the system's error.
 * @NOTE Node's own `recursive` never returns where a folder cannot be made but its parent exists,
 * such as /proc/x.
 */
export function makeFolder(path: string, mode: number): void {
  try {
    makeLast(path, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    makeFolder(dirname(path), mode);
    makeLast(path, mode);
  }
}

/** Accepts a folder that another process makes at the same time. */
function makeLast(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !statSync(path).isDirectory())
      throw error;
  }
}

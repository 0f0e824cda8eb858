import { copyFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { AppError } from "@flotilla/kernel";
import { scratchFailed, withPrivateTemp } from "../file/files.ts";
import { refused } from "../keys/refusals.ts";

const MAX_BYTES = 256 * 1024 * 1024;
/** SQLite rebuilds the shared memory from the journal. */
const PARTS = ["", "-journal", "-wal"] as const;
const TRIES = 3;
const NO_ROOM: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EROFS"]);

/**
 * Copies a database that another program wrote, with its journals, to a private folder in `parent`,
 * and runs `work` on the copy. The copy is gone afterwards, also when `work` throws. Throws
 * AppError `import-unreadable`, `import-too-large`, `scratch-failed` when there is no room for the
 * copy, and `import-in-use` when the file changes under it. The key is in clear in it: a copy that
 * a killed process leaves must be where sessions are, and where the doctor looks.
 * @NOTE never for a file that this process has open: reading it would drop its locks
 * (https://sqlite.org/howtocorrupt.html 2.2).
 */
export function withCopy<T>(source: string, parent: string, work: (copy: string) => T): T {
  return withPrivateTemp((dir) => {
    const copy = join(dir, "copy.db");
    for (let attempt = 1; !copyOnce(source, copy); attempt++)
      if (attempt === TRIES) throw refused("import-in-use");
    return work(copy);
  }, parent);
}

/** False when a part changed meanwhile. */
function copyOnce(source: string, copy: string): boolean {
  try {
    const before = PARTS.map((part) => state(source + part));
    if (before[0] === null)
      throw refused("import-unreadable", { details: { why: "no such file" } });
    for (const [index, part] of PARTS.entries())
      if (before[index] !== null) copyFileSync(source + part, copy + part);
    return PARTS.every((part, index) => state(source + part) === before[index]);
  } catch (error) {
    if (error instanceof AppError) throw error;
    // The place of the copy, not the source.
    if (NO_ROOM.has((error as NodeJS.ErrnoException).code ?? ""))
      throw scratchFailed(dirname(copy), error);
    throw refused("import-unreadable", {
      cause: error,
      details: { why: (error as NodeJS.ErrnoException).code ?? "unknown" },
    });
  }
}

function state(path: string): string | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stat) return null;
  if (!stat.isFile()) throw refused("import-unreadable", { details: { why: "not a file" } });
  if (stat.size > MAX_BYTES) throw refused("import-too-large");
  return `${stat.ino}:${stat.size}:${stat.mtimeNs}`;
}

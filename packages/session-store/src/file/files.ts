import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fstatSync,
  linkSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { AppError, cannotLink, makeFolder, syncFile } from "@flotilla/kernel";

/** Creates the folder unless it exists and sets mode 0700. */
export function privateFolder(path: string): void {
  makeFolder(path, 0o700);
  if (process.platform !== "win32") chmodSync(path, 0o700);
}

/**
 * Runs `work` with a new 0700 folder in `parent`, which is gone afterwards, also when `work`
 * throws. `parent` is made when absent; it is beside what is made of the content, so that the
 * machine's temporary folder is never needed. Throws AppError `scratch-failed` when the folder
 * cannot be made.
 */
export function withPrivateTemp<T>(work: (dir: string) => T, parent: string): T {
  const dir = scratchIn(parent, () => {
    makeFolder(parent, 0o700);
    return mkdtempSync(join(parent, ".flotilla-"));
  });
  try {
    return work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * Makes something for a moment in `dir`. What the system says against it is no fault of what is
 * worked on: AppError `scratch-failed`.
 */
export function scratchIn<T>(dir: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw scratchFailed(dir, cause);
  }
}

/** Nothing can be made in `dir`, for what the system said. */
export function scratchFailed(dir: string, cause: unknown): AppError {
  const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
  const todo =
    code === "ENOSPC" || code === "EDQUOT"
      ? "Its disk is full: make room"
      : "Make it writable for this user";
  const text =
    `Nothing can be written into ${dir} for the moment that it takes (${code}). ${todo}, then ` +
    "try again. Nothing was changed.";
  return new AppError("scratch-failed", text, { details: { dir, code }, cause });
}

/** No note of ours is longer. */
const MOST_BYTES = 64 * 1024;

/**
 * The text of a small file beside a database. Throws what the system says, and for what is no plain
 * file: reading a pipe would never end.
 */
export function readNoteFile(path: string): string {
  const descriptor = openSync(
    path,
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  );
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile() || stat.size > MOST_BYTES) throw new Error("no note");
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Gives a finished file, which no process has open, a second name; where the file system has no
 * hard links, a copy of it gets that name, whole. Throws what the file system threw; `EEXIST` when
 * the name is taken, which then stays as it is.
 */
export function linkOrCopy(from: string, to: string, link: typeof linkSync = linkSync): void {
  try {
    link(from, to);
  } catch (error) {
    if (!cannotLink(error)) throw error;
    const partial = `${to}.${randomBytes(4).toString("hex")}.partial`;
    try {
      copyFileSync(from, partial, constants.COPYFILE_EXCL);
      syncFile(partial);
      if (existsSync(to)) throw Object.assign(new Error(`EEXIST: ${to}`), { code: "EEXIST" });
      renameSync(partial, to);
    } finally {
      rmSync(partial, { force: true });
    }
  }
}

/** What SQLite may keep beside a database. */
export const COMPANIONS = ["-wal", "-journal", "-shm"] as const;

import { randomBytes } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { AppError, makeFolder } from "@flotilla/kernel";
import { systemUser } from "@flotilla/os";
import { fileSystemOf, lockForMachine, toSqliteError } from "@flotilla/sqlite";

/**
 * Where every user of a Linux machine may write; empty after a boot. Not shared with containers, as
 * `/run/flotilla` can be.
 */
const MEETING_PLACE = "/dev/shm/flotilla";
const MACHINE_PLACE = "/run/flotilla";
const SHARED = 0o1777;
const STICKY = 0o1000;

/** Where the owner locks are. */
export interface OwnerFolders {
  /**
   * A lock is taken in each of them. Empty: no folder can be used, and nothing on this machine sees
   * another fleet.
   */
  readonly paths: readonly string[];
  /**
   * `configured` = OWNER_DIR; `machine` = `/run/flotilla`; `user` = a folder that another user, or
   * a container, does not see.
   */
  readonly kind: "configured" | "machine" | "user";
}

/**
 * The folders of the owner locks, made when absent: OWNER_DIR alone when it is set, else
 * `/run/flotilla` (else a folder of this user) and the place where all users of this machine meet.
 * Depends on nothing that differs between two shells of one user. Throws AppError `owner-dir` when
 * OWNER_DIR is set and cannot be used. `make: false` only looks.
 */
export function ownerFolders(configured: string | null, { make = true } = {}): OwnerFolders {
  const unusable = (path: string, mode: number): string | null => whyNot(path, { mode, make });
  if (configured !== null) {
    const why = unusable(configured, 0o700);
    if (why !== null) throw unusableSetting(configured, why);
    return { paths: [configured], kind: "configured" };
  }
  const meeting = unusable(MEETING_PLACE, SHARED) === null ? [MEETING_PLACE] : [];
  if (unusable(MACHINE_PLACE, SHARED) === null)
    return { paths: [MACHINE_PLACE, ...meeting], kind: "machine" };
  const { home } = systemUser();
  const own = home === null ? [] : [join(home, ".local", "state", "flotilla")];
  return {
    paths: [...own.filter((path) => unusable(path, 0o700) === null), ...meeting],
    kind: "user",
  };
}

/**
 * Takes a lock in OWNER_DIR and gives it back, so that a start fails once and not each worker
 * alone. Throws AppError `owner-dir` as {@link ownerFolders}, also for a folder that only fails
 * when a file is made in it: a full disk, or a file system that knows no locks. Without OWNER_DIR
 * it does nothing.
 */
export function assertOwnerDir(configured: string | null): void {
  if (configured === null) return;
  ownerFolders(configured);
  const path = join(configured, `.try-${randomBytes(6).toString("hex")}`);
  try {
    lockForMachine(path)[Symbol.dispose]();
  } catch (error) {
    const refused = toSqliteError(error, path);
    throw unusableSetting(
      configured,
      REASONS[String(refused.details["sqlite"])] ?? refused.message,
    );
  } finally {
    rmSync(path, { force: true });
  }
}

/**
 * Null when locks can be made in it. In a folder of another user they must be safe from being
 * deleted by a third.
 */
function whyNot(
  path: string,
  how: { readonly mode: number; readonly make: boolean },
): string | null {
  try {
    if (how.make) make(path, how.mode);
    else if (!lstatSync(path, { throwIfNoEntry: false })) return whyNotMade(path);
    // What an admin set may be a link; in a shared place it could be anyone's.
    const folder = how.mode === SHARED ? lstatSync(path) : statSync(path);
    if (!folder.isDirectory()) return "it is not a folder";
    const own = process.getuid?.() ?? folder.uid;
    if (folder.uid !== own && folder.uid !== 0 && (folder.mode & STICKY) === 0)
      return "it belongs to another user";
    return whyNoFiles(path);
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    return REASONS[code] ?? code;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "this user may not write to it",
  EPERM: "this user may not write to it",
  EROFS: "it is on a read-only file system",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk is full",
  EEXIST: "it is not a folder",
  ENOTDIR: "a part of its path is not a folder",
  ENOENT: "it cannot be made there",
  ELOOP: "its links lead in a circle",
};

/** Of a folder that is not there yet. Throws what the system says. */
function whyNotMade(path: string): string | null {
  let above = dirname(path);
  while (!existsSync(above)) above = dirname(above);
  if (statSync(above).isDirectory()) return whyNoFiles(above);
  return "a part of its path is not a folder";
}

/**
 * For root, access(2) says yes for /proc too; to others the kind of folder says more than that they
 * may not.
 */
function whyNoFiles(folder: string): string | null {
  if (fileSystemOf(folder).ofKernel)
    return "it is a folder of the kernel, where no files can be made";
  accessSync(folder, constants.W_OK | constants.X_OK);
  return null;
}

function make(path: string, mode: number): void {
  if (lstatSync(path, { throwIfNoEntry: false })) return;
  // Only the last folder is open to all: /dev/shm and /run are there, or this is another kind of
  // system.
  if (mode !== SHARED) {
    makeFolder(path, mode);
    return;
  }
  try {
    mkdirSync(path, { mode });
    chmodSync(path, mode);
  } catch (error) {
    // Another worker that starts at the same time makes it too.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function unusableSetting(path: string, why: string): AppError {
  return new AppError(
    "owner-dir",
    `OWNER_DIR (${path}) cannot be used: ${why}. Make it a folder that this user may write to, ` +
      "outside of the data folder, or leave it out.",
    { details: { path } },
  );
}

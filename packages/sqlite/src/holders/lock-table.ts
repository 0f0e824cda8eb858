import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";

/** One of the three files of a database. */
export type FilePart = "main" | "wal" | "shm";

/**
 * What a holder blocks, strongest first; "shm" = only the shared-memory file, "open" = open and
 * idle.
 */
export type HeldLock = "exclusive" | "write" | "read" | "shm" | "open";

/** One POSIX lock in the kernel's table. */
export interface KernelLock {
  /** 0 or less = a process that this table cannot name. */
  readonly pid: number;
  readonly write: boolean;
  /** File system of the lock, as `major:minor` in hex. */
  readonly device: string;
  readonly inode: string;
  readonly from: number;
  readonly to: number;
}

// Byte ranges: https://sqlite.org/src/file/src/os.h (PENDING_BYTE) and
// https://sqlite.org/walformat.html#wal_index_locks
const PENDING = 0x40000000;
const RESERVED = PENDING + 1;
const SHARED = PENDING + 2;
const WAL_WRITE = 120;
const WAL_RECOVER = 122;
const WAL_READ = 123;
const WAL_READ_LAST = 127;

/**
 * All POSIX locks that this process can see, also those of processes whose files it may not list.
 * Read in the thread pool, because the kernel may take 30 ms. The kernel returns the table in
 * pieces of 4 KiB: a lock that comes or goes in between may be missing or appear twice.
 */
export async function readLockTable(): Promise<KernelLock[]> {
  return parseLockTable(await readFile("/proc/locks", "utf8"));
}

/**
 * The locks taken through a descriptor, read in one piece (proc_pid_fdinfo(5)); empty when it was
 * closed meanwhile.
 */
export function locksThrough(pid: string, fd: string): KernelLock[] {
  try {
    const locks = parseLockTable(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"));
    return locks.map((lock) => ({ ...lock, pid: Number(pid) }));
  } catch {
    return [];
  }
}

/**
 * Parses the format of proc_locks(5), also in the lines of a descriptor's `fdinfo`. Skips waiting
 * locks ("->"), which are not held.
 */
export function parseLockTable(text: string): KernelLock[] {
  const line =
    /^(?:lock:\t)?\d+: (?:POSIX|OFDLCK)\s+\S+\s+(READ|WRITE)\s+(-?\d+) ([0-9a-f]+:[0-9a-f]+):(\d+) (\d+) (\d+|EOF)/gm;
  return [...text.matchAll(line)].map(([, mode, pid, device = "", inode = "", from, to]) => ({
    pid: Number(pid),
    write: mode === "WRITE",
    device,
    inode,
    from: Number(from),
    to: to === "EOF" ? Number.POSITIVE_INFINITY : Number(to),
  }));
}

/** The strongest effect of one process's locks on one database. */
export function heldLock(
  locks: readonly { readonly part: FilePart; readonly lock: KernelLock }[],
): HeldLock {
  const on = (part: FilePart, from: number, to: number, write?: boolean): boolean =>
    locks.some(
      (each) =>
        each.part === part &&
        each.lock.from <= to &&
        each.lock.to >= from &&
        each.lock.write === (write ?? each.lock.write),
    );
  if (on("main", SHARED, SHARED, true)) return "exclusive";
  if (on("main", PENDING, RESERVED, true) || on("shm", WAL_WRITE, WAL_RECOVER, true))
    return "write";
  const hasMain = locks.some((each) => each.part === "main");
  const hasShm = locks.some((each) => each.part === "shm");
  if (on("shm", WAL_READ, WAL_READ_LAST)) return "read";
  // In WAL mode an idle connection keeps SHARED on the file; without shared memory, SHARED means a
  // running read.
  if (hasMain) return hasShm ? "open" : "read";
  return hasShm ? "shm" : "open";
}

import { readdirSync, readlinkSync, statSync } from "node:fs";
import { LoopShare } from "@flotilla/kernel";
import { type KernelLock, locksThrough } from "./lock-table.ts";

/** Processes that have one of the wanted files open, and the limits of the scan. */
export interface OpenFiles {
  /** pid → keys (`device:inode`) of the wanted files that it has open. */
  readonly byPid: ReadonlyMap<number, ReadonlySet<string>>;
  /** The locks taken through those descriptors, each with the key of its file. */
  readonly locks: readonly { readonly key: string; readonly lock: KernelLock }[];
  /** Number of processes whose open files this user may not list. */
  readonly unreadable: number;
}

/** Milliseconds after which the scan gives the event loop a turn. */
const TURN_MS = 8;

/**
 * Key of a file in {@link OpenFiles}; undefined when it does not exist or is not accessible. Never
 * opens it.
 */
export function fileKey(path: string): string | undefined {
  try {
    const stat = statSync(path, { bigint: true });
    return `${stat.dev}:${stat.ino}`;
  } catch {
    return undefined;
  }
}

/**
 * Scans `/proc/<pid>/fd` of all processes. Only stats the files: opening one would endanger this
 * process's locks on it.
 */
export async function scanOpenFiles(
  wanted: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<OpenFiles> {
  const byPid = new Map<number, ReadonlySet<string>>();
  const locks: OpenFiles["locks"][number][] = [];
  let unreadable = 0;
  const share = new LoopShare(TURN_MS);
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const open = openFilesOf(pid, wanted);
    if (open === "unreadable") unreadable++;
    else if (open.length > 0) {
      byPid.set(Number(pid), new Set(open.map(({ key }) => key)));
      for (const { fd, key } of open)
        locks.push(...locksThrough(pid, fd).map((lock) => ({ key, lock })));
    }
    signal?.throwIfAborted();
    await share.turn();
  }
  return { byPid, locks, unreadable };
}

function openFilesOf(
  pid: string,
  wanted: ReadonlySet<string>,
): { fd: string; key: string }[] | "unreadable" {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const key = keyOfDescriptor(`/proc/${pid}/fd/${fd}`);
      if (key !== undefined && wanted.has(key)) return [{ fd, key }];
      return [];
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") return "unreadable";
    return [];
  }
}

function keyOfDescriptor(link: string): string | undefined {
  try {
    // Sockets, pipes and devices are recognised by name, so that most descriptors need no stat.
    const target = readlinkSync(link);
    if (target.startsWith("/") && !target.startsWith("/dev/")) return fileKey(link);
    return undefined;
  } catch {
    return undefined;
  }
}

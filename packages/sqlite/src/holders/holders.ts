import { realpathSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { systemClock } from "@flotilla/kernel";
import {
  bootId,
  isInContainer,
  isSameIdentity,
  type ProcessIdentity,
  type ProcessState,
  processStat,
  startedAt,
} from "@flotilla/os";
import {
  type FilePart,
  type HeldLock,
  heldLock,
  type KernelLock,
  readLockTable,
} from "./lock-table.ts";
import { fileKey, type OpenFiles, scanOpenFiles } from "./open-files.ts";
import { printableCommand } from "./redact.ts";

/** One process that has the database open. */
export interface Holder {
  readonly pid: number;
  /** Milliseconds since the Unix epoch; null when the process is hidden from this user. */
  readonly startedAt: number | null;
  /**
   * Secrets masked, at most 200 characters; null when hidden or a zombie. Never the environment.
   */
  readonly commandLine: string | null;
  /** The value of `--worker` in its arguments: the session of a Flotilla worker. */
  readonly worker: string | null;
  readonly user: string | null;
  readonly host: string;
  readonly state: ProcessState;
  readonly lock: HeldLock;
  /** "yes" = this process or one of the given identities; "unknown" = no identities were given. */
  readonly ours: "yes" | "no" | "unknown";
  /** Compare it right before a signal. Null when hidden. */
  readonly identity: ProcessIdentity | null;
}

/** Result of {@link findHolders}. */
export interface HolderReport {
  readonly path: string;
  /** Strongest lock first. Contains this process when it has the file open. */
  readonly holders: readonly Holder[];
  /** Why a holder may be missing from the list, as a sentence; null when none can be. */
  readonly notVisible: string | null;
  readonly tookMs: number;
}

/** Knowledge of the caller that makes a {@link HolderReport} more precise. */
export interface HolderOptions {
  /** Processes known to belong to this fleet (the supervisor's record). */
  readonly known?: readonly ProcessIdentity[];
  /**
   * True = the lock was just refused: an empty result then means that the holder is hidden or has
   * just released it.
   */
  readonly refused?: boolean;
  readonly signal?: AbortSignal;
}

const STRENGTH: readonly HeldLock[] = ["exclusive", "write", "read", "open", "shm"];

/**
 * Lists the processes that have this database open, from the kernel's records: open files in
 * `/proc/<pid>/fd` with the locks in their `fdinfo`, and `/proc/locks` for processes that this user
 * may not inspect, by the inodes of the file, its `-wal` and its `-shm`. Sees stopped and hung
 * holders, other names of the file (links, bind mounts) and programs that are not Flotilla's. Never
 * opens the file, so no lock is at risk (https://sqlite.org/howtocorrupt.html section 2.2). Never
 * throws for hidden processes: `notVisible` reports them. On systems other than Linux the list is
 * empty and `notVisible` says so.
 */
export async function findHolders(
  path: string,
  options: HolderOptions = {},
): Promise<HolderReport> {
  const started = systemClock.monotonicMs();
  const report = (holders: Holder[], notVisible: string | null): HolderReport => ({
    path,
    holders: holders.toSorted(
      (a, b) => STRENGTH.indexOf(a.lock) - STRENGTH.indexOf(b.lock) || a.pid - b.pid,
    ),
    notVisible,
    tookMs: systemClock.monotonicMs() - started,
  });
  if (process.platform !== "linux")
    return report([], "This system does not report which process holds a file.");
  const files = partsOf(path);
  const [table, open] = await Promise.all([
    readLockTable(),
    scanOpenFiles(new Set(files.keys()), options.signal),
  ]);
  const relevant = [
    ...open.locks.flatMap(({ key, lock }) => onPart(files.get(key), lock)),
    ...table.flatMap((lock) => matching(lock, files, open)),
  ];
  const pids = new Set(
    [...open.byPid.keys(), ...relevant.map(({ lock }) => lock.pid)].filter((pid) => pid > 0),
  );
  const found = await Promise.all(
    [...pids].map((pid) => describe(pid, lockOf(pid, files, relevant, open), options.known)),
  );
  const holders = found.filter((holder) => holder !== undefined);
  return report(holders, await hidden(holders, relevant, open, options.refused === true));
}

/** The existing files of a database, by key. SQLite names journals after the real path. */
function partsOf(path: string): Map<string, FilePart> {
  const real = realPath(path);
  const named: [string, FilePart][] = [
    [real, "main"],
    [`${real}-wal`, "wal"],
    [`${real}-shm`, "shm"],
  ];
  return new Map(
    named.flatMap(([file, part]) =>
      fileKey(file) === undefined ? [] : [[fileKey(file) ?? "", part]],
    ),
  );
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

interface PartLock {
  readonly part: FilePart;
  readonly lock: KernelLock;
}

const onPart = (part: FilePart | undefined, lock: KernelLock): PartLock[] =>
  part ? [{ part, lock }] : [];

function matching(
  lock: KernelLock,
  files: ReadonlyMap<string, FilePart>,
  open: OpenFiles,
): PartLock[] {
  for (const [key, part] of files) {
    const [device = "", inode] = key.split(":");
    if (inode !== lock.inode) continue;
    // On btrfs and overlayfs the device number of a lock differs from that of stat: there the open
    // file decides.
    if (kernelDevice(BigInt(device)) === lock.device || open.byPid.get(lock.pid)?.has(key))
      return [{ part, lock }];
  }
  return [];
}

function lockOf(
  pid: number,
  files: ReadonlyMap<string, FilePart>,
  relevant: readonly PartLock[],
  open: OpenFiles,
): HeldLock {
  const locks = relevant.filter(({ lock }) => lock.pid === pid);
  const parts = [...(open.byPid.get(pid) ?? [])].map((key) => files.get(key));
  if (locks.length === 0 && parts.length > 0 && parts.every((part) => part === "shm")) return "shm";
  return heldLock(locks);
}

/** `st_dev` as `/proc/locks` prints it (makedev(3)). */
function kernelDevice(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return [major, minor & 0xffffffffn].map((part) => part.toString(16).padStart(2, "0")).join(":");
}

async function describe(
  pid: number,
  lock: HeldLock,
  known: HolderOptions["known"],
): Promise<Holder | undefined> {
  const host = hostname();
  const [facts, boot] = [processStat(pid), bootId()];
  if (!facts || boot === null) {
    if (lock === "open") return undefined; // The process ended between two scans.
    return {
      pid,
      startedAt: null,
      commandLine: null,
      worker: null,
      user: null,
      host,
      state: "unknown",
      lock,
      ours: "unknown",
      identity: null,
    };
  }
  const identity: ProcessIdentity = { pid, startTicks: facts.startTicks, bootId: boot };
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return {
    pid,
    startedAt: startedAt(facts.startTicks),
    commandLine: printableCommand(command) || null,
    worker: argumentAfter("--worker", command),
    user: await userOf(pid),
    host,
    state: facts.state,
    lock,
    ours: isOurs(identity, known),
    identity,
  };
}

function isOurs(identity: ProcessIdentity, known: HolderOptions["known"]): Holder["ours"] {
  if (identity.pid === process.pid) return "yes";
  if (!known) return "unknown";
  return known.some((each) => isSameIdentity(each, identity)) ? "yes" : "no";
}

async function userOf(pid: number): Promise<string | null> {
  const owner = await stat(`/proc/${pid}`).catch(() => undefined);
  if (!owner) return null;
  const users = await readFile("/etc/passwd", "utf8").catch(() => "");
  const line = users.split("\n").find((each) => each.split(":")[2] === String(owner.uid));
  return line?.split(":")[0] ?? `uid ${owner.uid}`;
}

async function hidden(
  holders: readonly Holder[],
  relevant: readonly PartLock[],
  open: OpenFiles,
  refused: boolean,
): Promise<string | null> {
  if (relevant.some(({ lock }) => lock.pid <= 0))
    return "A lock is held by a process that the system does not name (another container?).";
  if (holders.some((holder) => holder.identity === null))
    return "A holder is hidden from this user (/proc is mounted with hidepid, or it has just ended).";
  if (isInContainer())
    return "This process runs in a container: holders outside of it are not visible from here.";
  if (refused && !holders.some((holder) => holder.pid !== process.pid))
    return (
      "The lock has no visible holder: it was just released, or its holder is in another " +
      "container or on another host."
    );
  if (open.unreadable > 0 && holders.length === 0)
    return (
      `Files opened by ${open.unreadable} processes of other users could not be inspected; their ` +
      "locks would be visible."
    );
  return null;
}

/** The value of an option, from the full arguments: the printable command line is cut. */
function argumentAfter(option: string, command: string): string | null {
  const words = command.split("\0");
  const at = words.indexOf(option);
  return at === -1 ? null : (words[at + 1] ?? null);
}

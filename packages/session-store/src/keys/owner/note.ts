import { closeSync, constants, fchmodSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { type ProcessIdentity, pidNamespace, processIdentity, sameProcess } from "@flotilla/os";
import { printableCommand } from "@flotilla/sqlite";
import { readNoteFile } from "../../file/files.ts";

/** Who has a key, as its owner wrote it down beside the lock. No secret. */
export interface OwnerNote {
  readonly pid: number;
  readonly startTicks: string;
  readonly bootId: string;
  /** A pid means something in one PID namespace only. */
  readonly namespace: string;
  readonly commandLine: string;
  /** What the machine or container is called. */
  readonly machine: string;
  readonly host: string;
  readonly dataDir: string;
  readonly worker: string;
  /** Milliseconds since the Unix epoch. */
  readonly since: number;
}

/** The note of this process. */
export function ownNote(
  about: Pick<OwnerNote, "host" | "dataDir" | "worker" | "since">,
): OwnerNote {
  const { startTicks = "", bootId = "" } = processIdentity(process.pid) ?? {};
  const namespace = pidNamespace() ?? "";
  const commandLine = printableCommand(process.argv.join("\0"));
  return {
    pid: process.pid,
    startTicks,
    bootId,
    namespace,
    commandLine,
    machine: hostname(),
    ...about,
  };
}

/**
 * Writes it over the last one, which may belong to another user. Never throws: the lock holds
 * without it.
 */
export function writeNote(path: string, note: OwnerNote): void {
  try {
    const descriptor = openNote(path);
    try {
      ftruncateSync(descriptor);
      writeSync(descriptor, `${JSON.stringify(note)}\n`);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // A full disk, or a note that its owner closed to others: the kernel's record names the owner.
  }
}

/** The next owner of the key may be another user; the umask of this process takes that away. */
const FOR_ALL_USERS = 0o666;

function openNote(path: string): number {
  try {
    const descriptor = openSync(path, "wx", FOR_ALL_USERS);
    fchmodSync(descriptor, FOR_ALL_USERS);
    return descriptor;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // Every user may write beside it: a link would lead to a file of ours.
    return openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  }
}

const TEXTS = [
  "startTicks",
  "bootId",
  "namespace",
  "commandLine",
  "machine",
  "host",
  "dataDir",
  "worker",
] as const;
/** The latest time that a Date can be. */
const MAX_TIME = 8.64e15;

/** Any user may have written it. */
function isNote(found: Partial<Record<keyof OwnerNote, unknown>>): boolean {
  const { pid, since } = found;
  const isTime = typeof since === "number" && Math.abs(since) <= MAX_TIME;
  return Number.isInteger(pid) && isTime && TEXTS.every((name) => typeof found[name] === "string");
}

/** The note, unless it cannot be read or its process is known to be gone. */
export function readNote(path: string): OwnerNote | null {
  try {
    const note = JSON.parse(readNoteFile(path)) as OwnerNote;
    if (!isNote(note)) return null;
    const identity: ProcessIdentity = {
      pid: note.pid,
      startTicks: note.startTicks,
      bootId: note.bootId,
    };
    if (note.namespace === (pidNamespace() ?? "") && !sameProcess(identity)) return null;
    return note;
  } catch {
    return null;
  }
}

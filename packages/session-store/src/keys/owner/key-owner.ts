import { join } from "node:path";
import { AppError, systemClock } from "@flotilla/kernel";
import {
  findHolders,
  lockForMachine,
  type MachineLock,
  mainHolder,
  printableCommand,
} from "@flotilla/sqlite";
import { ownerFolders } from "./folders.ts";
import { type OwnerNote, ownNote, readNote, writeNote } from "./note.ts";

/** Whose keys they are, and where the machine's locks on keys are. */
export interface OwnerPlace {
  /** OWNER_DIR; null = see {@link ownerFolders}. */
  readonly configured: string | null;
  /** Name of this host in the fleet. */
  readonly host: string;
  /** Absolute path. */
  readonly dataDir: string;
}

/**
 * The machine's record of who uses which key: one lock per key's fingerprint and folder, taken
 * before the key is used and held until `close`. Whatever folder, name or copy the key is in, a
 * second user of it on this machine is refused.
 */
export class KeyOwner {
  readonly #place: OwnerPlace;
  readonly #worker: string;
  readonly #held = new Map<string, MachineLock>();
  readonly #since = systemClock.now();

  constructor(place: OwnerPlace, worker: string) {
    this.#place = place;
    this.#worker = worker;
  }

  /**
   * Takes the key with this fingerprint. Idempotent. Throws AppError `session-owned` when another
   * process of this machine has it (named in message and details, and nothing new is held then),
   * `owner-dir`, and `sqlite-*` when a lock cannot be made.
   */
  hold(fingerprint: string): void {
    const taken: string[] = [];
    try {
      for (const folder of ownerFolders(this.#place.configured).paths) {
        const path = lockPath(folder, fingerprint);
        if (this.#held.has(path)) continue;
        this.#held.set(path, take(path));
        taken.push(path);
      }
    } catch (error) {
      for (const path of taken) this.#release(path);
      throw error;
    }
    for (const path of taken) this.#sign(path);
  }

  /**
   * Takes again what was deleted or replaced under us. Throws as {@link KeyOwner.hold};
   * `session-owned` means that another process has the key.
   */
  renew(): void {
    if ([...this.#held.values()].every((lock) => lock.stillThere())) return;
    ownerFolders(this.#place.configured);
    for (const [path, lock] of this.#held) {
      if (lock.stillThere()) continue;
      const again = take(path);
      lock[Symbol.dispose]();
      this.#held.set(path, again);
      this.#sign(path);
    }
  }

  /** Gives all keys back. Idempotent. */
  close(): void {
    for (const path of this.#held.keys()) this.#release(path);
  }

  #sign(path: string): void {
    const { host, dataDir } = this.#place;
    writeNote(notePath(path), ownNote({ host, dataDir, worker: this.#worker, since: this.#since }));
  }

  #release(path: string): void {
    this.#held.get(path)?.[Symbol.dispose]();
    this.#held.delete(path);
  }
}

/**
 * Throws AppError `session-owned` when a process of this machine uses the key with this fingerprint
 * now. Keeps nothing.
 */
export function assertKeyFree(place: OwnerPlace, fingerprint: string): void {
  const look = new KeyOwner(place, "");
  try {
    look.hold(fingerprint);
  } finally {
    look.close();
  }
}

/**
 * The refusal with its holder as the kernel tells it, when the note says nothing. Never rejects.
 */
export async function named(refusal: AppError): Promise<AppError> {
  const path = refusal.details["path"];
  if (typeof path !== "string" || typeof refusal.details["holderPid"] === "number") return refusal;
  const holder = mainHolder(
    await findHolders(path, { refused: true }).catch(() => ({ holders: [] }) as never),
  );
  if (!holder || holder.pid === process.pid) return refusal;
  const who =
    `pid ${holder.pid}, ${program(holder.commandLine ?? "a program that is not visible")} ` +
    `(user ${holder.user ?? "unknown"})`;
  return owned(who, path, {
    holderPid: holder.pid,
    holderCommand: holder.commandLine,
    holderSince: holder.startedAt,
  });
}

function take(path: string): MachineLock {
  try {
    return lockForMachine(path);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "sqlite-locked") throw error;
    const note = readNote(notePath(path));
    if (note === null) throw owned("a process that did not say who it is", path, {});
    throw owned(describe(note), path, detailsOf(note));
  }
}

function owned(
  who: string,
  path: string,
  details: Readonly<Record<string, string | number | null>>,
): AppError {
  const text =
    `The key of this session is in use on this machine by ${who}. Two users of one key make ` +
    "Telegram end the session for both. Stop that one first, or do not use this copy.";
  return new AppError("session-owned", text.slice(0, 500), { details: { path, ...details } });
}

const LONGEST_PROGRAM = 90;

/**
 * Which process, which program, whose data, where, since when: in the order in which a person looks
 * for it.
 */
function describe({ pid, commandLine, host, machine, worker, dataDir, since }: OwnerNote): string {
  const at = machine === host ? host : `${host}, machine ${machine}`;
  const from = new Date(since).toISOString().replace("T", " ").replace(/\..*/, " UTC");
  return (
    `pid ${pid}, ${program(commandLine)} (worker ${worker}, data folder ${dataDir}, host ` +
    `${at}, since ${from})`
  );
}

/**
 * A command line in short: the runtime by its name, the script by its last folders, options of
 * other versions of Flotilla left out.
 */
function program(commandLine: string): string {
  const [runtime = "", script = "", ...rest] = printableCommand(commandLine).split(" ");
  const short = [endOf(runtime, 1), endOf(script, 4), ...rest].join(" ").trim();
  if (short.length <= LONGEST_PROGRAM) return short;
  return `${short.slice(0, LONGEST_PROGRAM)}…`;
}

function endOf(path: string, parts: number): string {
  return path.split("/").slice(-parts).join("/");
}

function detailsOf(note: OwnerNote): Record<string, string | number | null> {
  return {
    holderPid: note.pid,
    holderCommand: note.commandLine,
    holderHost: note.host,
    holderSince: note.since,
    other: note.worker,
  };
}

function lockPath(folder: string, fingerprint: string): string {
  return join(folder, `${fingerprint}.owner`);
}

function notePath(path: string): string {
  return path.replace(/\.owner$/, ".json");
}

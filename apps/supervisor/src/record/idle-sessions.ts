import { lstatSync } from "node:fs";
import { join } from "node:path";
import {
  isTwin,
  neighbourOf,
  type SessionIdentity,
  sessionNames,
  sessionPath,
} from "@flotilla/session-store";
import type { HostDb } from "./host-db.ts";

/** The last reading of a session file. */
interface Read {
  /** Differs after a change of the file or its journal. */
  readonly stamp: string;
  readonly identity: SessionIdentity | null;
}

/**
 * Session files of the folder that a new worker can start with: plain files with a login that no
 * worker of this host has. Leaves out copies of another session, because Telegram ends a session
 * for both when two programs use its key.
 */
export class IdleSessions {
  readonly #db: HostDb;
  readonly #dir: string;
  /** Reading opens the file, so each one is read once per change. */
  readonly #read = new Map<string, Read>();

  constructor(db: HostDb, dataDir: string) {
    this.#db = db;
    this.#dir = join(dataDir, "sessions");
  }

  /** Their names, sorted. */
  names(): string[] {
    const workers = new Set<string>(this.#db.workers().map(({ id }) => id));
    const there = sessionNames(this.#dir);
    for (const name of this.#read.keys()) if (!there.includes(name)) this.#read.delete(name);
    const idle = there
      .filter((name) => !workers.has(name))
      .flatMap((name) => this.#identity(name) ?? []);
    if (idle.length === 0) return [];
    const taken = there
      .filter((name) => workers.has(name))
      .flatMap((name) => this.#identity(name) ?? []);
    const offered: SessionIdentity[] = [];
    for (const each of idle)
      if (![...taken, ...offered].some((other) => isTwin(each, other))) offered.push(each);
    return offered.map(({ name }) => name);
  }

  /** Null when the file is no session, has no login, is unreadable, or is in use by a program. */
  #identity(name: string): SessionIdentity | null {
    const path = sessionPath(this.#dir, name);
    const stamp = stampOf(path);
    if (stamp === null) return null;
    const known = this.#read.get(name);
    if (known?.stamp === stamp) return known.identity;
    const found = neighbourOf(this.#dir, name);
    const identity = found.kind === "known" ? found.identity : null;
    // A file in use is read again: its stamp does not change when the program releases it.
    if (found.kind !== "unknown") this.#read.set(name, { stamp, identity });
    return identity;
  }
}

/** Null for an empty file and for anything but a plain file. */
function stampOf(path: string): string | null {
  const file = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (!file?.isFile() || file.size === 0n) return null;
  const journal = lstatSync(`${path}-wal`, { bigint: true, throwIfNoEntry: false });
  return [file.dev, file.ino, file.size, file.mtimeNs, journal?.size, journal?.mtimeNs].join(":");
}

import { lstatSync } from "node:fs";
import { join } from "node:path";
import { neighbourOf, type SessionIdentity, sessionNames, sessionPath } from "@flotilla/session-store";
import type { HostDb } from "./host-db.ts";

/** A session as it was last read. */
interface Read {
  /** Says whether the file, or its journal, was changed since. */
  readonly stamp: string;
  readonly identity: SessionIdentity | null;
}

/**
 * Session files of the folder that a new worker can start with: a plain file with a login in it that no worker of this host has. A copy of
 * another session is none (two users of one key make Telegram end it for both), and neither is what only has the name of one.
 */
export class IdleSessions {
  readonly #db: HostDb;
  readonly #dir: string;
  /** Reading opens the file: once for each change is enough. */
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
    const idle = there.filter((name) => !workers.has(name)).flatMap((name) => this.#identity(name) ?? []);
    if (idle.length === 0) return [];
    const taken = there.filter((name) => workers.has(name)).flatMap((name) => this.#identity(name) ?? []);
    const offered: SessionIdentity[] = [];
    for (const each of idle) if (![...taken, ...offered].some((other) => isTwin(each, other))) offered.push(each);
    return offered.map(({ name }) => name);
  }

  /** Null: it is no session file, has no login, cannot be read, or another program has it. */
  #identity(name: string): SessionIdentity | null {
    const path = sessionPath(this.#dir, name);
    const stamp = stampOf(path);
    if (stamp === null) return null;
    const known = this.#read.get(name);
    if (known?.stamp === stamp) return known.identity;
    const found = neighbourOf(this.#dir, name);
    const identity = found.kind === "known" ? found.identity : null;
    // One that is in use is asked again: it is free at some time, and does not change by that.
    if (found.kind !== "unknown") this.#read.set(name, { stamp, identity });
    return identity;
  }
}

function isTwin(one: SessionIdentity, other: SessionIdentity): boolean {
  return one.fingerprint === other.fingerprint || (one.userId !== null && one.userId === other.userId);
}

/** Null: no plain file, or an empty one. */
function stampOf(path: string): string | null {
  const file = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (!file?.isFile() || file.size === 0n) return null;
  const journal = lstatSync(`${path}-wal`, { bigint: true, throwIfNoEntry: false });
  return [file.dev, file.ino, file.size, file.mtimeNs, journal?.size, journal?.mtimeNs].join(":");
}

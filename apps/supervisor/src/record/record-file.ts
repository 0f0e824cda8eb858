import { existsSync, renameSync } from "node:fs";
import { AppError, toError } from "@flotilla/kernel";
import { assertSound, backupTo, type Database, openDatabase, type SqliteErrorCode } from "@flotilla/sqlite";
import { joinFound, keyText } from "./merge.ts";
import { emptyMemory, type HostMemory, type RecordKey, readAll, writeKey } from "./rows.ts";
import { MIGRATIONS } from "./schema.ts";

/** What is wrong with the file; its content stays usable in memory. */
export interface RecordTrouble {
  readonly kind: "record-set-aside" | "record-unwritable";
  /** Paths and the code of what failed, for the log and a chat of any language. */
  readonly detail: string;
}

/**
 * What SQLite, or the file's own header, says is damage: the content is lost, whatever is done, and the file is set aside under a new name. Anything else,
 * such as no memory or no free descriptor, says nothing about the content.
 */
const DAMAGE: ReadonlySet<string> = new Set<SqliteErrorCode>([
  "sqlite-corrupt",
  "sqlite-not-a-database",
  "sqlite-empty",
  "sqlite-truncated",
]);
/** No trouble of this file but a decision: another supervisor has it, or another version wrote it. */
const REFUSALS: ReadonlySet<string> = new Set<SqliteErrorCode>([
  "sqlite-locked",
  "sqlite-newer",
  "sqlite-wrong-role",
  "sqlite-network-fs",
]);
const CHECK_BUDGET_MS = 500;
/** So often a file that failed is tried again, beside each new write. */
const RETRY_MS = 5000;

/**
 * `host.db` on its disk. It may fail at any time: what it should hold is in memory, what is not written yet is remembered by key and written with its
 * newest state as soon as the disk lets it. Never throws after its opening.
 */
export class RecordFile {
  readonly path: string;
  /** What it held when it was opened; from then on the caller's. */
  readonly memory: HostMemory;
  /** It was opened and held nothing. One that cannot be opened for now may hold everything. */
  readonly isNew: boolean;
  readonly #dirty = new Map<string, RecordKey>();
  readonly #timer: NodeJS.Timeout;
  #db: Database | null = null;
  #setAside: string | null = null;
  #problem: string | null = null;
  #onFound: () => void = () => {};

  /** Throws AppError `sqlite-locked` when another supervisor of this data folder runs, and `sqlite-newer`, `sqlite-wrong-role`, `sqlite-network-fs`. */
  constructor(path: string) {
    this.path = path;
    const opened = this.#open();
    this.memory = opened ?? emptyMemory();
    this.isNew = opened !== null && opened.workers.size === 0;
    this.#timer = setInterval(() => this.#retry(), RETRY_MS);
    this.#timer.unref();
  }

  /** What is wrong now, or null. */
  trouble(): RecordTrouble | null {
    if (this.#problem !== null) return { kind: "record-unwritable", detail: this.#problem };
    return this.#setAside === null ? null : { kind: "record-set-aside", detail: this.#setAside };
  }

  /** Whether the path still leads to the file that is written to. */
  stillThere(): ReturnType<Database["stillThere"]> {
    return this.#db?.stillThere() ?? "ok";
  }

  /** Writes all that it holds into a new file. Throws AppError `sqlite-*`. */
  rescueTo(target: string): void {
    if (this.#db) backupTo(this.#db, target);
  }

  /** `listen` is called when a file that could not be opened at first could be, and what it held has joined the memory. */
  whenFound(listen: () => void): void {
    this.#onFound = listen;
  }

  /** The rows of these keys changed in memory. */
  changed(...keys: readonly RecordKey[]): void {
    for (const key of keys) {
      const before = this.#dirty.get(keyText(key));
      const replaced = before?.of === "exits" && !before.adds;
      this.#dirty.set(keyText(key), replaced ? before : key);
    }
    this.#flush();
  }

  /** Writes what is still to be written, if it can be, and frees the lock. Idempotent. */
  close(): void {
    clearInterval(this.#timer);
    this.#flush();
    this.#db?.close();
    this.#db = null;
  }

  #open(): HostMemory | null {
    try {
      return this.#openOnce();
    } catch (thrown) {
      const error = toError(thrown);
      const code = error instanceof AppError ? error.code : "";
      if (REFUSALS.has(code)) throw error;
      return DAMAGE.has(code) ? this.#startOver() : this.#without(error);
    }
  }

  #openOnce(): HostMemory {
    const db = openDatabase({ path: this.path, role: "host", migrations: MIGRATIONS, exclusive: true });
    try {
      assertSound(db, { budgetMs: CHECK_BUDGET_MS });
      const memory = readAll(db);
      this.#db = db;
      this.#problem = null;
      return memory;
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Nothing is deleted: the old file stays for a look. */
  #startOver(): HostMemory | null {
    try {
      const aside = `${this.path}.damaged-${new Date().toISOString().replace(/[-:.]/g, "")}`;
      for (const suffix of ["", "-wal", "-journal", "-shm"])
        if (existsSync(this.path + suffix)) renameSync(this.path + suffix, aside + suffix);
      this.#setAside = `${this.path} → ${aside}`;
      return this.#openOnce();
    } catch (again) {
      return this.#without(toError(again));
    }
  }

  #without(error: Error): null {
    this.#failed(error);
    return null;
  }

  #retry(): void {
    if (this.#db === null) this.#reopen();
    this.#flush();
  }

  #reopen(): void {
    try {
      const found = this.#open();
      if (!found) return;
      joinFound(this.memory, found, this.#dirty);
      this.#onFound();
    } catch (error) {
      this.#failed(toError(error));
    }
  }

  #flush(): void {
    const db = this.#db;
    if (db === null || this.#dirty.size === 0) return;
    try {
      const keys = [...this.#dirty.values()].toSorted((a, b) => Number(b.of === "worker") - Number(a.of === "worker"));
      db.transaction("record", () => {
        for (const key of keys) writeKey(db, this.memory, key);
      });
      this.#dirty.clear();
      this.#problem = null;
    } catch (error) {
      this.#failed(toError(error));
    }
  }

  #failed(error: Error): void {
    const code = error instanceof AppError ? error.code : error.name;
    this.#problem = `${this.path}: ${code}`;
  }
}

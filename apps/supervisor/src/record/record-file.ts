import { existsSync, renameSync } from "node:fs";
import { codeOf, fileStamp, systemClock, toError } from "@flotilla/kernel";
import {
  assertSound,
  backupTo,
  type Database,
  openDatabase,
  type SqliteErrorCode,
} from "@flotilla/sqlite";
import { withChanges } from "./loss.ts";
import { joinFound, keyText } from "./merge.ts";
import { emptyMemory, type HostMemory, type RecordKey, readAll, writeKey } from "./rows.ts";
import { MIGRATIONS } from "./schema.ts";

/** A problem of the file; its content stays usable in memory. */
export interface RecordTrouble {
  readonly kind: "record-set-aside" | "record-unwritable";
  /** Paths and an error code, in no language: for the log and the chat. */
  readonly detail: string;
}

/**
 * Codes that prove damage: the content is lost, and the file is renamed and kept. Other errors,
 * such as missing memory or descriptors, say nothing about the content.
 */
const DAMAGE: ReadonlySet<string> = new Set<SqliteErrorCode>([
  "sqlite-corrupt",
  "sqlite-not-a-database",
  "sqlite-empty",
  "sqlite-truncated",
]);
/** Codes that end the start: another supervisor holds the file, or another version wrote it. */
const REFUSALS: ReadonlySet<string> = new Set<SqliteErrorCode>([
  "sqlite-locked",
  "sqlite-newer",
  "sqlite-wrong-role",
  "sqlite-network-fs",
]);
const CHECK_BUDGET_MS = 500;
/** Interval between retries of a failed file; each new write retries too. */
const RETRY_MS = 5000;

/**
 * `host.db` on disk, which may fail at any time. The content is in memory; unwritten rows are
 * remembered by key and written in their newest state when the disk works. Only the constructor and
 * {@link rescueTo} throw.
 */
export class RecordFile {
  readonly path: string;
  /** The content of the file at opening. The caller changes it and calls {@link changed}. */
  readonly memory: HostMemory;
  /**
   * True when the file opened and its supervisor never had a worker. False when it failed to open:
   * it may hold workers.
   */
  readonly isNew: boolean;
  readonly #dirty = new Map<string, RecordKey>();
  readonly #timer: NodeJS.Timeout;
  #db: Database | null = null;
  #setAside: string | null = null;
  #problem: string | null = null;
  #onFound: () => void = () => {};
  #isHeld = false;

  /**
   * Throws AppError `sqlite-locked` when another supervisor of this data folder runs, and
   * `sqlite-newer`, `sqlite-wrong-role`, `sqlite-network-fs`.
   */
  constructor(path: string) {
    this.path = path;
    const opened = this.#open();
    this.memory = opened ?? emptyMemory();
    this.isNew = opened !== null && opened.workers.size === 0 && opened.outcomes.size === 0;
    if (this.memory.loss !== null) this.kept({ of: "loss", id: "loss" });
    this.#timer = setInterval(() => this.#retry(), RETRY_MS);
    this.#timer.unref();
  }

  /** The current problem, or null. */
  trouble(): RecordTrouble | null {
    if (this.#problem !== null) return { kind: "record-unwritable", detail: this.#problem };
    if (this.#setAside === null) return null;
    return { kind: "record-set-aside", detail: this.#setAside };
  }

  /** Whether this process set a damaged file aside. */
  get wasDamaged(): boolean {
    return this.#setAside !== null;
  }

  /** Whether the path still leads to the open file. */
  stillThere(): ReturnType<Database["stillThere"]> {
    return this.#db?.stillThere() ?? "ok";
  }

  /** Copies the whole database into a new file. Throws AppError `sqlite-*`. */
  rescueTo(target: string): void {
    if (this.#db) backupTo(this.#db, target);
  }

  /** Calls `listen` when a file that failed to open opens later, after its content was merged. */
  whenFound(listen: () => void): void {
    this.#onFound = listen;
  }

  /** Marks rows as changed in memory, a pending loss included, and writes all unwritten ones. */
  changed(...keys: readonly RecordKey[]): void {
    const { loss } = this.memory;
    const noted = loss && withChanges(loss, keys);
    this.memory.loss = noted;
    this.kept(...keys, ...(noted === loss ? [] : [{ of: "loss", id: "loss" } as const]));
  }

  /** Writes all changes that `work` makes in one transaction. */
  together(work: () => void): void {
    this.#isHeld = true;
    try {
      work();
    } finally {
      this.#isHeld = false;
      this.#flush();
    }
  }

  /** As {@link changed}, for what comes about by the loss itself, or is taken over from before it. */
  kept(...keys: readonly RecordKey[]): void {
    for (const key of keys) {
      const before = this.#dirty.get(keyText(key));
      const replaced = before?.of === "exits" && !before.adds;
      this.#dirty.set(keyText(key), replaced ? before : key);
    }
    this.#flush();
  }

  /** Writes the unwritten rows if the disk allows it and releases the lock. Idempotent. */
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
      const code = codeOf(error) ?? "";
      if (REFUSALS.has(code)) throw error;
      return DAMAGE.has(code) ? this.#startOver() : this.#without(error);
    }
  }

  #openOnce(): HostMemory {
    const db = openDatabase({
      path: this.path,
      role: "host",
      migrations: MIGRATIONS,
      exclusive: true,
    });
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

  /** Renames the damaged file and starts an empty one. */
  #startOver(): HostMemory | null {
    try {
      const aside = `${this.path}.damaged-${fileStamp(systemClock.now())}`;
      for (const suffix of ["", "-wal", "-journal", "-shm"])
        if (existsSync(this.path + suffix)) renameSync(this.path + suffix, aside + suffix);
      this.#setAside = `${this.path} → ${aside}`;
      const opened = this.#openOnce();
      const [at, detail] = [systemClock.now(), this.#setAside];
      opened.loss = { kind: "record-set-aside", at, detail, started: [], changed: [] };
      return opened;
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
      const isLost = this.#setAside !== null;
      joinFound(this.memory, found, this.#dirty);
      if (isLost && this.memory.loss !== null) {
        this.memory.loss = withChanges(this.memory.loss, [...this.#dirty.values()]);
        this.kept({ of: "loss", id: "loss" });
      }
      this.#onFound();
    } catch (error) {
      this.#failed(toError(error));
    }
  }

  #flush(): void {
    const db = this.#db;
    if (db === null || this.#dirty.size === 0 || this.#isHeld) return;
    try {
      const keys = [...this.#dirty.values()].toSorted(
        (a, b) => Number(b.of === "worker") - Number(a.of === "worker"),
      );
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
    this.#problem = `${this.path}: ${codeOf(error) ?? error.name}`;
  }
}

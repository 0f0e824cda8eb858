import { statSync } from "node:fs";
import { AppError } from "@flotilla/kernel";
import type BetterSqlite from "better-sqlite3";
import { type SqliteErrorCode, toSqliteError } from "../base/errors.ts";
import {
  type DurationStats,
  Meter,
  type OperationStats,
  type RecentWaits,
  type SlowOperation,
} from "../base/measure.ts";
import { fileKey } from "../holders/open-files.ts";

/** Value of a cell. 64-bit ids are stored as text. */
export type SqlValue = string | number | bigint | Buffer | null;
/** Positional (`?`) or named (`:name`, given without the colon) parameters. */
export type SqlParams = readonly SqlValue[] | Readonly<Record<string, SqlValue>>;

/**
 * `PRAGMA journal_mode` only queries, but SQLite counts it as a statement that may write
 * (https://sqlite.org/c3ref/stmt_readonly.html).
 */
const ASKS_SETTING = /^PRAGMA \w+$/;

/**
 * Read-only view of a database: it has no method that writes, and {@link Database.read} refuses
 * statements that would. Every {@link Database} is one.
 */
export type ReadAccess = Pick<Database, "path" | "read" | "readOne">;

/** Result of {@link Database.checkpoint}. */
export interface CheckpointResult {
  readonly mode: "TRUNCATE" | "PASSIVE";
  /** End of the checkpoint, in monotonic milliseconds. */
  readonly at: number;
  /** True = a reader or writer of another connection blocked it; the journal is not empty. */
  readonly busy: boolean;
  readonly walPages: number;
  readonly movedPages: number;
  readonly tookMs: number;
}

/** Result of {@link Database.stats}. */
export interface DatabaseStats {
  /** How long transactions and single writes held the write lock. */
  readonly holds: DurationStats;
  /** How long they waited for it, failed waits included. */
  readonly waits: DurationStats;
  /**
   * Per name given to {@link Database.transaction}; single writes are "write", unnamed transactions
   * "transaction".
   */
  readonly operations: Readonly<Record<string, OperationStats>>;
  readonly walBytes: number;
  readonly lastCheckpoint: CheckpointResult | null;
}

/** https://sqlite.org/pragma.html#pragma_auto_vacuum */
const INCREMENTAL = 2;
/**
 * Most pages that are rewritten at once: 16 MiB, which takes less time than the heartbeat interval.
 */
const MAX_REWRITTEN_PAGES = 4096;

/**
 * One open database file. All calls are synchronous. Throws AppError with a code of {@link
 * SqliteErrorCode}; the error never contains SQL or parameters.
 */
export class Database implements Disposable {
  readonly path: string;
  readonly #raw: BetterSqlite.Database;
  readonly #statements = new Map<string, BetterSqlite.Statement>();
  readonly #file: string | undefined;
  readonly #meter: Meter;
  #lastCheckpoint: CheckpointResult | null = null;

  /** Called by `openDatabase` only. */
  constructor(raw: BetterSqlite.Database, path: string, meter = new Meter()) {
    this.#raw = raw;
    this.path = path;
    this.#file = fileKey(path);
    this.#meter = meter;
  }

  /**
   * All rows of a query. The caller guarantees the row type. AppError `sqlite-not-a-query` for a
   * statement that writes.
   */
  read<Row extends object>(sql: string, params: SqlParams = []): Row[] {
    return this.#run(() => this.#query(sql).all(params as SqlValue[]) as Row[]);
  }

  /** The first row of a query, or undefined. */
  readOne<Row extends object>(sql: string, params: SqlParams = []): Row | undefined {
    return this.#run(() => this.#query(sql).get(params as SqlValue[]) as Row | undefined);
  }

  /** Runs one statement that writes. Returns the number of changed rows. */
  write(
    sql: string,
    params: SqlParams = [],
  ): { readonly changes: number; readonly lastId: number } {
    const inside = this.#raw.inTransaction;
    const started = this.#meter.now();
    const result = this.#run(
      () => this.#statement(sql).run(params as SqlValue[]),
      () => this.#meter.wait("write", this.#meter.now() - started),
    );
    if (!inside) this.#meter.hold("write", this.#meter.now() - started);
    return { changes: result.changes, lastId: Number(result.lastInsertRowid) };
  }

  /**
   * Runs `work` in BEGIN IMMEDIATE … COMMIT; rolls back when it throws. A nested call joins as a
   * savepoint. `work` must be synchronous: AppError `sqlite-async-transaction` (rolled back) when
   * it returns a promise. `name` is the operation in {@link stats} and in the events about slow
   * ones.
   */
  transaction<T>(work: () => T): T;
  transaction<T>(name: string, work: () => T): T;
  transaction<T>(...args: [work: () => T] | [name: string, work: () => T]): T {
    const [name, work] = args.length === 2 ? args : ["transaction", args[0]];
    const outermost = !this.#raw.inTransaction;
    const asked = this.#meter.now();
    let began: number | undefined;
    const guarded = (): T => {
      began = this.#meter.now();
      return synchronous(work());
    };
    try {
      return this.#run(() => this.#raw.transaction(guarded).immediate());
    } finally {
      if (outermost) this.#measure(name, asked, began);
    }
  }

  /**
   * Moves the journal into the file. TRUNCATE also empties it; when another connection blocks that,
   * PASSIVE moves what it can. Never waits. Not inside a transaction (AppError `sqlite-locked`).
   */
  checkpoint(): CheckpointResult {
    const first = this.#checkpoint("TRUNCATE");
    this.#lastCheckpoint = first.busy ? { ...this.#checkpoint("PASSIVE"), busy: true } : first;
    return this.#lastCheckpoint;
  }

  /**
   * Returns up to `pages` free pages to the file system; true when there are more. A file of
   * version 0.1 keeps its pages until it is small enough to be rewritten at once. Not inside a
   * transaction.
   */
  shrink(pages: number): boolean {
    return this.#run(() => {
      const free = Number(this.#raw.pragma("freelist_count", { simple: true }));
      if (free === 0) return false;
      if (this.#raw.pragma("auto_vacuum", { simple: true }) !== INCREMENTAL) {
        const used = Number(this.#raw.pragma("page_count", { simple: true })) - free;
        if (used > MAX_REWRITTEN_PAGES) return false;
        this.#raw.pragma("auto_vacuum = INCREMENTAL");
        this.#raw.exec("VACUUM");
        return false;
      }
      this.#raw.pragma(`incremental_vacuum(${pages})`);
      return free > pages;
    });
  }

  /** Measurements since the file was opened. */
  stats(): DatabaseStats {
    return {
      holds: this.#meter.holds.stats(),
      waits: this.#meter.waits.stats(),
      operations: this.#meter.operations(),
      walBytes: this.walBytes(),
      lastCheckpoint: this.#lastCheckpoint,
    };
  }

  /** Size of the journal in bytes. */
  walBytes(): number {
    return statSync(`${this.path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** The lock waits of the last `windowMs` milliseconds. */
  recentWaits(windowMs: number): RecentWaits {
    return this.#meter.waits.since(this.#meter.now() - windowMs);
  }

  /**
   * Calls `listener` for transactions that held a lock for more than 1 s or waited for it for more
   * than 10 s. Dispose to stop.
   */
  onSlow(listener: (slow: SlowOperation) => void): Disposable {
    return this.#meter.listen(listener);
  }

  /**
   * Whether the path still leads to the open file. Writes to a deleted or replaced file succeed and
   * are lost, and another process may lock the new file. Compares device and inode; does not open
   * the file.
   */
  stillThere(): "ok" | "deleted" | "replaced" {
    const now = fileKey(this.path);
    if (now === this.#file) return "ok";
    return now === undefined ? "deleted" : "replaced";
  }

  /** Moves the journal into the file, closes it and releases its locks. Idempotent. */
  close(): void {
    if (!this.#raw.open) return;
    this.#statements.clear();
    try {
      this.#raw.pragma("wal_checkpoint(TRUNCATE)");
    } catch {
      // The journal stays beside the file; the next open replays it.
    } finally {
      this.#raw.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #measure(name: string, asked: number, began: number | undefined): void {
    const ended = this.#meter.now();
    this.#meter.wait(name, (began ?? ended) - asked);
    if (began !== undefined) this.#meter.hold(name, ended - began);
  }

  #checkpoint(mode: CheckpointResult["mode"]): CheckpointResult {
    const started = this.#meter.now();
    const rows = this.#withoutWaiting(
      () =>
        this.#raw.pragma(`wal_checkpoint(${mode})`) as {
          busy: number;
          log: number;
          checkpointed: number;
        }[],
    );
    const { busy = 1, log = 0, checkpointed = 0 } = rows[0] ?? {};
    return {
      mode,
      at: started,
      busy: busy !== 0,
      walPages: log,
      movedPages: checkpointed,
      tookMs: this.#meter.now() - started,
    };
  }

  #withoutWaiting<T>(work: () => T): T {
    const waitMs = Number(this.#run(() => this.#raw.pragma("busy_timeout", { simple: true })));
    try {
      this.#raw.pragma("busy_timeout = 0");
      return this.#run(work);
    } finally {
      if (this.#raw.open) this.#raw.pragma(`busy_timeout = ${waitMs}`);
    }
  }

  #query(sql: string): BetterSqlite.Statement {
    const statement = this.#statement(sql);
    if (statement.readonly || ASKS_SETTING.test(sql)) return statement;
    throw new AppError<SqliteErrorCode>(
      "sqlite-not-a-query",
      "A statement that writes was run as a query.",
    );
  }

  #statement(sql: string): BetterSqlite.Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#raw.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #run<T>(work: () => T, onLocked?: () => void): T {
    if (!this.#raw.open)
      throw new AppError<SqliteErrorCode>("sqlite-closed", "The database is closed.", {
        details: { path: this.path },
      });
    try {
      return work();
    } catch (error) {
      // Errors of the transaction's own function pass through unchanged.
      if (error instanceof Error && error.constructor.name !== "SqliteError") throw error;
      const known = toSqliteError(error, this.path);
      if (known.code === "sqlite-locked") onLocked?.();
      throw known;
    }
  }
}

function synchronous<T>(result: T): T {
  if (isThenable(result)) {
    result.then(undefined, () => {});
    throw new AppError<SqliteErrorCode>(
      "sqlite-async-transaction",
      "A transaction function must be synchronous.",
    );
  }
  return result;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}

import { AppError } from "@flotilla/kernel";
import type BetterSqlite from "better-sqlite3";
import { type SqliteErrorCode, toSqliteError } from "./errors.ts";

/** What a cell may hold. 64-bit ids are stored as text. */
export type SqlValue = string | number | bigint | Buffer | null;
/** Positional (`?`) or named (`:name`, given without the colon) parameters. */
export type SqlParams = readonly SqlValue[] | Readonly<Record<string, SqlValue>>;

/**
 * One open file. All calls are synchronous. Throws AppError with a code of {@link SqliteErrorCode};
 * SQL and parameters never appear in the error.
 */
export class Database implements Disposable {
  readonly path: string;
  readonly #raw: BetterSqlite.Database;
  readonly #statements = new Map<string, BetterSqlite.Statement>();

  /** Only for `openDatabase`. */
  constructor(raw: BetterSqlite.Database, path: string) {
    this.#raw = raw;
    this.path = path;
  }

  /** All rows of a query. The caller names the row type and answers for it. */
  read<Row extends object>(sql: string, params: SqlParams = []): Row[] {
    return this.#run(() => this.#statement(sql).all(params as SqlValue[]) as Row[]);
  }

  /** The first row of a query, or undefined. */
  readOne<Row extends object>(sql: string, params: SqlParams = []): Row | undefined {
    return this.#run(() => this.#statement(sql).get(params as SqlValue[]) as Row | undefined);
  }

  /** Runs one statement that changes something. Returns how many rows it changed. */
  write(sql: string, params: SqlParams = []): { readonly changes: number; readonly lastId: number } {
    const result = this.#run(() => this.#statement(sql).run(params as SqlValue[]));
    return { changes: result.changes, lastId: Number(result.lastInsertRowid) };
  }

  /**
   * Runs `work` in BEGIN IMMEDIATE … COMMIT; rolls back when it throws. A nested call joins as a savepoint.
   * `work` must be synchronous: AppError `sqlite-async-transaction` (rolled back) when it returns a promise.
   */
  transaction<T>(work: () => T): T {
    const guarded = (): T => {
      const result = work();
      if (isThenable(result)) {
        result.then(undefined, () => {});
        throw new AppError<SqliteErrorCode>("sqlite-async-transaction", "A transaction function must be synchronous.");
      }
      return result;
    };
    return this.#run(() => this.#raw.transaction(guarded).immediate());
  }

  /** Moves the journal into the file, closes it and frees its locks. Idempotent. */
  close(): void {
    if (!this.#raw.open) return;
    this.#statements.clear();
    try {
      this.#raw.pragma("wal_checkpoint(TRUNCATE)");
    } catch {
      // The journal stays beside the file and is replayed at the next open: nothing is lost.
    } finally {
      this.#raw.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #statement(sql: string): BetterSqlite.Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#raw.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #run<T>(work: () => T): T {
    if (!this.#raw.open)
      throw new AppError<SqliteErrorCode>("sqlite-closed", "The database is closed.", { details: { path: this.path } });
    try {
      return work();
    } catch (error) {
      // What a transaction function threw itself passes through unchanged.
      if (error instanceof Error && error.constructor.name !== "SqliteError") throw error;
      throw toSqliteError(error, this.path);
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

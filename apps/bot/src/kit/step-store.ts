import type { Database } from "@flotilla/sqlite";
import type { z } from "zod";

const KEEP_MS = 30 * 24 * 3_600_000;

/** An act in written steps, which the next bot carries on. */
export interface Stepped {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly askedAt: number;
  /** Null = it is under way. */
  readonly end: object | null;
}

type StepTable = "drain" | "move" | "roll";

/**
 * Acts of one kind in `control.db`, kept over a restart of the bot. A row that this version cannot
 * read is none.
 */
export class StepStore<T extends Stepped> {
  readonly #db: Database;
  readonly #table: StepTable;
  readonly #schema: z.ZodType<T>;

  constructor(db: Database, table: StepTable, schema: z.ZodType<T>) {
    this.#db = db;
    this.#table = table;
    this.#schema = schema;
  }

  find(id: string): T | null {
    const sql = `SELECT body FROM ${this.#table} WHERE id = ?`;
    const row = this.#db.readOne<{ body: string }>(sql, [id]);
    return row ? (this.#schema.safeParse(JSON.parse(row.body)).data ?? null) : null;
  }

  /** Those that are under way, oldest first. */
  allUnderWay(): T[] {
    const sql = `SELECT body FROM ${this.#table} WHERE over = 0 ORDER BY asked_at, id`;
    return this.#db
      .read<{ body: string }>(sql)
      .flatMap(({ body }) => this.#schema.safeParse(JSON.parse(body)).data ?? []);
  }

  /** Keeps it as it is now; forgets those that ended and are of more than 30 days ago. */
  save(act: T): void {
    const sql = `INSERT INTO ${this.#table} (id, asked_at, over, body) VALUES (?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET over = excluded.over, body = excluded.body`;
    const { id, askedAt, end } = act;
    this.#db.transaction(() => {
      const old = `DELETE FROM ${this.#table} WHERE over = 1 AND asked_at < ?`;
      this.#db.write(old, [askedAt - KEEP_MS]);
      this.#db.write(sql, [id, askedAt, end ? 1 : 0, JSON.stringify(act)]);
    });
  }
}

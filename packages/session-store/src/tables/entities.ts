import type { Database } from "@flotilla/sqlite";

/**
 * A user, group or channel as the session remembers it. `id` is marked: user 123, group -123,
 * channel -100123.
 */
export interface EntityRow {
  readonly id: string;
  /** Access hash, decimal. */
  readonly hash: string;
  /** Lower case, without @. */
  readonly username: string | null;
  /** Digits only. */
  readonly phone: string | null;
  readonly name: string | null;
  /** Of a group or channel: whether its owner restricts saving. Null or absent: not known. */
  readonly protected?: boolean | null;
}

/** Most entities that a session remembers unless told otherwise. */
export const MAX_ENTITIES = 50_000;

interface Row extends Omit<EntityRow, "protected"> {
  readonly protected: number | null;
}

// What is not said (`min` chats, other programs' files) does not undo what is known.
const UPSERT = `INSERT INTO entity (id, hash, username, phone, name, protected, seen_at)
  VALUES (:id, :hash, :username, :phone, :name, :protected, :now)
  ON CONFLICT (id) DO UPDATE SET hash = :hash, username = :username, phone = :phone, name = :name, seen_at = :now,
    protected = coalesce(:protected, protected)
  WHERE hash <> :hash OR username IS NOT :username OR phone IS NOT :phone OR name IS NOT :name
    OR coalesce(:protected, protected) IS NOT protected OR seen_at < :now - :freshMs`;
const COLUMNS = "SELECT id, hash, username, phone, name, protected FROM entity";
/**
 * `seen_at` of a row that did not change is renewed at most this often: most updates repeat what is
 * known.
 */
const FRESH_MS = 24 * 60 * 60 * 1000;
/**
 * Entities of a busy account come by the thousand; counting them for every update would cost more
 * than they do.
 */
const SWEEP_EVERY = 500;

/**
 * Bounded memory of access hashes: the rows that were not seen for the longest time are dropped
 * first.
 */
export class EntityTable {
  readonly #db: Database;
  readonly #now: () => number;
  readonly #limit: number;
  #sinceSweep = 0;

  constructor(db: Database, now: () => number, limit: number) {
    this.#db = db;
    this.#now = now;
    this.#limit = limit;
  }

  /** Inserts or refreshes all rows in one transaction. */
  upsert(rows: readonly EntityRow[]): void {
    if (rows.length === 0) return;
    this.#db.transaction(() => {
      for (const row of rows) {
        const isProtected =
          row.protected === undefined || row.protected === null ? null : Number(row.protected);
        this.#db.write(UPSERT, {
          ...row,
          protected: isProtected,
          now: this.#now(),
          freshMs: FRESH_MS,
        });
      }
      this.#sinceSweep += rows.length;
      if (this.#sinceSweep >= Math.min(SWEEP_EVERY, this.#limit)) this.#sweep();
    });
  }

  /** Every row, the one seen last first. */
  all(): EntityRow[] {
    return this.#db.read<Row>(`${COLUMNS} ORDER BY seen_at DESC`).map(toEntity);
  }

  byId(id: string): EntityRow | null {
    return this.#one(`${COLUMNS} WHERE id = ?`, id);
  }

  byUsername(username: string): EntityRow | null {
    return this.#one(`${COLUMNS} WHERE username = ? ORDER BY seen_at DESC`, username.toLowerCase());
  }

  byPhone(phone: string): EntityRow | null {
    return this.#one(`${COLUMNS} WHERE phone = ? ORDER BY seen_at DESC`, phone);
  }

  /** How many rows there are. */
  count(): number {
    return this.#db.readOne<{ n: number }>("SELECT count(*) AS n FROM entity")?.n ?? 0;
  }

  #one(sql: string, value: string): EntityRow | null {
    const row = this.#db.readOne<Row>(sql, [value]);
    return row ? toEntity(row) : null;
  }

  #sweep(): void {
    this.#sinceSweep = 0;
    const surplus = this.count() - this.#limit;
    if (surplus <= 0) return;
    this.#db.write(
      "DELETE FROM entity WHERE id IN (SELECT id FROM entity ORDER BY seen_at, rowid LIMIT ?)",
      [surplus],
    );
  }
}

function toEntity(row: Row): EntityRow {
  return { ...row, protected: row.protected === null ? null : row.protected === 1 };
}

import type { Database } from "@flotilla/sqlite";
import { Roll } from "./roll.ts";

const KEEP_MS = 30 * 24 * 3_600_000;

/** Rolling restarts, kept over the restart of the bot that is a part of them. */
export class RollStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  find(id: string): Roll | null {
    const row = this.#db.readOne<{ body: string }>("SELECT body FROM roll WHERE id = ?", [id]);
    return row ? (Roll.safeParse(JSON.parse(row.body)).data ?? null) : null;
  }

  /** The one that is under way; one of an unreadable version is none. */
  underWay(): Roll | null {
    const rows = this.#db.read<{ id: string }>(
      "SELECT id FROM roll WHERE over = 0 ORDER BY asked_at DESC",
    );
    for (const { id } of rows) {
      const roll = this.find(id);
      if (roll) return roll;
    }
    return null;
  }

  /** Keeps it as it is now; forgets those of more than 30 days ago. */
  save(roll: Roll): void {
    const sql = `INSERT INTO roll (id, asked_at, over, body) VALUES (?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET over = excluded.over, body = excluded.body`;
    this.#db.transaction(() => {
      this.#db.write("DELETE FROM roll WHERE asked_at < ?", [roll.askedAt - KEEP_MS]);
      this.#db.write(sql, [roll.id, roll.askedAt, roll.end ? 1 : 0, JSON.stringify(roll)]);
    });
  }
}

import type { Database } from "@flotilla/sqlite";

/**
 * Rows kept per worker. A command expires after a minute, and no worker gets this many in that
 * time.
 */
const KEPT = 500;

/**
 * Commands that were carried out, with how each ended: one that comes again, also after a restart,
 * is not carried out again (field fault A8). Here and not in Redis: who can put a job there once
 * more can remove a note as well. Synchronous and durable; AppError `sqlite-*`.
 */
export class CommandTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** JSON as it was given to {@link add}, or null: never carried out. */
  outcomeOf(id: string): string | null {
    return (
      this.#db.readOne<{ outcome: string }>("SELECT outcome FROM command WHERE id = ?", [id])
        ?.outcome ?? null
    );
  }

  /** Keeps how a command ended; those of long ago are forgotten by their number, as clocks jump. */
  add(id: string, outcome: string): void {
    this.#db.transaction("command", () => {
      this.#db.write("INSERT OR IGNORE INTO command (id, outcome) VALUES (?, ?)", [id, outcome]);
      this.#db.write("DELETE FROM command WHERE n <= (SELECT max(n) FROM command) - ?", [KEPT]);
    });
  }
}

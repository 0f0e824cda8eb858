import type { Database } from "@flotilla/sqlite";

/**
 * Events that Redis has not got yet, so that a restart does not forget them (field fault G9).
 * Synchronous and durable; AppError `sqlite-*`.
 */
export class EventTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** JSON, oldest first. */
  all(): string[] {
    return this.#db
      .read<{ body: string }>("SELECT body FROM kept_event ORDER BY n")
      .map(({ body }) => body);
  }

  /** Keeps one behind the others. */
  add(id: string, body: string): void {
    this.#db.write("INSERT OR IGNORE INTO kept_event (id, body) VALUES (?, ?)", [id, body]);
  }

  remove(id: string): void {
    this.#db.write("DELETE FROM kept_event WHERE id = ?", [id]);
  }

  /** Keeps these, and no others. */
  replace(events: readonly { readonly id: string; readonly body: string }[]): void {
    this.#db.transaction("events", () => {
      this.#db.write("DELETE FROM kept_event");
      for (const { id, body } of events) this.add(id, body);
    });
  }
}

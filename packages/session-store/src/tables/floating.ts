import type { Database } from "@flotilla/sqlite";

/**
 * Whether another host takes this worker over when its host is lost (ADR 18). Travels with the
 * session. Synchronous and durable; AppError `sqlite-*`.
 */
export class Floating {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  isOn(): boolean {
    return this.#db.readOne("SELECT 1 AS found FROM floating") !== undefined;
  }

  set(on: boolean): void {
    this.#db.write(on ? "INSERT OR IGNORE INTO floating VALUES (1)" : "DELETE FROM floating");
  }
}

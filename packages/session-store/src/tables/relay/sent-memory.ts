import type { Database } from "@flotilla/sqlite";
import type { SentIds } from "../outbox-types.ts";
import type { TelegramClock } from "../telegram-clock.ts";

/**
 * What this account has sent for readers: a step that comes again is not done again. Synchronous
 * and durable; AppError `sqlite-*`.
 */
export class SentMemory {
  readonly #db: Database;
  readonly #clock: TelegramClock;

  constructor(db: Database, clock: TelegramClock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** The ids that a step got, or null when it was not sent yet. */
  get(key: string): SentIds | null {
    const row = this.#db.readOne<{ ids: string }>("SELECT ids FROM relay_sent WHERE key = ?", [
      key,
    ]);
    if (!row) return null;
    // Version 0.1 wrote the ids alone.
    const known = JSON.parse(row.ids) as SentIds | SentIds["ids"];
    return "ids" in known ? known : { ids: known };
  }

  /** This step is done. */
  add(key: string, sent: SentIds): void {
    this.#db.write("INSERT OR REPLACE INTO relay_sent VALUES (?, ?, ?)", [
      key,
      JSON.stringify(sent),
      this.#clock.stamp(),
    ]);
  }

  /**
   * Forgets some of what was sent before `before` (milliseconds since the Unix epoch). Returns how
   * many rows went.
   */
  prune(before: number, limit: number): number {
    const sql =
      "DELETE FROM relay_sent WHERE key IN (SELECT key FROM relay_sent WHERE at < ? LIMIT ?)";
    return this.#db.write(sql, [before, limit]).changes;
  }
}

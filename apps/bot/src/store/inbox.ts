import type { Database } from "@flotilla/sqlite";
import type { Update } from "grammy/types";

/**
 * Presses that were fetched and are not done yet: Telegram forgets an update as soon as the next ones are asked for, so
 * it is written down before that. Texts and keypad digits are never kept here: they may be secrets.
 */
export class Inbox {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** True when the update is kept. */
  keep(update: Update): boolean {
    const data = update.callback_query?.data;
    if (data === undefined || data.startsWith("v1:lkey:")) return false;
    const sql = "INSERT INTO inbox (update_id, body) VALUES (?, ?) ON CONFLICT DO NOTHING";
    this.#db.write(sql, [update.update_id, JSON.stringify(update)]);
    return true;
  }

  done(updateId: number): void {
    this.#db.write("DELETE FROM inbox WHERE update_id = ?", [updateId]);
  }

  /** What is left from before, oldest first. */
  left(): Update[] {
    return this.#db
      .read<{ body: string }>("SELECT body FROM inbox ORDER BY update_id")
      .map((row) => JSON.parse(row.body) as Update);
  }
}

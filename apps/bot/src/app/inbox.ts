import type { Database } from "@flotilla/sqlite";
import type { Update } from "grammy/types";

/** Telegram numbers updates one after the other, and restarts after a week of silence. */
const REMEMBERED = 1000;

/**
 * Presses that were fetched and are not done yet: Telegram forgets an update as soon as the next
 * ones are asked for, so it is written down before that. Texts and keypad digits are never kept
 * here: they may be secrets.
 */
export class Inbox {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * `kept`: written down, and may be confirmed. `handle`: to be done before it is confirmed.
   * `known`: here already.
   */
  keep(update: Update): "kept" | "handle" | "known" {
    const known = this.#db.readOne("SELECT update_id FROM inbox WHERE update_id = ?", [
      update.update_id,
    ]);
    if (known) return "known";
    const data = update.callback_query?.data;
    if (data === undefined || data.startsWith("v1:lkey:")) return "handle";
    this.#db.write("INSERT INTO inbox (update_id, body) VALUES (?, ?)", [
      update.update_id,
      JSON.stringify(update),
    ]);
    return "kept";
  }

  /**
   * It is done; its number is remembered, because Telegram sends it again when the bot died before
   * confirming it.
   */
  done(updateId: number): void {
    const sql =
      "INSERT INTO inbox (update_id, body) VALUES (?, '') ON CONFLICT (update_id) DO UPDATE SET body = ''";
    this.#db.transaction(() => {
      this.#db.write(sql, [updateId]);
      this.#db.write("DELETE FROM inbox WHERE body = '' AND update_id < ?", [
        updateId - REMEMBERED,
      ]);
    });
  }

  /** What is left from before, oldest first. */
  left(): Update[] {
    return this.#db
      .read<{ body: string }>("SELECT body FROM inbox WHERE body <> '' ORDER BY update_id")
      .map((row) => JSON.parse(row.body) as Update);
  }
}

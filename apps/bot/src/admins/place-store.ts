import type { Database } from "@flotilla/sqlite";
import { LANGUAGES, type Language } from "../kit/words/words.ts";
import type { AlertChat } from "./admin-store.ts";

/**
 * Groups and topics that an owner opened for the fleet with /here. They hear of every alert; admins
 * may press there.
 */
export class PlaceStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  has(chat: string): boolean {
    return this.#db.readOne("SELECT chat FROM place WHERE chat = ?", [chat]) !== undefined;
  }

  add(chat: string, title: string, language: Language): void {
    const sql = `INSERT INTO place (chat, title, language, reachable) VALUES (?, ?, ?, 1) ON CONFLICT
        (chat) DO UPDATE SET title = excluded.title, language = excluded.language, reachable = 1`;
    this.#db.write(sql, [chat, title, language]);
  }

  remove(chat: string): void {
    this.#db.write("DELETE FROM place WHERE chat = ?", [chat]);
    this.#db.write("DELETE FROM panel WHERE chat = ?", [chat]);
  }

  all(): { readonly chat: string; readonly title: string; readonly reachable: boolean }[] {
    return this.#db
      .read<{ chat: string; title: string; reachable: number }>(
        "SELECT chat, title, reachable FROM place ORDER BY chat",
      )
      .map((row) => ({ chat: row.chat, title: row.title, reachable: row.reachable === 1 }));
  }

  chats(): AlertChat[] {
    return this.all().map(({ chat, reachable }) => ({ chat, reachable, group: true }));
  }

  language(chat: string): Language | null {
    const row = this.#db.readOne<{ language: string }>(
      "SELECT language FROM place WHERE chat = ?",
      [chat],
    );
    return LANGUAGES.find((language) => language === row?.language) ?? null;
  }

  unreachable(chat: string): void {
    this.#db.write("UPDATE place SET reachable = 0 WHERE chat = ?", [chat]);
  }

  /**
   * Telegram made a supergroup of the group: everything that was there is there under a new id.
   * Returns whether the fleet uses it.
   */
  moved(from: string, to: string): boolean {
    const isOpen =
      this.#db.readOne("SELECT 1 FROM place WHERE chat = ? OR chat LIKE ?", [from, `${from}/%`]) !==
      undefined;
    for (const table of ["place", "panel", "delivery", "newest_message"])
      this.#db.write(
        `UPDATE OR REPLACE ${table} SET chat = ? || substr(chat, ?) WHERE chat = ? OR chat LIKE ?`,
        [to, from.length + 1, from, `${from}/%`],
      );
    return isOpen;
  }
}

import type { UserId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import { Draft } from "./route-draft.ts";

/** Milliseconds after which an untouched draft is deleted. */
const KEEP_MS = 24 * 3_600_000;

/** Routes that are being made: one per admin, kept over a restart of the bot. */
export class DraftStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Null: there is none, or one of another version. */
  find(admin: UserId): Draft | null {
    const row = this.#db.readOne<{ body: string }>("SELECT body FROM route_draft WHERE admin = ?", [
      admin,
    ]);
    return row ? (Draft.safeParse(JSON.parse(row.body)).data ?? null) : null;
  }

  save(admin: UserId, draft: Draft, now: number): void {
    this.#db.write("DELETE FROM route_draft WHERE at < ?", [now - KEEP_MS]);
    this.#db.write("INSERT OR REPLACE INTO route_draft (admin, body, at) VALUES (?, ?, ?)", [
      admin,
      JSON.stringify(draft),
      now,
    ]);
  }

  /** Returns whether there was one. */
  remove(admin: UserId): boolean {
    return this.#db.write("DELETE FROM route_draft WHERE admin = ?", [admin]).changes > 0;
  }
}

import type { Database } from "@flotilla/sqlite";
import type { Screen } from "./screen.ts";

/** The live message of a chat: the one that refreshes by itself. */
export interface PanelRow {
  readonly chat: string;
  readonly message: number;
  readonly screen: Screen;
  /** Digest of what is shown, without the clock time. */
  readonly shown: string;
}

/** Remembers live messages over restarts of the bot. */
export class PanelStore {
  readonly #db: Database;
  readonly #screenFrom: (kept: unknown) => Screen;

  /** `screenFrom` reads a screen as it was kept, which may be of another version. */
  constructor(db: Database, screenFrom: (kept: unknown) => Screen) {
    this.#db = db;
    this.#screenFrom = screenFrom;
  }

  all(): PanelRow[] {
    return this.#db
      .read<RawRow>("SELECT chat, message, screen, shown FROM panel")
      .map((row) => this.#parse(row));
  }

  find(chat: string): PanelRow | null {
    const row = this.#db.readOne<RawRow>(
      "SELECT chat, message, screen, shown FROM panel WHERE chat = ?",
      [chat],
    );
    return row ? this.#parse(row) : null;
  }

  set(row: PanelRow): void {
    const sql = `INSERT INTO panel (chat, message, screen, shown) VALUES (?, ?, ?, ?) ON CONFLICT (chat)
        DO UPDATE SET message = excluded.message, screen = excluded.screen, shown =
        excluded.shown`;
    this.#db.write(sql, [row.chat, row.message, JSON.stringify(row.screen), row.shown]);
  }

  forget(chat: string): void {
    this.#db.write("DELETE FROM panel WHERE chat = ?", [chat]);
  }

  #parse(row: RawRow): PanelRow {
    return { ...row, screen: this.#screenFrom(JSON.parse(row.screen)) };
  }
}

interface RawRow {
  readonly chat: string;
  readonly message: number;
  readonly screen: string;
  readonly shown: string;
}

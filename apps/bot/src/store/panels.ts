import type { Database } from "@flotilla/sqlite";
import { Screen } from "../screens/screen.ts";

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

  constructor(db: Database) {
    this.#db = db;
  }

  all(): PanelRow[] {
    return this.#db
      .read<{ chat: string; message: number; screen: string; shown: string }>("SELECT chat, message, screen, shown FROM panel")
      .flatMap(parseRow);
  }

  find(chat: string): PanelRow | null {
    return this.all().find((row) => row.chat === chat) ?? null;
  }

  set(row: PanelRow): void {
    const sql =
      "INSERT INTO panel (chat, message, screen, shown) VALUES (?, ?, ?, ?) ON CONFLICT (chat) DO UPDATE SET message = excluded.message, screen = excluded.screen, shown = excluded.shown";
    this.#db.write(sql, [row.chat, row.message, JSON.stringify(row.screen), row.shown]);
  }

  forget(chat: string): void {
    this.#db.write("DELETE FROM panel WHERE chat = ?", [chat]);
  }
}

function parseRow(row: { chat: string; message: number; screen: string; shown: string }): PanelRow[] {
  const screen = Screen.safeParse(JSON.parse(row.screen));
  return screen.success ? [{ ...row, screen: screen.data }] : [];
}

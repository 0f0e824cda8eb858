import type { Database } from "@flotilla/sqlite";

/** A channel whose posts Telegram copies into a group by itself. */
export interface LinkedChannel {
  /** Marked id. */
  readonly chat: string;
  /** Without @; null while it has none. */
  readonly username: string | null;
}

/** What was learned of a group's channel, and when (milliseconds since the Unix epoch). */
export interface LinkedChat {
  readonly channel: LinkedChannel | null;
  readonly at: number;
}

interface Row {
  readonly channel: string | null;
  readonly username: string | null;
  readonly at: number;
}

/**
 * Which groups are discussion groups, and of which channel. Kept, so that a restart asks Telegram
 * nothing.
 */
export class LinkedChats {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Null: never asked. */
  get(chat: string): LinkedChat | null {
    const row = this.#db.readOne<Row>(
      "SELECT channel, username, at FROM linked_chat WHERE chat = ?",
      [chat],
    );
    if (!row) return null;
    const { channel, username, at } = row;
    return { channel: channel === null ? null : { chat: channel, username }, at };
  }

  set(chat: string, channel: LinkedChannel | null, at: number): void {
    const row = [chat, channel?.chat ?? null, channel?.username ?? null, at];
    this.#db.write("INSERT OR REPLACE INTO linked_chat VALUES (?, ?, ?, ?)", row);
  }
}

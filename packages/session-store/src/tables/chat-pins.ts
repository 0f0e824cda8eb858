import type { Database } from "@flotilla/sqlite";

/**
 * The chat id that each route resolved a name to first, and the new ids of migrated groups. Another
 * chat can take a name; a group that becomes a supergroup gets a new id
 * (https://core.telegram.org/api/channel#migration). Synchronous and durable; AppError `sqlite-*`.
 * Field faults B4 and F20.
 */
export class ChatPins {
  readonly #db: Database;
  readonly #moves: Map<string, string>;

  constructor(db: Database) {
    this.#db = db;
    const rows = db.read<{ chat: string; target: string }>("SELECT chat, target FROM chat_move");
    this.#moves = new Map(rows.map(({ chat, target }) => [chat, target]));
  }

  /** Marked id of the chat that `route` means by `ref`; null: not asked for yet. */
  get(route: string, ref: string): string | null {
    const sql = "SELECT chat FROM chat_pin WHERE route = ? AND ref = ?";
    return this.#db.readOne<{ chat: string }>(sql, [route, ref.toLowerCase()])?.chat ?? null;
  }

  set(route: string, ref: string, chat: string): void {
    this.#db.write("INSERT OR REPLACE INTO chat_pin VALUES (?, ?, ?)", [
      route,
      ref.toLowerCase(),
      chat,
    ]);
  }

  /** A route means by its names whatever they lead to from now on. */
  forget(route: string): void {
    this.#db.write("DELETE FROM chat_pin WHERE route = ?", [route]);
  }

  /** Where a chat is now: itself, or what it became. */
  now(chat: string): string {
    return this.#moves.get(chat) ?? chat;
  }

  /** How many chats are known to have become another one. */
  get moves(): number {
    return this.#moves.size;
  }

  /** A chat became another one. */
  moved(chat: string, to: string): void {
    if (this.#moves.get(chat) === to) return;
    this.#db.write("INSERT OR REPLACE INTO chat_move VALUES (?, ?)", [chat, to]);
    this.#moves.set(chat, to);
  }
}

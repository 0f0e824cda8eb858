import type { Database } from "@flotilla/sqlite";
import type { DeliveredId, MapTarget, PartPlace, TargetPlace } from "../outbox-types.ts";

/**
 * Where each message of a source is in the target of a route, for answers, edits and deletions.
 * Synchronous and durable; AppError `sqlite-*`.
 */
export class DeliveryMap {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Where a message was delivered, at `now` (milliseconds since the Unix epoch). */
  put(route: string, to: TargetPlace, id: DeliveredId, now: number): void {
    const {
      chat,
      message,
      targetMessage,
      rest = [],
      said = null,
      role = null,
      landed = null,
      form = null,
    } = id;
    const sql = `INSERT OR REPLACE INTO relay_map
      (route, chat, message, target_chat, target_message, at, target_topic, said, role, landed, form)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    this.#db.write(sql, [
      route,
      chat,
      message,
      to.chat,
      targetMessage,
      now,
      to.topic,
      said,
      role,
      landed,
      form,
    ]);
    this.#db.write("DELETE FROM relay_part WHERE route = ? AND chat = ? AND message = ?", [
      route,
      chat,
      message,
    ]);
    for (const [part, place] of rest.entries()) {
      if (place === "missing") continue;
      const id = place === "unknown" ? null : place;
      this.#db.write("INSERT INTO relay_part VALUES (?, ?, ?, ?, ?, ?, ?)", [
        route,
        chat,
        message,
        part,
        to.chat,
        id,
        now,
      ]);
    }
  }

  /** A message of a source is gone from the target: nothing is known of it any more. */
  forget(route: string, chat: string, message: number): void {
    this.#db.transaction("relay-forget", () => {
      for (const table of ["relay_map", "relay_part"])
        this.#db.write(`DELETE FROM ${table} WHERE route = ? AND chat = ? AND message = ?`, [
          route,
          chat,
          message,
        ]);
    });
  }

  /**
   * Marked id of the chat that the target of a route became, as far as deliveries showed it; null:
   * it is what the route names.
   */
  landed(route: string, target: string): string | null {
    // Asked for each delivery, and nearly always there is nothing: the primary key would lead over
    // all that the route delivered.
    const sql = `SELECT landed FROM relay_map INDEXED BY relay_map_landed
      WHERE route = ? AND landed IS NOT NULL AND target_chat = ? LIMIT 1`;
    return this.#db.readOne<{ landed: string }>(sql, [route, target])?.landed ?? null;
  }

  /** The other messages of a source that one message of the target stands for. */
  sharing(route: string, chat: string, message: number): number[] {
    const sql = `SELECT other.message AS id FROM relay_map AS mine JOIN relay_map AS other
      ON other.target_chat = mine.target_chat AND other.target_message = mine.target_message
      WHERE mine.route = :route AND mine.chat = :chat AND mine.message = :message
        AND other.route = :route AND other.chat = :chat AND other.message <> :message ORDER BY id`;
    return this.#db.read<{ id: number }>(sql, { route, chat, message }).map(({ id }) => id);
  }

  /** Where a message of a source was delivered by a route; null = it was not. */
  delivered(route: string, chat: string, message: number): MapTarget | null {
    const sql = `SELECT target_message AS message, target_chat AS chat, target_topic AS topic, said,
        role, landed, form FROM relay_map WHERE route = ? AND chat = ? AND message = ?`;
    const found = this.#db.readOne<Omit<MapTarget, "rest">>(sql, [route, chat, message]);
    if (!found) return null;
    const following = `SELECT part, target_message AS id FROM relay_part WHERE route = ? AND chat = ? AND
        message = ? ORDER BY part`;
    const rest: PartPlace[] = [];
    for (const { part, id } of this.#db.read<{ part: number; id: number | null }>(following, [
      route,
      chat,
      message,
    ])) {
      while (rest.length < part) rest.push("missing");
      rest.push(id ?? "unknown");
    }
    return { ...found, rest };
  }

  /**
   * Was this message put there by one of this reader's routes? `chats` are the names the chat goes
   * by.
   */
  isDelivery(chats: readonly string[], message: number): boolean {
    const sql = `SELECT 1 AS found FROM relay_map WHERE target_chat = :chat AND target_message = :message
      UNION ALL SELECT 1 FROM relay_part WHERE target_chat = :chat AND target_message = :message LIMIT 1`;
    return chats.some((chat) => this.#db.readOne(sql, { chat, message }) !== undefined);
  }

  /**
   * Forgets some of what was delivered before `before` (milliseconds since the Unix epoch). Returns
   * how many rows went.
   */
  prune(before: number, limit: number): number {
    const mapped = "SELECT route, chat, message FROM relay_map WHERE at < ? LIMIT ?";
    const parts = "SELECT route, chat, message, part FROM relay_part WHERE at < ? LIMIT ?";
    return [
      `DELETE FROM relay_map WHERE (route, chat, message) IN (${mapped})`,
      `DELETE FROM relay_part WHERE (route, chat, message, part) IN (${parts})`,
    ].reduce((sum, sql) => sum + this.#db.write(sql, [before, limit]).changes, 0);
  }
}

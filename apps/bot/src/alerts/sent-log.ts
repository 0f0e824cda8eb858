import type { Database } from "@flotilla/sqlite";

/** What became of alerts since a time. */
export interface SentCount {
  readonly sent: number;
  readonly delivered: number;
}

const KEEP_MS = 7 * 24 * 3_600_000;
const MINUTE_MS = 60_000;

/** Every try to tell an alert: for the pace of a chat, and for the counters (S1-20). */
export class SentLog {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  write(chat: string, delivered: boolean, now: number): void {
    this.#db.write("DELETE FROM sent WHERE at < ?", [now - KEEP_MS]);
    this.#db.write("INSERT INTO sent (chat, at, delivered) VALUES (?, ?, ?)", [
      chat,
      now,
      delivered ? 1 : 0,
    ]);
  }

  /** When messages went to a chat within the last minute. */
  lately(chat: string, now: number): number[] {
    return this.#db
      .read<{ at: number }>("SELECT at FROM sent WHERE chat = ? AND delivered = 1 AND at > ?", [
        chat,
        now - MINUTE_MS,
      ])
      .map((row) => row.at);
  }

  count(since: number): SentCount {
    const sql =
      "SELECT count(*) AS sent, coalesce(sum(delivered), 0) AS delivered FROM sent WHERE at > ?";
    return this.#db.readOne<SentCount>(sql, [since]) ?? { sent: 0, delivered: 0 };
  }
}

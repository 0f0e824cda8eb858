import type { Database } from "@flotilla/sqlite";

/** A wait that Telegram asked for. Times are milliseconds since the Unix epoch. */
export interface FloodWait {
  /** As in the documentation, e.g. `messages.sendMessage`. */
  readonly method: string;
  /** Marked id of the chat that it is about; empty when it is about all of them. */
  readonly peer: string;
  readonly until: number;
}

/** Why this account does not send until an admin says so. */
export interface SendStop {
  readonly reason: string;
  readonly at: number;
}

/**
 * What Telegram asked this account to wait for. On disk, so that no restart shortens a wait (docs/safety.md, invariant 6). All
 * methods are synchronous and durable when they return; AppError `sqlite-*`.
 */
export class FloodTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** When `method` may be called again for `peer`; 0 = now. */
  until(method: string, peer: string): number {
    const sql = "SELECT max(until) AS until FROM flood_wait WHERE method = ? AND peer IN ('', ?)";
    return this.#db.readOne<{ until: number | null }>(sql, [method, peer])?.until ?? 0;
  }

  /** Waits that are in force at `now`, the longest first. */
  waits(now: number): FloodWait[] {
    const sql = "SELECT method, peer, until FROM flood_wait WHERE until > ? ORDER BY until DESC";
    return this.#db.read<FloodWait>(sql, [now]);
  }

  /** Notes a wait that was asked for at `now`. A shorter one never replaces a longer one. */
  add({ method, peer, until }: FloodWait, now: number): void {
    this.#db.transaction("flood", () => {
      this.#db.write("DELETE FROM flood_wait WHERE until <= ?", [now]);
      const sql = `INSERT INTO flood_wait (method, peer, until) VALUES (:method, :peer, :until)
        ON CONFLICT (method, peer) DO UPDATE SET until = max(until, :until)`;
      this.#db.write(sql, { method, peer, until });
      this.#db.write("DELETE FROM flood_note WHERE at < ?", [now - NOTES_KEPT_MS]);
      this.#db.write("INSERT INTO flood_note (at) VALUES (?)", [now]);
    });
  }

  /** When waits were asked for, oldest first; the last two days. */
  notes(): number[] {
    return this.#db.read<{ at: number }>("SELECT at FROM flood_note ORDER BY at").map(({ at }) => at);
  }

  /** Why sending is stopped, or null. */
  stopped(): SendStop | null {
    return this.#db.readOne<SendStop>("SELECT reason, at FROM send_stop") ?? null;
  }

  /** Stops sending until {@link resume}. */
  stop({ reason, at }: SendStop): void {
    this.#db.write("INSERT OR REPLACE INTO send_stop (one, reason, at) VALUES (1, :reason, :at)", { reason, at });
  }

  /** An admin wants to send again. */
  resume(): void {
    this.#db.write("DELETE FROM send_stop");
  }
}

const NOTES_KEPT_MS = 48 * 60 * 60_000;

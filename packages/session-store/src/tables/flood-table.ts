import type { Database } from "@flotilla/sqlite";
import type { UpTime } from "../file/up-time.ts";

/** A wait that Telegram asked for. Times are milliseconds since the Unix epoch. */
export interface FloodWait {
  /** As in the documentation, e.g. `messages.sendMessage`. */
  readonly method: string;
  /** Marked id of the chat that it is about; empty when it is about all of them. */
  readonly peer: string;
  /** By this machine's clock: for people, not for deadlines. */
  readonly until: number;
}

/** Why this account does not send until an admin says so. */
export interface SendStop {
  readonly reason: string;
  readonly at: number;
}

interface Row {
  readonly method: string;
  readonly peer: string;
  readonly until: number;
  readonly wait_ms: number | null;
  readonly boot: string | null;
  readonly up_until: number | null;
}

/**
 * What Telegram asked this account to wait for. On disk, so that no restart shortens a wait
 * (docs/safety.md, invariant 6). A wait is a duration: it is measured by the time since the machine
 * started, so a clock that jumps neither ends nor prolongs it. Only after a restart of the machine
 * the clock decides, and never for more than the whole wait. All methods are synchronous and
 * durable when they return; AppError `sqlite-*`.
 */
export class FloodTable {
  readonly #db: Database;
  readonly #up: UpTime;

  constructor(db: Database, up: UpTime) {
    this.#db = db;
    this.#up = up;
  }

  /** Milliseconds until `method` may be called again for `peer`; 0: now. */
  leftMs(method: string, peer: string, now: number): number {
    const rows = this.#db.read<Row>(
      "SELECT * FROM flood_wait WHERE method = ? AND peer IN ('', ?)",
      [method, peer],
    );
    return Math.max(0, ...rows.map((row) => this.#left(row, now)));
  }

  /** Waits that are in force at `now`, the longest first. */
  waits(now: number): FloodWait[] {
    return this.#db
      .read<Row>("SELECT * FROM flood_wait")
      .map((row) => ({ method: row.method, peer: row.peer, leftMs: this.#left(row, now) }))
      .filter(({ leftMs }) => leftMs > 0)
      .sort((a, b) => b.leftMs - a.leftMs)
      .map(({ method, peer, leftMs }) => ({ method, peer, until: now + leftMs }));
  }

  /**
   * Notes a wait of `waitMs` that was asked for at `now`. A shorter one never replaces a longer
   * one.
   */
  add({ method, peer }: Pick<FloodWait, "method" | "peer">, waitMs: number, now: number): void {
    this.#db.transaction("flood", () => {
      for (const row of this.#db.read<Row>("SELECT * FROM flood_wait"))
        if (this.#left(row, now) <= 0)
          this.#db.write("DELETE FROM flood_wait WHERE method = ? AND peer = ?", [
            row.method,
            row.peer,
          ]);
      const known = this.#db.readOne<Row>(
        "SELECT * FROM flood_wait WHERE method = ? AND peer = ?",
        [method, peer],
      );
      if (!known || this.#left(known, now) < waitMs) {
        const sql = `INSERT OR REPLACE INTO flood_wait (method, peer, until, wait_ms, boot, up_until)
          VALUES (:method, :peer, :until, :waitMs, :boot, :upUntil)`;
        const upUntil = Math.round(this.#up.ms() + waitMs);
        this.#db.write(sql, {
          method,
          peer,
          until: now + waitMs,
          waitMs,
          boot: this.#up.boot,
          upUntil,
        });
      }
      this.#db.write("DELETE FROM flood_note WHERE at < ?", [now - NOTES_KEPT_MS]);
      this.#db.write("INSERT INTO flood_note (at) VALUES (?)", [now]);
    });
  }

  #left({ until, wait_ms, boot, up_until }: Row, now: number): number {
    const whole = wait_ms ?? Number.POSITIVE_INFINITY;
    const left =
      up_until === null || boot !== this.#up.boot
        ? Number.POSITIVE_INFINITY
        : up_until - this.#up.ms();
    // More than the whole: the time since the start restarted under the same boot id, as in a
    // container (plus rounding).
    if (left <= whole + 1) return Math.min(left, whole);
    return Math.min(until - now, whole);
  }

  /** When waits were asked for, oldest first; the last two days. */
  notes(): number[] {
    return this.#db
      .read<{ at: number }>("SELECT at FROM flood_note ORDER BY at")
      .map(({ at }) => at);
  }

  /** Why sending is stopped, or null. */
  stopped(): SendStop | null {
    return this.#db.readOne<SendStop>("SELECT reason, at FROM send_stop") ?? null;
  }

  /** Stops sending until {@link resume}. */
  stop({ reason, at }: SendStop): void {
    this.#db.write("INSERT OR REPLACE INTO send_stop (one, reason, at) VALUES (1, :reason, :at)", {
      reason,
      at,
    });
  }

  /** An admin wants to send again. */
  resume(): void {
    this.#db.write("DELETE FROM send_stop");
  }
}

const NOTES_KEPT_MS = 48 * 60 * 60_000;

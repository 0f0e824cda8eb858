import type { Database } from "@flotilla/sqlite";
import { isBetween, Move } from "./move.ts";

const KEEP_MS = 30 * 24 * 3_600_000;

/** Moves of workers, kept over a restart of the bot. */
export class MoveStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  find(id: string): Move | null {
    const row = this.#db.readOne<{ body: string }>("SELECT body FROM move WHERE id = ?", [id]);
    return row ? (Move.safeParse(JSON.parse(row.body)).data ?? null) : null;
  }

  /** Those that are under way, oldest first. */
  underWay(): Move[] {
    return this.#db
      .read<{ body: string }>("SELECT body FROM move WHERE over = 0 ORDER BY asked_at, id")
      .flatMap(({ body }) => Move.safeParse(JSON.parse(body)).data ?? []);
  }

  /** The one of this worker that is under way. */
  of(worker: string): Move | null {
    return this.underWay().find((move) => move.worker === worker) ?? null;
  }

  /** Whether only its move may ask for anything about the worker. */
  isBetween(worker: string): boolean {
    const move = this.of(worker);
    return move !== null && isBetween(move);
  }

  /** Keeps it as it is now; forgets those of more than 30 days ago. */
  save(move: Move): void {
    const sql = `INSERT INTO move (id, worker, asked_at, over, body) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET over = excluded.over, body = excluded.body`;
    const { id, worker, askedAt, end } = move;
    this.#db.transaction(() => {
      this.#db.write("DELETE FROM move WHERE over = 1 AND asked_at < ?", [askedAt - KEEP_MS]);
      this.#db.write(sql, [id, worker, askedAt, end ? 1 : 0, JSON.stringify(move)]);
    });
  }
}

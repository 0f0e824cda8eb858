import { type HostId, parseHostId, parseWorkerId, type WorkerId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";

/** A worker as the bot knows it. */
export interface WorkerRow {
  readonly id: WorkerId;
  readonly host: HostId;
}

/** The list of workers. The bot is its only writer. */
export class WorkerStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  all(): WorkerRow[] {
    return this.#db.read<{ id: string; host: string }>("SELECT id, host FROM worker ORDER BY added_at, id").map(parseRow);
  }

  find(id: string): WorkerRow | null {
    const row = this.#db.readOne<{ id: string; host: string }>("SELECT id, host FROM worker WHERE id = ?", [id]);
    return row ? parseRow(row) : null;
  }

  /** False when the name is taken. */
  add(id: WorkerId, host: HostId, by: string, now: number): boolean {
    const sql = "INSERT INTO worker (id, host, added_at, added_by) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
    return this.#db.write(sql, [id, host, now, by]).changes === 1;
  }
}

function parseRow(row: { id: string; host: string }): WorkerRow {
  return { id: parseWorkerId(row.id), host: parseHostId(row.host) };
}

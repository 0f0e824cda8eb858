import { type HostId, parseHostId, parseWorkerId, type WorkerId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";

/** A worker as the bot knows it. */
export interface WorkerRow {
  readonly id: WorkerId;
  readonly host: HostId;
  /** What people call it, or null. */
  readonly label: string | null;
  readonly tags: readonly string[];
  /** What people want to remember of it, on one line; null = nothing. */
  readonly note: string | null;
}

interface RawWorker {
  readonly id: string;
  readonly host: string;
  readonly label: string | null;
  readonly tags: string;
  readonly note: string | null;
}

/** The list of workers. The bot is its only writer. */
export class WorkerStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  all(): WorkerRow[] {
    return this.#db
      .read<RawWorker>("SELECT id, host, label, tags, note FROM worker ORDER BY added_at, id")
      .map(parseRow);
  }

  find(id: string): WorkerRow | null {
    const row = this.#db.readOne<RawWorker>(
      "SELECT id, host, label, tags, note FROM worker WHERE id = ?",
      [id],
    );
    return row ? parseRow(row) : null;
  }

  /** False when the name is taken. */
  add(id: WorkerId, host: HostId, by: string, now: number): boolean {
    const sql =
      "INSERT INTO worker (id, host, added_at, added_by) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
    return this.#db.write(sql, [id, host, now, by]).changes === 1;
  }

  setLabel(id: WorkerId, label: string | null): void {
    this.#db.write("UPDATE worker SET label = ? WHERE id = ?", [label, id]);
  }

  setTags(id: WorkerId, tags: readonly string[]): void {
    this.#db.write("UPDATE worker SET tags = ? WHERE id = ?", [tags.join(" "), id]);
  }

  setNote(id: WorkerId, note: string | null): void {
    this.#db.write("UPDATE worker SET note = ? WHERE id = ?", [note, id]);
  }

  remove(id: WorkerId): void {
    this.#db.write("DELETE FROM worker WHERE id = ?", [id]);
  }
}

function parseRow(row: RawWorker): WorkerRow {
  const { label, note } = row;
  const tags = row.tags.split(" ").filter(Boolean);
  return { id: parseWorkerId(row.id), host: parseHostId(row.host), label, tags, note };
}

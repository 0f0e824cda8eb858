import { type HostId, parseHostId, parseWorkerId, type WorkerId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";

/** A worker as the bot knows it. */
export interface WorkerRow {
  readonly id: WorkerId;
  readonly host: HostId;
  /** True = an owner forgot that host: no supervisor has the worker. */
  readonly hostGone: boolean;
  /** What people call it, or null. */
  readonly label: string | null;
  readonly tags: readonly string[];
  /** What people want to remember of it, on one line; null = nothing. */
  readonly note: string | null;
}

interface RawWorker {
  readonly id: string;
  readonly host: string;
  readonly host_gone: number;
  readonly label: string | null;
  readonly tags: string;
  readonly note: string | null;
}

const COLUMNS = "id, host, host_gone, label, tags, note";

/** The list of workers. The bot is its only writer. */
export class WorkerStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  all(): WorkerRow[] {
    return this.#db
      .read<RawWorker>(`SELECT ${COLUMNS} FROM worker ORDER BY added_at, id`)
      .map(parseRow);
  }

  find(id: string): WorkerRow | null {
    const row = this.#db.readOne<RawWorker>(`SELECT ${COLUMNS} FROM worker WHERE id = ?`, [id]);
    return row ? parseRow(row) : null;
  }

  /** False when the name is taken. */
  add(id: WorkerId, host: HostId, by: string, now: number): boolean {
    const sql =
      "INSERT INTO worker (id, host, added_at, added_by) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
    return this.#db.write(sql, [id, host, now, by]).changes === 1;
  }

  /** A host reports this worker: one that was without a host belongs to it. */
  found(id: WorkerId, host: HostId): void {
    const sql = "UPDATE worker SET host = ?, host_gone = 0 WHERE id = ? AND host_gone = 1";
    this.#db.write(sql, [host, id]);
  }

  /** From now on the worker belongs to another host. */
  setHost(id: WorkerId, host: HostId): void {
    this.#db.write("UPDATE worker SET host = ?, host_gone = 0 WHERE id = ?", [host, id]);
  }

  /** The host is gone for good: its workers are without one. */
  hostGone(host: HostId): void {
    this.#db.write("UPDATE worker SET host_gone = 1 WHERE host = ?", [host]);
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
  const [id, host] = [parseWorkerId(row.id), parseHostId(row.host)];
  return { id, host, hostGone: row.host_gone === 1, label, tags, note };
}

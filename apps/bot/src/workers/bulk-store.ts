import type { Asker, BulkAction, FleetEvent } from "@flotilla/contracts";
import type { Database } from "@flotilla/sqlite";
import { z } from "zod";

const Report = z.object({
  phase: z.string(),
  over: z.boolean(),
  done: z.array(z.string()),
  failed: z.array(
    z.object({ worker: z.string(), message: z.string(), code: z.string().default("") }),
  ),
  current: z.string().nullable(),
});
const Hosts = z.record(z.string(), Report);
const Names = z.array(z.string());

/** One act on many workers, and how far each host has come. */
export interface BulkRow {
  readonly id: string;
  readonly action: BulkAction;
  readonly askerId: string;
  readonly askerName: string;
  readonly askedAt: number;
  readonly total: number;
  /** Whom it is about; empty = written by an older version. */
  readonly workers: readonly string[];
  readonly cancelled: boolean;
  readonly hosts: z.infer<typeof Hosts>;
}

interface RawBulk {
  readonly id: string;
  readonly action: BulkAction;
  readonly asker_id: string;
  readonly asker_name: string;
  readonly asked_at: number;
  readonly total: number;
  readonly cancelled: 0 | 1;
  readonly hosts: string;
  readonly workers: string;
}

const RUNNING = new Set(["canary", "rest"]);
const KEEP_MS = 30 * 24 * 3_600_000;
/** A host that has not begun by then does not begin. */
const UNANSWERED_MS = 90_000;

/** Only so many bulk acts are searched for a worker. */
const LOOK_BACK = 20;

/** Bulk acts, kept over a restart of the bot. */
export class BulkStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** False = this very press was handled before. */
  begin(
    row: Pick<BulkRow, "id" | "action" | "workers">,
    asker: Asker,
    hosts: readonly string[],
    now: number,
  ): boolean {
    const waiting = { phase: "asked", over: false, done: [], failed: [], current: null };
    const reports = Object.fromEntries(hosts.map((host) => [host, waiting]));
    this.#db.write("DELETE FROM bulk WHERE asked_at < ?", [now - KEEP_MS]);
    const sql = `INSERT INTO bulk (id, action, asker_id, asker_name, asked_at, total, cancelled, hosts,
        workers) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?) ON CONFLICT DO NOTHING`;
    const { id, action, workers } = row;
    const about = [JSON.stringify(reports), JSON.stringify(workers)];
    const values = [id, action, asker.id, asker.name, now, workers.length, ...about];
    return this.#db.write(sql, values).changes === 1;
  }

  find(id: string): BulkRow | null {
    const row = this.#db.readOne<RawBulk>("SELECT * FROM bulk WHERE id = ?", [id]);
    if (!row) return null;
    const { action, total } = row;
    return {
      id,
      action,
      total,
      workers: Names.safeParse(JSON.parse(row.workers)).data ?? [],
      askerId: row.asker_id,
      askerName: row.asker_name,
      askedAt: row.asked_at,
      cancelled: row.cancelled === 1,
      hosts: Hosts.safeParse(JSON.parse(row.hosts)).data ?? {},
    };
  }

  /** The newest one whose id ends so. */
  byTail(tail: string): BulkRow | null {
    const row = this.#db.readOne<{ id: string }>(
      "SELECT id FROM bulk WHERE substr(id, -16) = ? ORDER BY asked_at DESC",
      [tail],
    );
    return row ? this.find(row.id) : null;
  }

  /** The newest of the last bulk acts that a host reports as carried out on this worker. */
  latestOf(worker: string): BulkRow | null {
    const rows = this.#db.read<{ id: string }>(
      "SELECT id FROM bulk ORDER BY asked_at DESC LIMIT ?",
      [LOOK_BACK],
    );
    const found = rows.map(({ id }) => this.find(id));
    return (
      found.find(
        (row) => row && Object.values(row.hosts).some(({ done }) => done.includes(worker)),
      ) ?? null
    );
  }

  /** Acts of this kind that are under way, newest first; one that was told to stop is not. */
  underWay(action: BulkAction): BulkRow[] {
    const rows = this.#db.read<{ id: string }>(
      "SELECT id FROM bulk WHERE action = ? AND cancelled = 0 ORDER BY asked_at DESC, id DESC LIMIT ?",
      [action, LOOK_BACK],
    );
    const found = rows.flatMap(({ id }) => this.find(id) ?? []);
    return found.filter(({ hosts }) => Object.values(hosts).some(({ over }) => !over));
  }

  /** Takes a host's report. */
  report(event: Extract<FleetEvent, { kind: "bulk.progress" }>): void {
    const { command, host, phase, done, failed, current } = event;
    this.#set(command, host, { phase, over: !RUNNING.has(phase), done, failed, current });
  }

  /** A host could not be asked. */
  refused(
    id: string,
    host: string,
    workers: readonly string[],
    why: { readonly code: string; readonly message: string },
  ): void {
    const failed = workers.map((worker) => ({ worker, ...why }));
    this.#set(id, host, { phase: "refused", over: true, done: [], failed, current: null });
  }

  cancel(id: string): void {
    this.#db.write("UPDATE bulk SET cancelled = 1 WHERE id = ?", [id]);
  }

  /** Hosts that never began are over: their command is too old by now. */
  giveUp(now: number): void {
    const late = this.#db.read<{ id: string }>(
      "SELECT id FROM bulk WHERE asked_at BETWEEN ? AND ?",
      [now - 2 * UNANSWERED_MS, now - UNANSWERED_MS],
    );
    for (const { id } of late) {
      for (const [host, report] of Object.entries(this.find(id)?.hosts ?? {}))
        if (report.phase === "asked")
          this.#set(id, host, { ...report, phase: "expired", over: true });
    }
  }

  #set(id: string, host: string, report: z.infer<typeof Report>): void {
    const row = this.find(id);
    if (!row) return;
    this.#db.write("UPDATE bulk SET hosts = ? WHERE id = ?", [
      JSON.stringify({ ...row.hosts, [host]: report }),
      id,
    ]);
  }
}

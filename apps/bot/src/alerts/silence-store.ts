import type { Database } from "@flotilla/sqlite";
import type { Silence } from "./plan.ts";

/**
 * A mute or a maintenance window, for one worker or (`scope` = `*`) for all. A scope has one of each
 * at most, and neither ends the other.
 */
export interface SilenceRow {
  readonly scope: string;
  readonly kind: "mute" | "maintenance";
  readonly since: number;
  readonly until: number;
  readonly by: string;
}

/** The scope of a silence of all workers. No worker can have this name. */
export const EVERYBODY = "*";
/** No mute and no maintenance window lasts longer. */
export const LONGEST_MS = 999 * 24 * 3_600_000;
const COLUMNS = "scope, kind, since, until, by_name AS by";

/** Mutes and maintenance windows. Alerts are still opened meanwhile, without a message. */
export class SilenceStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  set(row: SilenceRow): void {
    const sql = `INSERT INTO silence (scope, kind, since, until, by_name) VALUES (?, ?, ?, ?, ?) ON
        CONFLICT (scope, kind) DO UPDATE SET since = excluded.since, until = excluded.until,
        by_name = excluded.by_name`;
    this.#db.write(sql, [row.scope, row.kind, row.since, row.until, row.by]);
  }

  /** Ends one now; it is over at the next look. */
  end(scope: string, kind: SilenceRow["kind"], now: number): void {
    this.#db.write("UPDATE silence SET until = ? WHERE scope = ? AND kind = ? AND until > ?", [
      now,
      scope,
      kind,
      now,
    ]);
  }

  /** Nothing of this worker is silent any more, and no summary is told of it. */
  forget(worker: string): void {
    this.#db.write("DELETE FROM silence WHERE scope = ?", [worker]);
  }

  active(now: number): SilenceRow[] {
    return this.#db.read<SilenceRow>(
      `SELECT ${COLUMNS} FROM silence WHERE until > ? ORDER BY scope, kind`,
      [now],
    );
  }

  /** What else silences one worker when its own mute is over. */
  besides(worker: string, now: number): SilenceRow | null {
    const others = this.active(now).filter(
      ({ scope, kind }) => scope === EVERYBODY || (scope === worker && kind === "maintenance"),
    );
    return others[0] ?? null;
  }

  /** The mute of one worker, or of all. */
  muteOf(scope: string, now: number): SilenceRow | null {
    return this.active(now).find((row) => row.scope === scope && row.kind === "mute") ?? null;
  }

  /** Takes away what is over. Call it in the transaction that tells of it. */
  takeOver(now: number): SilenceRow[] {
    const over = this.#db.read<SilenceRow>(`SELECT ${COLUMNS} FROM silence WHERE until <= ?`, [
      now,
    ]);
    this.#db.write("DELETE FROM silence WHERE until <= ?", [now]);
    return over;
  }
}

/** Silences as the rules see them. */
export function silenceFacts(rows: readonly SilenceRow[]): Silence[] {
  return rows.map((row) => ({
    worker: row.scope === EVERYBODY ? null : row.scope,
    until: row.until,
  }));
}

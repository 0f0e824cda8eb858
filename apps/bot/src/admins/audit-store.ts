import type { Asker } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import { Said, say } from "../kit/words/said.ts";

/** Whom the log names where no admin did it. */
export const SYSTEM: Asker = { id: "0", name: "Flotilla" };

/** Something that an admin did, or Flotilla by itself. */
export interface AuditRow {
  readonly at: number;
  readonly byName: string;
  readonly worker: string | null;
  readonly what: Said;
}

const KEEP_MS = 180 * 24 * 3_600_000;

/** What admins did, and commands except those that only ask, or are parts of a schedule. */
const ROWS = `SELECT at, by_name, worker, what FROM audit
  UNION ALL SELECT asked_at, asker_name, worker, verb || '|' || state FROM command
    WHERE verb NOT IN ('log', 'who', 'devices', 'backups', 'copy', 'relay.find')`;

/** Who did what: commands and everything else that changes something, for half a year. */
export class AuditStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  write(by: Asker, what: Said, worker: WorkerId | null, now: number): void {
    this.#db.write("DELETE FROM audit WHERE at < ?", [now - KEEP_MS]);
    const sql = "INSERT INTO audit (at, by_id, by_name, worker, what) VALUES (?, ?, ?, ?, ?)";
    this.#db.write(sql, [now, by.id, by.name, worker, JSON.stringify(what)]);
  }

  /** Newest first. `filter`: part of a worker's or a person's name. */
  find(filter: string, limit: number, offset = 0): AuditRow[] {
    const like = `%${filter.replace(/[%_\\]/g, (sign) => `\\${sign}`)}%`;
    const rows = this.#db.read<{ at: number; byName: string; worker: string | null; what: string }>(
      `SELECT at, by_name AS byName, worker, what FROM (${ROWS})
         WHERE ? = '' OR by_name LIKE ? ESCAPE '\\' OR worker LIKE ? ESCAPE '\\'
         ORDER BY at DESC LIMIT ? OFFSET ?`,
      [filter, like, like, limit, offset],
    );
    return rows.map((row) => ({ ...row, what: saidOf(row.what) }));
  }
}

function saidOf(text: string): Said {
  if (text.startsWith("{")) return Said.safeParse(JSON.parse(text)).data ?? say("why-unknown");
  const [verb = "", state = ""] = text.split("|");
  return say("audit-command", { verb, state });
}

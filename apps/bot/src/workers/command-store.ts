import { type Asker, type CommandOutcome, commandsWith } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";

/** What was asked for, and how it went. */
export interface CommandRow {
  readonly id: string;
  readonly worker: WorkerId;
  readonly verb: string;
  readonly askerId: string;
  readonly askerName: string;
  readonly askedAt: number;
  readonly state: "asked" | "done" | "failed" | "expired" | "unanswered";
  readonly endedAt: number | null;
  readonly result: string | null;
  /** Of a failure. */
  readonly code: string | null;
}

const COLUMNS =
  "id, worker, verb, asker_id AS askerId, asker_name AS askerName, asked_at AS askedAt, " +
  "state, ended_at AS endedAt, result, code";
/** Kinds in SQL: literals of our own. */
const listed = (kinds: readonly string[]): string => kinds.map((kind) => `'${kind}'`).join(", ");
const ON_CARD = listed(commandsWith(({ onCard }) => onCard));
const DESIRED = listed(commandsWith(({ desired }) => desired !== null));
const KEEP_MS = 180 * 24 * 3600 * 1000;

/** Every command that an admin gave: the card shows the latest, the rest is the audit. */
export class CommandStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Writes the command down before it is sent. Null: send it (once more, if this very press was
   * handled before and its answer is not there: the job has the same id). Else the one that is
   * under way or done.
   */
  ask(id: string, worker: WorkerId, verb: string, asker: Asker, now: number): CommandRow | null {
    return this.#db.transaction(() => {
      const again = this.find(id);
      if (again) return again.state === "asked" ? null : again;
      const open = this.open(worker, verb);
      if (open) return open;
      this.#db.write("DELETE FROM command WHERE asked_at < ?", [now - KEEP_MS]);
      this.#db.write(
        `INSERT INTO command (id, worker, verb, asker_id, asker_name, asked_at, state) VALUES
          (?, ?, ?, ?, ?, ?, 'asked')`,
        [id, worker, verb, asker.id, asker.name, now],
      );
      return null;
    });
  }

  open(worker: WorkerId, verb: string): CommandRow | null {
    return (
      this.#db.readOne<CommandRow>(
        `SELECT ${COLUMNS} FROM command WHERE worker = ? AND verb = ? AND state = 'asked' ORDER
          BY asked_at DESC`,
        [worker, verb],
      ) ?? null
    );
  }

  /** True while a step of a login waits for its answer. */
  openLogin(worker: WorkerId): boolean {
    const sql =
      "SELECT id FROM command WHERE worker = ? AND verb LIKE 'login.%' AND state = 'asked'";
    return this.#db.readOne(sql, [worker]) !== undefined;
  }

  find(id: string): CommandRow | null {
    return (
      this.#db.readOne<CommandRow>(`SELECT ${COLUMNS} FROM command WHERE id = ?`, [id]) ?? null
    );
  }

  /** The latest command of a worker whose outcome stands on its card. */
  latest(worker: WorkerId): CommandRow | null {
    const sql = `SELECT ${COLUMNS} FROM command WHERE worker = ? AND verb IN (${ON_CARD}) ORDER BY
      asked_at DESC LIMIT 1`;
    return this.#db.readOne<CommandRow>(sql, [worker]) ?? null;
  }

  /**
   * The latest command that says whether the worker is to run. One that failed or came too late
   * counts for nothing.
   */
  latestWish(worker: WorkerId): CommandRow | null {
    const sql = `SELECT ${COLUMNS} FROM command WHERE worker = ? AND state NOT IN ('failed', 'expired')
      AND verb IN (${DESIRED}) ORDER BY asked_at DESC LIMIT 1`;
    return this.#db.readOne<CommandRow>(sql, [worker]) ?? null;
  }

  /** Ends a command; a late answer replaces `unanswered`, and nothing else. */
  end(id: string, outcome: CommandOutcome, now: number): void {
    const state = outcome.kind === "failed" || outcome.kind === "expired" ? outcome.kind : "done";
    const result = resultOf(outcome);
    const code = outcome.kind === "failed" ? outcome.code : null;
    this.#db.write(
      `UPDATE command SET state = ?, ended_at = ?, result = ?, code = ? WHERE id = ? AND state
        IN ('asked', 'unanswered')`,
      [state, now, result, code, id],
    );
  }

  /**
   * Commands asked before `askedBefore` without an answer become `unanswered`; they are returned.
   */
  giveUp(askedBefore: number, now: number): CommandRow[] {
    return this.#db.transaction(() => {
      const rows = this.#db.read<CommandRow>(
        `SELECT ${COLUMNS} FROM command WHERE state = 'asked' AND asked_at <= ?`,
        [askedBefore],
      );
      for (const row of rows)
        this.#db.write("UPDATE command SET state = 'unanswered', ended_at = ? WHERE id = ?", [
          now,
          row.id,
        ]);
      return rows;
    });
  }
}

/**
 * What the card shows of an outcome: text, or for holders their JSON, which every reader sees in a
 * language of their own.
 */
function resultOf(outcome: CommandOutcome): string | null {
  if (outcome.kind === "failed") return outcome.message;
  if (outcome.kind === "holders") return JSON.stringify(outcome);
  return outcome.kind === "done" ? (outcome.text ?? null) : null;
}

import { parseWorkerId, type UserId, type WorkerId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import { say } from "../kit/words/said.ts";
import { WizardStep } from "./wizard-state.ts";

/** One login under way: one per admin and one per worker. */
export interface WizardRow {
  readonly admin: UserId;
  readonly worker: WorkerId;
  readonly login: string;
  readonly publicKey: string | null;
  readonly step: WizardStep;
  readonly expiresAt: number;
}

interface RawRow {
  readonly admin: string;
  readonly worker: string;
  readonly login: string;
  readonly public_key: string | null;
  readonly step: string;
  readonly expires_at: number;
}

/** Logins under way, kept over a restart of the bot. Holds no secret. */
export class WizardStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  ofAdmin(admin: UserId): WizardRow | null {
    return parseRow(this.#db.readOne<RawRow>("SELECT * FROM wizard WHERE admin = ?", [admin]));
  }

  ofWorker(worker: WorkerId): WizardRow | null {
    return parseRow(this.#db.readOne<RawRow>("SELECT * FROM wizard WHERE worker = ?", [worker]));
  }

  byLogin(login: string): WizardRow | null {
    return parseRow(this.#db.readOne<RawRow>("SELECT * FROM wizard WHERE login = ?", [login]));
  }

  all(): WizardRow[] {
    return this.#db.read<RawRow>("SELECT * FROM wizard").flatMap((row) => parseRow(row) ?? []);
  }

  save(row: WizardRow): void {
    const sql = `INSERT INTO wizard (admin, worker, login, public_key, step, expires_at) VALUES (?, ?,
        ?, ?, ?, ?) ON CONFLICT (admin) DO UPDATE SET worker = excluded.worker, login =
        excluded.login, public_key = excluded.public_key, step = excluded.step, expires_at =
        excluded.expires_at`;
    this.#db.write(sql, [
      row.admin,
      row.worker,
      row.login,
      row.publicKey,
      JSON.stringify(row.step),
      row.expiresAt,
    ]);
  }

  remove(admin: UserId): void {
    this.#db.write("DELETE FROM wizard WHERE admin = ?", [admin]);
  }

  expired(now: number): WizardRow[] {
    return this.#db
      .read<RawRow>("SELECT * FROM wizard WHERE expires_at < ?", [now])
      .flatMap((row) => parseRow(row) ?? []);
  }
}

function parseRow(row: RawRow | undefined): WizardRow | null {
  if (!row) return null;
  const step = WizardStep.safeParse(JSON.parse(row.step));
  return {
    admin: row.admin as UserId,
    worker: parseWorkerId(row.worker),
    login: row.login,
    publicKey: row.public_key,
    step: step.success ? step.data : { kind: "ended", text: say("login-other-version") },
    expiresAt: row.expires_at,
  };
}

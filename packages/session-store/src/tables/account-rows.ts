import type { Database } from "@flotilla/sqlite";
import type { ChannelState, SelfUser, SessionOrigin, UpdateState } from "./types.ts";

/** Who the account is, where it stands in its update streams, and where its key came from. */
export class AccountRows {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  self(): SelfUser | null {
    return this.#db.readOne<SelfUser>("SELECT id, name, username, phone FROM self") ?? null;
  }

  writeSelf({ id, name, username, phone }: SelfUser, now: number): void {
    this.#db.write(
      `INSERT OR REPLACE INTO self (one, id, name, username, phone, logged_in_at) VALUES (1,
        :id, :name, :username, :phone, :now)`,
      { id, name, username, phone, now },
    );
  }

  rename({ name, username, phone }: SelfUser): void {
    this.#db.write("UPDATE self SET name = :name, username = :username, phone = :phone", {
      name,
      username,
      phone,
    });
  }

  updateState(): UpdateState | null {
    return this.#db.readOne<UpdateState>("SELECT pts, qts, date, seq FROM update_state") ?? null;
  }

  floor(): number {
    return this.#db.readOne<{ floor: number }>("SELECT floor FROM update_state")?.floor ?? 0;
  }

  writeUpdateState({ pts, qts, date, seq }: UpdateState): void {
    const sql = `INSERT INTO update_state (one, pts, qts, date, seq, floor) VALUES (1, :pts, :qts, :date, :seq, :date)
      ON CONFLICT (one) DO UPDATE SET pts = :pts, qts = :qts, date = :date, seq = :seq`;
    this.#db.write(sql, { pts, qts, date, seq });
  }

  channels(): ChannelState[] {
    return this.#db.read<ChannelState>("SELECT id, pts, hash FROM channel_state ORDER BY id");
  }

  writeChannel({ id, pts, hash }: ChannelState): void {
    this.#db.write(
      "INSERT OR REPLACE INTO channel_state (id, pts, hash) VALUES (:id, :pts, :hash)",
      { id, pts, hash },
    );
  }

  /** Moves the cursor of a channel and keeps its hash. */
  moveChannel({ id, pts }: Omit<ChannelState, "hash">): void {
    const sql =
      "INSERT INTO channel_state (id, pts) VALUES (:id, :pts) ON CONFLICT (id) DO UPDATE SET pts = :pts";
    this.#db.write(sql, { id, pts });
  }

  origin(): SessionOrigin | null {
    const sql =
      "SELECT format, api_id AS apiId, imported_at AS importedAt, verified_at AS verifiedAt FROM origin";
    return this.#db.readOne<SessionOrigin>(sql) ?? null;
  }

  writeOrigin({ format, apiId, importedAt, verifiedAt }: SessionOrigin): void {
    const sql = `INSERT OR REPLACE INTO origin (one, format, api_id, imported_at, verified_at)
      VALUES (1, :format, :apiId, :importedAt, :verifiedAt)`;
    this.#db.write(sql, { format, apiId, importedAt, verifiedAt });
  }

  fence(): number {
    return this.#db.readOne<{ number: number }>("SELECT number FROM fence")?.number ?? 0;
  }

  /** False when a higher number is there already. */
  raiseFence(number: number): boolean {
    return (
      this.#db.write("UPDATE fence SET number = :number WHERE number <= :number", { number })
        .changes > 0
    );
  }

  clearOrigin(): void {
    this.#db.write("DELETE FROM origin");
  }

  /** Everything learned for an account is worth nothing to another one. */
  forget(): void {
    const stream = ["self", "entity", "update_state", "channel_state", "inbox", "source", "outage"];
    for (const table of [...stream, "flood_wait", "flood_note", "send_stop"])
      this.#db.write(`DELETE FROM ${table}`);
  }
}

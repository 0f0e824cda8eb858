import type { WorkerId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import { Said } from "../words/said.ts";
import { AlertBody, type AlertRow } from "./alert-card.ts";

/** One message that an admin should see in its newest revision. */
export interface Delivery {
  readonly alert: AlertRow;
  readonly admin: string;
  /** Message id of an earlier revision, or null. */
  readonly message: number | null;
}

interface RawAlert {
  readonly n: number;
  readonly state: "open" | "resolved";
  readonly opened_at: number;
  readonly resolved_at: number | null;
  readonly resolved_by: string | null;
  readonly body: string;
  readonly revision: number;
}

/** Telegram lets a bot edit and reply for so long; what ended before is not told any more. */
const EDITABLE_MS = 48 * 3600 * 1000;

/** Alerts and their outbox: an alert is open until it is resolved, and every admin gets every newest revision. */
export class AlertStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The open alert of a kind for a worker. */
  open(worker: WorkerId, kind: AlertBody["kind"]): AlertRow | null {
    return parseRow(
      this.#db.readOne<RawAlert>("SELECT * FROM alert WHERE worker = ? AND kind = ? AND state = 'open'", [worker, kind]),
    );
  }

  openOf(worker: WorkerId): AlertRow[] {
    return this.#db
      .read<RawAlert>("SELECT * FROM alert WHERE worker = ? AND state = 'open'", [worker])
      .flatMap((row) => parseRow(row) ?? []);
  }

  countOpen(): number {
    return this.#db.readOne<{ count: number }>("SELECT count(*) AS count FROM alert WHERE state = 'open'")?.count ?? 0;
  }

  /** Opens the alert, or puts a new body on the open one. */
  raise(body: AlertBody, now: number): void {
    this.#db.transaction(() => {
      const open = this.open(body.worker, body.kind);
      if (open)
        this.#db.write("UPDATE alert SET body = ?, revision = revision + 1 WHERE n = ?", [JSON.stringify(body), open.n]);
      else
        this.#db.write("INSERT INTO alert (worker, kind, state, opened_at, body, revision) VALUES (?, ?, 'open', ?, ?, 1)", [
          body.worker,
          body.kind,
          now,
          JSON.stringify(body),
        ]);
    });
  }

  resolve(n: number, by: Said, now: number): void {
    this.#db.write(
      "UPDATE alert SET state = 'resolved', resolved_at = ?, resolved_by = ?, revision = revision + 1 WHERE n = ? AND state = 'open'",
      [now, JSON.stringify(by), n],
    );
  }

  /** What still has to be sent or edited for these admins, oldest alert first. */
  due(admins: readonly string[], now: number): Delivery[] {
    const rows = this.#db.read<RawAlert>("SELECT * FROM alert WHERE state = 'open' OR resolved_at > ? ORDER BY n", [
      now - EDITABLE_MS,
    ]);
    return rows.flatMap((raw) => {
      const alert = parseRow(raw);
      return alert ? admins.flatMap((admin) => this.#dueFor(alert, admin)) : [];
    });
  }

  delivered(alert: number, admin: string, message: number, revision: number): void {
    const sql =
      "INSERT INTO delivery (alert, admin, message, revision) VALUES (?, ?, ?, ?) ON CONFLICT (alert, admin) DO UPDATE SET message = excluded.message, revision = excluded.revision";
    this.#db.write(sql, [alert, admin, message, revision]);
  }

  /** The alert that a message shows. */
  byMessage(admin: string, message: number): AlertRow | null {
    return parseRow(
      this.#db.readOne<RawAlert>(
        "SELECT alert.* FROM alert JOIN delivery ON delivery.alert = alert.n WHERE delivery.admin = ? AND delivery.message = ?",
        [admin, message],
      ),
    );
  }

  #dueFor(alert: AlertRow, admin: string): Delivery[] {
    const sent = this.#db.readOne<{ message: number | null; revision: number }>(
      "SELECT message, revision FROM delivery WHERE alert = ? AND admin = ?",
      [alert.n, admin],
    );
    if (sent && sent.revision >= alert.revision) return [];
    // Somebody who became reachable after the end does not need the story of it.
    if (!sent && alert.state === "resolved") return [];
    return [{ alert, admin, message: sent?.message ?? null }];
  }
}

function parseRow(row: RawAlert | undefined): AlertRow | null {
  if (!row) return null;
  const body = AlertBody.safeParse(JSON.parse(row.body));
  if (!body.success) return null;
  return {
    n: row.n,
    state: row.state,
    openedAt: row.opened_at,
    resolvedAt: row.resolved_at,
    resolvedBy: row.resolved_by === null ? null : (Said.safeParse(JSON.parse(row.resolved_by)).data ?? null),
    body: body.data,
    revision: row.revision,
  };
}

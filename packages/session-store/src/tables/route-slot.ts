import { fleetKeyId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import { sealText, unsealText } from "../keys/seal.ts";

/** What the sealed text belongs to. */
const PURPOSE = "route";

/**
 * The worker's own way to Telegram, such as `socks5://user:password@host:port`: sealed, because it
 * may hold a password.
 */
export class RouteSlot {
  readonly #db: Database;
  readonly #fleetKey: Buffer;

  constructor(db: Database, fleetKey: Buffer) {
    this.#db = db;
    this.#fleetKey = fleetKey;
  }

  /** Null: it has none of its own. Throws AppError `key-unreadable`. */
  read(): string | null {
    const row = this.#db.readOne<{ sealed: Buffer }>("SELECT sealed FROM route");
    return row ? unsealText(row.sealed, this.#fleetKey, PURPOSE) : null;
  }

  /** Durable when it returns. Null: none of its own any more. */
  write(route: string | null): void {
    if (route === null) this.#db.write("DELETE FROM route");
    else
      this.#db.write(
        "INSERT OR REPLACE INTO route (one, fleet_key_id, sealed) VALUES (1, :keyId, :sealed)",
        {
          keyId: fleetKeyId(this.#fleetKey),
          sealed: sealText(route, this.#fleetKey, PURPOSE),
        },
      );
  }
}

/**
 * Seals the stored way with another key. Call inside a transaction. Throws AppError
 * `key-unreadable`.
 */
export function rekeyRoute(
  db: Database,
  schema: "main" | "source",
  oldKey: Buffer,
  newKey: Buffer,
): void {
  // A copy that was made before there were routes has no such table.
  if (
    !db.readOne(
      `SELECT 1 AS found FROM ${schema}.sqlite_master WHERE type = 'table' AND name = 'route'`,
    )
  )
    return;
  const row = db.readOne<{ fleet_key_id: string; sealed: Buffer }>(
    `SELECT fleet_key_id, sealed FROM ${schema}.route`,
  );
  if (!row || row.fleet_key_id === fleetKeyId(newKey)) return;
  const sealed = sealText(unsealText(row.sealed, oldKey, PURPOSE), newKey, PURPOSE);
  db.write(`UPDATE ${schema}.route SET fleet_key_id = :keyId, sealed = :sealed`, {
    keyId: fleetKeyId(newKey),
    sealed,
  });
}

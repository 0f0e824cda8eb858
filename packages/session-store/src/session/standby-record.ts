import { gunzipSync, gzipSync } from "node:zlib";
import { type Database, databaseOf, type SqlValue } from "@flotilla/sqlite";
import { MIGRATIONS } from "../file/schema.ts";
import { sealBytes, unsealBytes } from "../keys/seal.ts";

/** What a record is sealed for; another worker's record is not accepted in its place. */
const purposeOf = (name: string): string => `standby record of ${name}`;

/** Most rows that wait in a record. With more the former record stays, which is as true. */
const MOST_WAITING = 2000;

/**
 * The rows of a record: all that the account needs on another host. Messages that wait go along, so
 * the positions beside them are right as they are. What a table without a limit holds is small.
 */
const TABLES: readonly (readonly [table: string, which?: string])[] = [
  ["auth_key", "WHERE slot = 'current'"],
  ["self"],
  ["origin"],
  ["fence"],
  ["floating"],
  ["route"],
  ["update_state"],
  ["channel_state"],
  ["flood_wait"],
  ["send_stop"],
  ["route_stop"],
  ["relay_routes"],
  ["chat_pin"],
  ["chat_move"],
  ["inbox", "WHERE state = 'pending'"],
  ["outbox", "WHERE state IN ('waiting', 'poison')"],
  ["entity", "ORDER BY seen_at DESC LIMIT 300"],
  ["relay_map", "ORDER BY at DESC LIMIT 300"],
  ["relay_sent", "ORDER BY at DESC LIMIT 300"],
];

/**
 * A standby record (ADR 18): a session with what another host needs to start from here, sealed. Null
 * = the session has no key, or so much waits that a record would be large. Throws AppError
 * `sqlite-*`.
 */
export function standbyRecordOf(db: Database, name: string, fleetKey: Buffer): Buffer | null {
  if (!db.readOne("SELECT 1 AS found FROM auth_key WHERE slot = 'current'")) return null;
  const waiting = db.readOne<{ n: number }>(
    `SELECT (SELECT count(*) FROM inbox WHERE state = 'pending') +
      (SELECT count(*) FROM outbox WHERE state IN ('waiting', 'poison')) AS n`,
  );
  if ((waiting?.n ?? 0) > MOST_WAITING) return null;
  const made = databaseOf({ role: "session", migrations: MIGRATIONS }, (copy) => {
    for (const [table, which = ""] of TABLES)
      for (const row of db.read<Record<string, SqlValue>>(`SELECT * FROM ${table} ${which}`)) {
        const names = Object.keys(row);
        const values = names.map((column) => `:${column}`);
        copy.write(
          `INSERT OR REPLACE INTO ${table} (${names.join(", ")}) VALUES (${values.join(", ")})`,
          row,
        );
      }
  });
  return sealBytes(gzipSync(made, { level: 1 }), fleetKey, purposeOf(name));
}

/** The session of a record, for `unpackSession`. Throws AppError `key-unreadable`. */
export function openStandbyRecord(
  sealed: Buffer,
  name: string,
  fleetKey: Buffer,
): { readonly name: "session"; readonly content: Buffer } {
  const content = gunzipSync(unsealBytes(sealed, fleetKey, purposeOf(name)));
  return { name: "session", content };
}

import BetterSqlite from "better-sqlite3";
import { toSqliteError } from "../base/errors.ts";
import { Meter } from "../base/measure.ts";
import { Database } from "./database.ts";

/**
 * An empty database in memory, to which files are attached whose schema must stay as it is. Needs
 * no folder, so a full or missing one does not look like a fault of the files. Native waits for a
 * lock last `busyTimeoutMs`. Throws AppError `sqlite-*`.
 */
export function openScratch(busyTimeoutMs: number): Database {
  const raw = new BetterSqlite(":memory:", { timeout: busyTimeoutMs });
  try {
    raw.pragma("foreign_keys = ON");
    raw.pragma("trusted_schema = OFF");
    raw.pragma("temp_store = MEMORY");
    return new Database(raw, ":memory:", new Meter());
  } catch (error) {
    raw.close();
    throw toSqliteError(error, ":memory:");
  }
}

import { openDatabase } from "@flotilla/sqlite";
import { announce, sessionPath } from "./identity.ts";
import { MIGRATIONS } from "./schema.ts";
import { assertFleetKey } from "./seal.ts";
import { SessionStore } from "./store.ts";
import type { SessionOptions } from "./types.ts";

/**
 * Opens (or creates) the file of one account and takes its exclusive lock for as long as it is open.
 * Throws AppError: `sqlite-*` (`sqlite-locked` = somebody else has it), `bad-fleet-key`, `wrong-fleet-key`, `key-unreadable`,
 * `session-duplicate` (another session of the folder has the same key or account).
 */
export function openSession(options: SessionOptions): SessionStore {
  assertFleetKey(options.fleetKey);
  const path = sessionPath(options.dir, options.name);
  const db = openDatabase({ path, role: "session", migrations: MIGRATIONS, exclusive: true });
  try {
    const store = new SessionStore(db, options);
    const identity = options.unannounced ? null : store.identity();
    if (identity) announce(options.dir, identity);
    return store;
  } catch (error) {
    db.close();
    throw error;
  }
}

import { existsSync } from "node:fs";
import { openDatabase } from "@flotilla/sqlite";
import { announce, sessionPath } from "./identity.ts";
import { MIGRATIONS } from "./schema.ts";
import { assertFleetKey } from "./seal.ts";
import { SessionStore } from "./store.ts";
import type { SessionOptions } from "./types.ts";
import { asInUse, noSession } from "./vault-errors.ts";

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

/**
 * Opens a session that nobody uses, for a tool that never connects: nothing is made when there is none. Throws AppError
 * `session-not-found`, `session-in-use`, and what {@link openSession} throws, except for `session-duplicate`.
 */
export function openIdle(options: Omit<SessionOptions, "unannounced">): SessionStore {
  if (!existsSync(sessionPath(options.dir, options.name))) throw noSession(options.name);
  try {
    return openSession({ ...options, unannounced: true });
  } catch (error) {
    throw asInUse(options.name, error);
  }
}

import { assertSound, openDatabase } from "@flotilla/sqlite";
import { type HostMemory, readAll } from "./rows.ts";
import { MIGRATIONS } from "./schema.ts";

const CHECK_BUDGET_MS = 500;

/**
 * The content of a host.db that was unpacked from an archive; an older one is migrated in place.
 * Throws AppError `sqlite-*`, such as `sqlite-newer` for one of a newer version.
 */
export function readArchivedRecord(path: string): HostMemory {
  using db = openDatabase({ path, role: "host", migrations: MIGRATIONS });
  assertSound(db, { budgetMs: CHECK_BUDGET_MS });
  return readAll(db);
}

import { AppError } from "@flotilla/kernel";
import { GOOD_FOR_MS } from "@flotilla/queue";
import { assertSound, type Database, openDatabase } from "@flotilla/sqlite";
import { MIGRATIONS } from "./schema.ts";

/**
 * Longer than a signed event is good for: who put an old one into its queue once more would have it
 * handled again.
 */
const SEEN_MS = GOOD_FOR_MS + 24 * 3600 * 1000;
const CHECK_BUDGET_MS = 2000;

/** Codes that say the content is lost. */
const DAMAGE: ReadonlySet<string> = new Set([
  "sqlite-corrupt",
  "sqlite-not-a-database",
  "sqlite-empty",
  "sqlite-truncated",
  "sqlite-deleted",
  "sqlite-error",
  "sqlite-wrong-role",
]);

/**
 * Opens `control.db`, held exclusively: a second bot on this data folder is refused with AppError
 * `sqlite-locked`. Throws AppError `sqlite-*` that names the file; one that is damaged is left as
 * it is: an owner decides what becomes of it.
 */
export function openControlDb(path: string): Database {
  try {
    const db = openDatabase({ path, role: "control", migrations: MIGRATIONS, exclusive: true });
    // A page that is broken would else be found in the middle of a press.
    assertReadable(db);
    return db;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(
      error.code,
      isDamage(error) ? damaged(path, error) : `${path}: ${error.message}`,
      {
        cause: error,
        details: error.details,
      },
    );
  }
}

/** True when the content is lost, or is of another program: opening it again does not help. */
export function isDamage({ code }: AppError): boolean {
  return DAMAGE.has(code);
}

function assertReadable(db: Database): void {
  try {
    assertSound(db, { budgetMs: CHECK_BUDGET_MS });
  } catch (error) {
    db.close();
    throw error;
  }
}

function damaged(path: string, { code }: AppError): string {
  return (
    `The bot's database ${path} is damaged (${code}). It holds admins, routes, settings, ` +
    "alerts and the audit; sessions and workers are not in it. The bot asks the people of " +
    "ADMIN_IDS in the chat what becomes of it. Without the chat: stop Flotilla, then npm run " +
    "flotilla -- restore --archive <file> --only control.db. Nothing was changed."
  );
}

/** True the first time an event id is seen. Call it in the transaction that handles the event. */
export function firstSight(db: Database, eventId: string, now: number): boolean {
  db.write("DELETE FROM seen_event WHERE at < ?", [now - SEEN_MS]);
  return (
    db.write("INSERT INTO seen_event (id, at) VALUES (?, ?) ON CONFLICT DO NOTHING", [eventId, now])
      .changes === 1
  );
}

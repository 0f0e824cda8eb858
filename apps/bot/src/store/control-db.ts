import { type Database, openDatabase } from "@flotilla/sqlite";
import { MIGRATIONS } from "./schema.ts";

/** An event id is remembered for a day: BullMQ delivers again within minutes at most. */
const SEEN_MS = 24 * 3600 * 1000;

/** Opens `control.db`, held exclusively: a second bot on this data folder is refused with AppError `sqlite-locked`. */
export function openControlDb(path: string): Database {
  return openDatabase({ path, role: "control", migrations: MIGRATIONS, exclusive: true });
}

/** True the first time an event id is seen. Call it in the transaction that handles the event. */
export function firstSight(db: Database, eventId: string, now: number): boolean {
  db.write("DELETE FROM seen_event WHERE at < ?", [now - SEEN_MS]);
  return db.write("INSERT INTO seen_event (id, at) VALUES (?, ?) ON CONFLICT DO NOTHING", [eventId, now]).changes === 1;
}

import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseWorkerId, type WorkerId } from "@flotilla/kernel";
import { neighbourOf, sessionNames } from "@flotilla/session-store";
import type { HostDb } from "./host-db.ts";

/**
 * Adds workers to a new host.db when they ran here before (session with a key, and a log), with the
 * desired state "running": a lost host.db keeps no account off Telegram. Returns their names.
 */
export function takeKnownWorkers(db: HostDb, dataDir: string, now: number): WorkerId[] {
  if (!db.isNew) return [];
  const sessions = join(dataDir, "sessions");
  const ran = (name: string): boolean => existsSync(join(dataDir, "logs", `${name}.log`));
  const hasKey = (name: string): boolean => neighbourOf(sessions, name).kind === "known";
  const known = sessionNames(sessions)
    .filter((name) => ran(name) && hasKey(name))
    .map(parseWorkerId);
  for (const [index, id] of known.entries()) db.setDesired(id, "running", now + index);
  return known;
}

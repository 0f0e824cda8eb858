import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseWorkerId, type WorkerId } from "@flotilla/kernel";
import { neighbourOf, sessionNames } from "@flotilla/session-store";
import type { HostDb } from "./host-db.ts";

/**
 * When the record of this host is new although workers ran here (their sessions have a key, and their logs are there): they are wanted. A lost record keeps
 * no account off Telegram. Returns their names.
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

import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseWorkerId, type WorkerId } from "@flotilla/kernel";
import { neighbourOf, sessionNames } from "@flotilla/session-store";
import type { HostDb } from "./host-db.ts";

/**
 * Adds workers to a new or lost host.db when they ran here before (session with a key, and a log), with the
 * desired state "running": a lost host.db keeps no account off Telegram. Returns their names.
 * `isMissed`: whether it was lost also when none of them ran here, by their logs.
 */
export function takeKnownWorkers(
  db: HostDb,
  dataDir: string,
  now: number,
  isMissed: () => boolean = () => false,
): WorkerId[] {
  if (!db.isNew) return [];
  const sessions = join(dataDir, "sessions");
  const ran = (name: string): boolean => existsSync(join(dataDir, "logs", `${name}.log`));
  const hasKey = (name: string): boolean => neighbourOf(sessions, name).kind === "known";
  const known = sessionNames(sessions)
    .filter((name) => ran(name) && hasKey(name))
    .map(parseWorkerId);
  if (known.length > 0 || isMissed()) db.takeKnown(known, now);
  return known;
}

import { readBackupNote } from "@flotilla/archive";
import { backupOf } from "@flotilla/config";
import { type BackupConcern, backupConcerns } from "@flotilla/contracts";
import { systemClock } from "@flotilla/kernel";
import type { Finding, Patient } from "./finding.ts";

const WHY = "When this machine is lost, the fleet comes back as it was in its last good archive.";
const BY_HAND = "Then try it by hand: npm run flotilla -- backup (docs/runbooks/backup.md)";

const TEXTS: Readonly<
  Record<BackupConcern, Pick<Finding, "level" | "todo"> & { readonly what: string }>
> = {
  failed: { level: "problem", what: "The last backup failed", todo: `Mend it. ${BY_HAND}` },
  "too-old": {
    level: "problem",
    what: "The last archive is more than twice as old as BACKUP_EVERY_H",
    todo: `See whether the supervisor runs. ${BY_HAND}`,
  },
  "not-sent": {
    level: "problem",
    what: "BACKUP_COMMAND did not take the last archive",
    todo: `Mend the command. ${BY_HAND}`,
  },
  damaged: {
    level: "problem",
    what: "A session was damaged or not readable when the last archive was made",
    todo: "Look for it above. The output of npm run flotilla -- backup names it.",
  },
  "same-disk": {
    level: "hint",
    what: "The last archive is on the disk of the fleet itself: a broken disk takes both",
    todo: "Set BACKUP_DIR to another disk, or BACKUP_COMMAND.",
  },
};

/** Checks how old the last archive of the whole data folder is, and where it lies. */
export function checkArchives({ place }: Patient): Finding[] {
  const note = readBackupNote(place.dataDir);
  if (note === null) return [];
  const { everyMs } = backupOf(place.env, place.root, place.dataDir);
  const { tried, good } = note;
  const now = systemClock.now();
  const status = { everyMs, since: now, triedAt: tried.at, problem: tried.problem, good };
  return backupConcerns(status, now).map((concern) => {
    const { what, level, todo } = TEXTS[concern];
    const isOfTry = concern === "failed" || concern === "not-sent";
    const reason = isOfTry && tried.problem ? `: ${tried.problem.message}` : ".";
    return { check: "archive", level, what: `${what}${reason}`, why: WHY, todo };
  });
}

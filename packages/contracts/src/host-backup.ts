import { z } from "zod";
import { shown } from "./shown.ts";

/** What a host says about the archives of its data folder. Times in milliseconds. */
export const HostBackup = z.object({
  /** From one archive to the next; null = only by hand. */
  everyMs: z.number().nullable(),
  /** When the supervisor started to look after them: before that, none is missed. */
  since: z.number(),
  /** The last try, successful or not; null = there was none. */
  triedAt: z.number().nullable(),
  /** Why that one failed, or what of it; null = nothing. */
  problem: z.object({ code: shown(80), message: shown(500) }).nullable(),
  /** The last verified archive; null = there is none yet. */
  good: z
    .object({
      at: z.number(),
      bytes: z.number(),
      workers: z.number().int(),
      /** Files that were damaged when they were copied, or could not be read. */
      damaged: z.number().int(),
      tookMs: z.number(),
      /** It lies on the disk of the data folder. */
      isSameDisk: z.boolean(),
      /** Whether BACKUP_COMMAND took it; null = there is no such command. */
      isSentAway: z.boolean().nullable(),
    })
    .nullable(),
});
export type HostBackup = z.infer<typeof HostBackup>;

/**
 * What an admin has to know about the backups of a host, the most severe first. `failed` = the last
 * try made none, `not-sent` = BACKUP_COMMAND did not take it, `too-old` = none for twice the time,
 * `damaged` = a file in it is, `same-disk` = one broken disk takes fleet and archive.
 */
export type BackupConcern = "failed" | "too-old" | "not-sent" | "damaged" | "same-disk";

/** Every concern about a host's backups at this time; empty = all is well. */
export function backupConcerns(backup: HostBackup, now: number): BackupConcern[] {
  const { everyMs, good, problem, since } = backup;
  const concerns: BackupConcern[] = [];
  const isSent = good?.isSentAway === true;
  if (problem !== null) concerns.push(problem.code === "backup-command" ? "not-sent" : "failed");
  if (everyMs !== null && now - (good?.at ?? since) > 2 * everyMs) concerns.push("too-old");
  if (good !== null && good.damaged > 0) concerns.push("damaged");
  if (good?.isSameDisk === true && !isSent) concerns.push("same-disk");
  return concerns;
}

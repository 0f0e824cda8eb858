import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writePrivate } from "@flotilla/kernel";
import { z } from "zod";

/** What became of the backups of a data folder: kept in `backup.json` for the supervisor. */
const BackupNote = z.object({
  /** The last try. `problem` = why it failed, or what of it; null = nothing. Never a secret. */
  tried: z.object({
    at: z.number(),
    problem: z.object({ code: z.string(), message: z.string() }).nullable(),
  }),
  /** The last archive that was made and verified; null = none yet. */
  good: z
    .object({
      at: z.number(),
      path: z.string(),
      bytes: z.number(),
      workers: z.number(),
      /** Files that were damaged already, or could not be read. */
      damaged: z.number(),
      tookMs: z.number(),
      /** It lies on the disk of the data folder. */
      isSameDisk: z.boolean(),
      /** Whether BACKUP_COMMAND took it; null = there is no such command. */
      isSentAway: z.boolean().nullable(),
    })
    .nullable(),
});
export type BackupNote = z.infer<typeof BackupNote>;

const FILE = "backup.json";

/** The note of a data folder; null when there is none, or it cannot be read. Never throws. */
export function readBackupNote(dataDir: string): BackupNote | null {
  try {
    return BackupNote.parse(JSON.parse(readFileSync(join(dataDir, FILE), "utf8")));
  } catch {
    return null;
  }
}

/** Replaces the note (0600). Throws the system's error. */
export function writeBackupNote(dataDir: string, note: BackupNote): void {
  writePrivate(join(dataDir, FILE), `${JSON.stringify(note)}\n`);
}

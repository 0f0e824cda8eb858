import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Asker } from "@flotilla/contracts";
import { writePrivate } from "@flotilla/kernel";
import { z } from "zod";

/** What an owner decided about a lost `control.db`. */
const Decision = z.object({
  /** Time of the archive that is put back; null = an empty one is begun. */
  copyAt: z.number().nullable(),
  by: Asker,
  /** Milliseconds since the epoch. */
  at: z.number(),
});
export type Decision = z.infer<typeof Decision>;

/** The cards of a rescue, and what was decided: no database can keep them. */
const RescueNote = z.object({
  /** The message in each chat. */
  cards: z.record(
    z.string(),
    z.object({
      message: z.number(),
      language: z.string(),
      zone: z.string().nullable(),
    }),
  ),
  decision: Decision.nullable(),
});
export type RescueNote = z.infer<typeof RescueNote>;

const FILE = "rescue.json";
const NONE: RescueNote = { cards: {}, decision: null };

/** The note of a data folder; one without cards when there is none, or it cannot be read. */
export function readRescueNote(dataDir: string): RescueNote {
  try {
    return RescueNote.parse(JSON.parse(readFileSync(join(dataDir, FILE), "utf8")));
  } catch {
    return NONE;
  }
}

/** Replaces the note (0600). Throws the system's error. */
export function writeRescueNote(dataDir: string, note: RescueNote): void {
  writePrivate(join(dataDir, FILE), `${JSON.stringify(note)}\n`);
}

/** Removes the note: the rescue is over. */
export function dropRescueNote(dataDir: string): void {
  rmSync(join(dataDir, FILE), { force: true });
}

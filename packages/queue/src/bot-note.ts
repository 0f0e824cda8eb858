import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writePrivate } from "@flotilla/kernel";
import { z } from "zod";

/** What a data folder knows of the bots that had its fleet (ADR 16). */
const BotNote = z.object({
  /**
   * Fencing token of the last bot that ran with this folder; null = its `control.db` was put here
   * by an owner and may take the fleet from any bot that does not run.
   */
  fence: z.number().nullable(),
  /** The highest fencing token of a bot that ran with another folder. 0 = none was seen. */
  seen: z.number(),
});
export type BotNote = z.infer<typeof BotNote>;

const FILE = "bot.json";

/** The note of a data folder; null when there is none, or it cannot be read. */
export function readBotNote(dataDir: string): BotNote | null {
  try {
    return BotNote.parse(JSON.parse(readFileSync(join(dataDir, FILE), "utf8")));
  } catch {
    return null;
  }
}

/** Replaces the note (0600). Throws the system's error. */
export function writeBotNote(dataDir: string, note: BotNote): void {
  writePrivate(join(dataDir, FILE), `${JSON.stringify(note)}\n`);
}

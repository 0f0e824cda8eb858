import type { BotNote, LastBot } from "@flotilla/queue";

/**
 * Whether the `control.db` of a data folder may be the bot's. `older`: another bot ran after it.
 * `unknown`: no bot of this version ran with it. `empty`: there is none.
 */
export type Right = "yes" | "older" | "unknown" | "empty";

/** Fencing token in the note of a folder whose bot was a standby and never the bot. */
export const NEVER_RAN = 0;

/**
 * Decides it from the note of the folder and from the bot that ran last. Two histories of one fleet
 * never follow each other by themselves.
 */
export function rightOf(note: BotNote | null, last: LastBot | null, hasFile: boolean): Right {
  if (note === null) {
    if (last === null) return "yes";
    return hasFile ? "unknown" : "empty";
  }
  if (note.fence === null) return "yes";
  const highest = Math.max(note.seen, last?.fence ?? 0);
  if (note.fence >= highest) return "yes";
  if (note.fence > NEVER_RAN) return "older";
  return hasFile ? "unknown" : "empty";
}

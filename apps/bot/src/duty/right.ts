import type { BotNote, LastBot } from "@flotilla/queue";

/**
 * Whether the `control.db` of a data folder may be the bot's. `older`: another bot ran after it.
 * `unknown`: no bot of this version ran with it. `empty`: there is none.
 */
export type Right = "yes" | "older" | "unknown" | "empty";

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
  return note.fence >= highest ? "yes" : "older";
}

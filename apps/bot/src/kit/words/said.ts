import { z } from "zod";

/**
 * A text by its key and what goes into it: kept in the database where a sentence would be, because
 * every reader has a language of their own. Times are milliseconds since the epoch, durations
 * milliseconds; the text says how they are shown.
 */
export const Said = z.object({
  key: z.string(),
  args: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type Said = z.infer<typeof Said>;

/** A text by its key. */
export function say(key: string, args: Said["args"] = {}): Said {
  return { key, args };
}

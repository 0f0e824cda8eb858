import { z } from "zod";

/** At most `most` UTF-16 units of a text, without splitting a character; a cut text ends in "…". */
export function clip(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = most - 1;
  const isHalf = /[\uD800-\uDBFF]/.test(text.charAt(end - 1));
  return `${text.slice(0, isHalf ? end - 1 : end)}…`;
}

/**
 * A text for people, or a code from outside; the parser cuts a longer one. With a limit that
 * refuses, one side could write a message that the other side never accepts.
 */
export const shown = (most: number) => z.string().overwrite((text) => clip(text, most));

/** A list for people, cut to the first `most` entries. */
export const firstOf = <T extends z.ZodType>(entry: T, most: number) =>
  z.array(entry).overwrite((list) => list.slice(0, most));

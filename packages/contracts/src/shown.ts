import { z } from "zod";

/** At most `most` UTF-16 units of a text, never half a character; what is cut ends in "…". */
export function clip(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = most - 1;
  const isHalf = /[\uD800-\uDBFF]/.test(text.charAt(end - 1));
  return `${text.slice(0, isHalf ? end - 1 : end)}…`;
}

/**
 * A text that people read, or a code from outside: the parser cuts a longer one. A limit that refuses would let one end
 * write what the other end does not take, and the message behind it would never arrive.
 */
export const shown = (most: number) => z.string().overwrite((text) => clip(text, most));

/** A list for people: the first `most` entries. */
export const firstOf = <T extends z.ZodType>(entry: T, most: number) => z.array(entry).overwrite((list) => list.slice(0, most));

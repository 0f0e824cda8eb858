import { Unreadable } from "./agree.ts";
import { Lines, type Place } from "./lines.ts";
import { Exhausted, Search } from "./search.ts";

let lines: Lines | undefined;

/** The schema of the library; made when something cannot be read for the first time. */
function schema(): Lines {
  lines ??= new Lines();
  return lines;
}

/** What can be read of something in which the library met a constructor that it does not know. */
export interface Reading {
  readonly value: unknown;
}

/**
 * Reads `bytes`, which must be the whole of it and nothing more. In the place of an object that cannot be read is what its type
 * has for that (messageMediaUnsupported), null where it may be absent, an {@link Unreadable} among messages and updates, and
 * nothing in any other vector; what cannot be without it goes with it. Null when no reading is certain.
 */
export function readTolerantly(bytes: Buffer, place: Place): Reading | null {
  try {
    const first = new Search(bytes, schema(), false).whole(place);
    // One object alone shows its end by everything behind it; of several, one may take a part of another for its own.
    const found = first && first.price > 1 ? new Search(bytes, schema(), true).whole(place) : first;
    if (!found || typeof found.value === "symbol" || found.value instanceof Unreadable) return null;
    return { value: found.value };
  } catch (error) {
    if (error instanceof Exhausted) return null;
    throw error;
  }
}

/** {@link readTolerantly} for the answer to a call; `call` is the id of its constructor. */
export function readAnswer(bytes: Buffer, call: number): Reading | null {
  const place = schema().resultOf(call);
  return place && readTolerantly(bytes, place);
}

import { Unreadable } from "./agree.ts";
import { Lines, type Place } from "./lines.ts";
import { Exhausted, Search } from "./search.ts";

let lines: Lines | undefined;

/** GramJS's schema; built when an object is unreadable for the first time. */
function schema(): Lines {
  lines ??= new Lines();
  return lines;
}

/** The readable part of an answer that contains constructors unknown to GramJS. */
export interface Reading {
  readonly value: unknown;
}

/**
 * Reads `bytes`, which must be exactly the object. In place of an unreadable object stands the
 * substitute of its type (messageMediaUnsupported), null where it may be absent, an {@link
 * Unreadable} among messages and updates, and nothing in any other vector; an object that requires
 * it goes too. Null when no reading is certain.
 */
export function readTolerantly(bytes: Buffer, place: Place): Reading | null {
  try {
    const first = new Search(bytes, schema(), false).whole(place);
    // A single object shows its end by everything after it; of several, one may be taken for part
    // of another.
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

/**
 * Message id in the target of one further part of a long text. `unknown` = sent, but Telegram did
 * not return its id. `missing` = the target refused it.
 */
export type PartPlace = number | "unknown" | "missing";

/** A sender's result for the parts of a step. */
export interface SentParts {
  /** Message ids of the parts, in the order of the step; null = unknown. Absent = no parts. */
  readonly rest?: readonly (number | null)[] | undefined;
  /** Indexes in `rest` of the parts that the target refused. */
  readonly refused?: readonly number[] | undefined;
}

/**
 * Places of the parts of a text. `cut` = parts refused in this step; `isWhole` = no part still
 * shows its old text.
 */
export interface Placed {
  readonly places: readonly PartPlace[];
  readonly cut: number;
  readonly isWhole: boolean;
}

/**
 * Places of all parts after a step. A part keeps its place whatever happens to the others. A part
 * with an unknown id cannot be edited: {@link planEdit} leaves it out.
 */
export function placeParts(
  before: readonly PartPlace[],
  { rest, refused = [] }: SentParts,
): Placed {
  if (rest === undefined) return { places: before, cut: 0, isWhole: !before.includes("unknown") };
  const places: PartPlace[] = [];
  let [cut, isWhole, n] = [0, true, 0];
  for (let at = 0; n < rest.length || at < before.length; at++) {
    const was = before[at] ?? "missing";
    if (was === "unknown" || n === rest.length) {
      // A needless part was deleted, unless its id is unknown.
      places.push(was === "unknown" ? was : "missing");
      isWhole &&= was !== "unknown";
      continue;
    }
    const isRefused = refused.includes(n);
    places.push(isRefused ? was : (rest[n] ?? "unknown"));
    if (isRefused && was === "missing") cut += 1;
    else if (isRefused) isWhole = false;
    n += 1;
  }
  return {
    places: places.slice(0, places.findLastIndex((place) => place !== "missing") + 1),
    cut,
    isWhole,
  };
}

/**
 * One of the messages that follow a message because it was too long for one: its id in the target.
 * `unknown`: it is there, and Telegram did not tell its id. `missing`: the target refused it.
 */
export type PartPlace = number | "unknown" | "missing";

/** What a sender says of the parts of a step. */
export interface SentParts {
  /** Ids of the parts, in the order of the step; null = not told. Absent: nothing followed. */
  readonly rest?: readonly (number | null)[] | undefined;
  /** Which of them the target refused, by their place in `rest`. */
  readonly refused?: readonly number[] | undefined;
}

/**
 * Where the parts of a text are. `cut` is how many the target refused now; `isWhole`: no part of it
 * says what it said before.
 */
export interface Placed {
  readonly places: readonly PartPlace[];
  readonly cut: number;
  readonly isWhole: boolean;
}

/**
 * Where each part is after a step. A part keeps its place whatever happens to the others. One whose
 * id is unknown cannot be changed: an edit ({@link planEdit}) leaves it out.
 */
export function placeParts(before: readonly PartPlace[], { rest, refused = [] }: SentParts): Placed {
  if (rest === undefined) return { places: before, cut: 0, isWhole: !before.includes("unknown") };
  const places: PartPlace[] = [];
  let [cut, isWhole, n] = [0, true, 0];
  for (let at = 0; n < rest.length || at < before.length; at++) {
    const was = before[at] ?? "missing";
    if (was === "unknown" || n === rest.length) {
      // What is not needed any more was deleted, unless its id is unknown.
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
  return { places: places.slice(0, places.findLastIndex((place) => place !== "missing") + 1), cut, isWhole };
}

import { agree, UNSURE, Unreadable } from "./agree.ts";

/** A way to read everything up to `at`. */
export interface State {
  readonly at: number;
  /** Cost of the skipped objects. */
  readonly price: number;
  /** True = nothing since the last skipped object proves where it ended. */
  readonly loose: boolean;
  readonly value: unknown;
  /**
   * The value without what was read after the last skipped object, when nothing proves where that
   * ended.
   */
  readonly cautious?: unknown;
  readonly before: State | null;
  readonly flags: Readonly<Record<string, number>>;
}

/** The cheapest way to each offset. */
export type States = Map<number, State>;
/** Start of an object. */
export type Start = Pick<State, "at" | "price" | "loose">;

/** A state without its doubts. */
export function plainly({ at, price, loose, value, before, flags }: State): State {
  return { at, price, loose, value, before, flags };
}

/** A state without a predecessor. */
export function leaf({ at, price, loose }: Start, value: unknown): State {
  return { at, price, loose, value, before: null, flags: {} };
}

const NOT_SURE = new Unreadable("");

/** The value of a state, unless it may have been read at the wrong place. */
export function cautiously(state: State | null): unknown {
  if (!state?.loose || !state.before?.loose || state.at === state.before.at)
    return state && "cautious" in state ? state.cautious : state?.value;
  return NOT_SURE;
}

/**
 * Keeps the cheaper way to a place; of two with the same cost, their common part: field by field,
 * unless `joined` says how.
 */
export function relax(states: States, state: State, joined = join): void {
  const known = states.get(state.at);
  if (!known || state.price < known.price) states.set(state.at, state);
  else if (state.price === known.price) states.set(state.at, joined(known, state));
}

/**
 * {@link relax} for elements of a vector, which are the same at the same place: the number of
 * skipped elements per run does not matter.
 */
export function relaxElement(states: States, state: State): void {
  relax(states, state, joinPlaces);
}

function joinPlaces(a: State, b: State): State {
  const theirs = new Map<number, State>();
  for (let state = b; state.before; state = state.before) theirs.set(state.before.at, state);
  const joined = (state: State): State => {
    const { before } = state;
    const twin = before && theirs.get(before.at);
    if (!before || twin === state) return state;
    if (state.value instanceof Unreadable) return { ...state, before: joined(before) };
    if (twin) return { ...joinValues(state, twin), before: joined(before) };
    return { ...plainly(state), value: UNSURE, before: joined(before) };
  };
  return joined(a);
}

function join(a: State, b: State): State {
  if (a === b) return a;
  return { ...joinValues(a, b), before: a.before && b.before ? join(a.before, b.before) : null };
}

function joinValues(a: State, b: State): State {
  const value =
    JSON.stringify(a.flags) === JSON.stringify(b.flags) ? agree(a.value, b.value) : UNSURE;
  const joined = { ...plainly(a), loose: a.loose || b.loose, value };
  if (!("cautious" in a) && !("cautious" in b)) return joined;
  return { ...joined, cautious: agree(cautiousValue(a), cautiousValue(b)) };
}

function cautiousValue(state: State): unknown {
  return "cautious" in state ? state.cautious : state.value;
}

/**
 * Unreadable messages and updates keep their place, because they must be counted; others are left
 * out. Next to skipped elements, one without a proven end may contain part of them.
 */
export function listOf(
  end: State,
  count: number,
  { type, isCautious }: { type: string; isCautious: boolean },
): unknown[] {
  const states: State[] = [];
  for (let state: State | null = end; state && states.length < count; state = state.before)
    states.push(state);
  const isSure = !isCautious && !states.some(({ value }) => value instanceof Unreadable);
  const list = states.reverse().map((state) => {
    const value = isSure ? state.value : cautiousValue(state);
    return value === UNSURE ? new Unreadable(type) : value;
  });
  const isKept = type === "Message" || type === "Update";
  return list.filter((each) => isKept || !(each instanceof Unreadable));
}

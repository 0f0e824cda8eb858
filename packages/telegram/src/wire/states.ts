import { agree, UNSURE, Unreadable } from "./agree.ts";

/** A way to read everything up to `at`. */
export interface State {
  readonly at: number;
  /** How much had to be passed over. */
  readonly price: number;
  /** Nothing since the last object that was passed over proves that it ended where we think. */
  readonly loose: boolean;
  readonly value: unknown;
  /** The value without what was read after the last object that was passed over, when nothing proves where that ended. */
  readonly cautious?: unknown;
  readonly before: State | null;
  readonly flags: Readonly<Record<string, number>>;
}

/** The cheapest way to each place. */
export type States = Map<number, State>;
/** Where something begins. */
export type Start = Pick<State, "at" | "price" | "loose">;

/** A state without what it says about doubts. */
export function plainly({ at, price, loose, value, before, flags }: State): State {
  return { at, price, loose, value, before, flags };
}

/** A state that nothing comes before. */
export function leaf({ at, price, loose }: Start, value: unknown): State {
  return { at, price, loose, value, before: null, flags: {} };
}

const NOT_SURE = new Unreadable("");

/** What a state read, unless it may have read it in the wrong place. */
export function cautiously(state: State | null): unknown {
  if (!state?.loose || !state.before?.loose || state.at === state.before.at)
    return state && "cautious" in state ? state.cautious : state?.value;
  return NOT_SURE;
}

/** Keeps the cheaper way to a place; of two that cost the same, what they agree on: field by field, unless `joined` says how. */
export function relax(states: States, state: State, joined = join): void {
  const known = states.get(state.at);
  if (!known || state.price < known.price) states.set(state.at, state);
  else if (state.price === known.price) states.set(state.at, joined(known, state));
}

/**
 * {@link relax} for elements of a vector, which are the same where they stand at the same place: with several runs of elements that
 * were passed over, it does not matter how many of them are in which.
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
  const value = JSON.stringify(a.flags) === JSON.stringify(b.flags) ? agree(a.value, b.value) : UNSURE;
  const joined = { ...plainly(a), loose: a.loose || b.loose, value };
  if (!("cautious" in a) && !("cautious" in b)) return joined;
  return { ...joined, cautious: agree("cautious" in a ? a.cautious : a.value, "cautious" in b ? b.cautious : b.value) };
}

/**
 * Messages and updates that cannot be read keep their place, as they are to be counted; anything else is left out. Beside
 * elements that were passed over, one whose end is not proven may have taken a part of them for its own.
 */
export function listOf(end: State, count: number, { type, isCautious }: { type: string; isCautious: boolean }): unknown[] {
  const states: State[] = [];
  for (let state: State | null = end; state && states.length < count; state = state.before) states.push(state);
  const isSure = !isCautious && !states.some(({ value }) => value instanceof Unreadable);
  const list = states.reverse().map((state) => {
    const value = !isSure && "cautious" in state ? state.cautious : state.value;
    return value === UNSURE ? new Unreadable(type) : value;
  });
  const isKept = type === "Message" || type === "Update";
  return list.filter((each) => isKept || !(each instanceof Unreadable));
}

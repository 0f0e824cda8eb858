import { UNSURE, Unreadable } from "./agree.ts";
import type { Field, Line, Lines, Place } from "./lines.ts";
import { readPlain } from "./plain.ts";
import {
  cautiously,
  leaf,
  listOf,
  plainly,
  relax,
  relaxElement,
  type Start,
  type State,
  type States,
} from "./states.ts";

const VECTOR = 0x1cb5c415;
/** Bytes that are searched for the end of an object outside a vector. */
const MAX_OBJECT = 32 * 1024;
/** States examined before the search gives up; a few hundred milliseconds. */
const MAX_STEPS = 250_000;
const MAX_DEPTH = 48;
/** Price of skipping an object with a known constructor whose content leads nowhere. */
const KNOWN_PRICE = 2;
/** Price of skipping bytes that look like an element of the vector. */
const SWALLOWED_PRICE = 4;

/**
 * Offsets at which a constructor of a type stands, or seems to; and their number before each word.
 */
interface Anchors {
  readonly at: readonly number[];
  readonly before: Int32Array;
}

/** The search took too long. */
export class Exhausted extends Error {}

/**
 * Reads an answer that contains objects with unknown constructors. The wire format has no lengths,
 * so such an object ends wherever the rest of the answer, up to its exact end, is valid under the
 * schema: at each place an allowed constructor. The search follows all ways together; the one that
 * skips least wins, and of several equally good ones it takes only what they agree on.
 */
export class Search {
  readonly #bytes: Buffer;
  readonly #lines: Lines;
  readonly #objects = new Map<number, readonly State[]>();
  readonly #anchors = new Map<string, Anchors>();
  readonly #holes = new Map<string, Unreadable>();
  readonly #isCautious: boolean;
  #steps = 0;
  #depth = 0;

  /**
   * `isCautious` = take nothing that was read after a skipped object before something proves where
   * that object ended.
   */
  constructor(bytes: Buffer, lines: Lines, isCautious: boolean) {
    this.#bytes = bytes;
    this.#lines = lines;
    this.#isCautious = isCautious;
  }

  /** The best reading of the whole, or null. Throws {@link Exhausted}. */
  whole({ type, isVector }: Place): State | null {
    const field: Field = { name: "", kind: "boxed", type, isVector, flag: null };
    const start: State = { at: 0, price: 0, loose: true, value: null, before: null, flags: {} };
    return this.#step(new Map([[0, start]]), field).get(this.#bytes.length) ?? null;
  }

  #step(states: States, field: Field): States {
    const next: States = new Map();
    for (const state of states.values()) {
      this.#count();
      if (field.flag && !((state.flags[field.flag.of] ?? 0) & (1 << field.flag.bit)))
        relax(next, {
          ...plainly(state),
          value: field.kind === "true" ? false : null,
          before: state,
        });
      else if (field.kind === "true")
        relax(next, { ...plainly(state), value: true, before: state });
      else if (field.kind === "flags") this.#flags(next, state, field.name);
      else
        for (const end of this.#ends(state, field))
          relax(next, { ...end, before: state, flags: state.flags });
    }
    return next;
  }

  #flags(next: States, state: State, name: string): void {
    if (state.at + 4 > this.#bytes.length) return;
    const value = this.#bytes.readInt32LE(state.at);
    relax(next, {
      ...plainly(state),
      at: state.at + 4,
      value,
      before: state,
      flags: { ...state.flags, [name]: value },
    });
  }

  #ends(state: Start, { kind, type, isVector }: Field): readonly State[] {
    if (isVector) return this.#vector(state, type, kind === "plain");
    if (kind === "boxed") return this.#boxed(state, type);
    const read = readPlain(this.#bytes, type, state.at);
    if (!read) return [];
    return [
      leaf({ at: read.end, price: state.price, loose: state.loose && type !== "Bool" }, read.value),
    ];
  }

  #boxed(state: Start, type: string): State[] {
    const line = this.#lineAt(state.at, type);
    const found = line ? this.#object(line, state.at) : [];
    if (found.length > 0)
      return found.map((each) => ({ ...each, price: each.price + state.price }));
    // Where an object is not certain to begin, it does not count as an unknown one.
    if (state.loose) return [];
    const price = state.price + (line ? KNOWN_PRICE : 1);
    return this.#offsets(state.at + 4, state.at + MAX_OBJECT).map((at) =>
      leaf({ at, price, loose: true }, this.#hole(type, state.at)),
    );
  }

  /** The ways to read an object whose constructor is known. */
  #object(line: Line, at: number): readonly State[] {
    const known = this.#objects.get(at);
    if (known) return known;
    if (++this.#depth > MAX_DEPTH) throw new Exhausted("too deep");
    let states: States = new Map([
      [at + 4, { at: at + 4, price: 0, loose: false, value: null, before: null, flags: {} }],
    ]);
    for (const field of line.fields) {
      states = this.#step(states, field);
      if (states.size === 0) break;
    }
    this.#depth -= 1;
    const made = [...states.values()].map((end) => {
      const value = this.#make(line, end, at, false);
      // A reading that is given up is no better than skipping the object.
      const price = value instanceof Unreadable ? Math.max(end.price, KNOWN_PRICE) : end.price;
      return {
        ...leaf({ ...end, price }, value),
        ...(end.loose ? { cautious: this.#make(line, end, at, true) } : {}),
      };
    });
    const found = made.filter(({ value }) => value !== null);
    this.#objects.set(at, found);
    return found;
  }

  #make({ fields, type, make }: Line, end: State, at: number, isCautious: boolean): unknown {
    const args: Record<string, unknown> = {};
    const behind = new Map<string, number>();
    let state: State | null = end;
    for (const field of fields.toReversed()) {
      const value = isCautious ? cautiously(state) : state?.value;
      const isHole = value instanceof Unreadable;
      const given: unknown = isHole ? this.#lines.standIn(field.type) : value;
      const start = state?.before?.at ?? at;
      // An object without a required field goes too.
      if (
        value === UNSURE ||
        (isHole && ((given === null && !field.flag) || this.#isNamed(field.type, start, behind)))
      )
        return this.#hole(type, at);
      if (value !== null && field.kind === "boxed" && !field.isVector)
        behind.set(field.type, start);
      args[field.name] = given;
      state = state?.before ?? null;
    }
    return make(args);
  }

  /**
   * Whether something of this type, read after a skipped object, may be part of that object: it has
   * more than one possible place. A message must not seem to come from a chat that is only named
   * inside it.
   */
  #isNamed(type: string, start: number, behind: ReadonlyMap<string, number>): boolean {
    const next = behind.get(type);
    if (next === undefined) return false;
    const { before } = this.#anchorsOf(type);
    return (before[next / 4] ?? 0) > (before[start / 4 + 1] ?? 0);
  }

  #vector(state: Start, type: string, isPlain: boolean): State[] {
    const { at, price } = state;
    if (at + 8 > this.#bytes.length || this.#bytes.readUInt32LE(at) !== VECTOR) return [];
    const count = this.#bytes.readUInt32LE(at + 4);
    if (count * 4 > this.#bytes.length - at) return [];
    const first: State = { at: at + 8, price, loose: false, value: null, before: null, flags: {} };
    const last = isPlain ? this.#plains(first, type, count) : this.#elements(first, type, count);
    return last.map((end) => leaf(end, listOf(end, count, { type, isCautious: this.#isCautious })));
  }

  #plains(first: State, type: string, count: number): State[] {
    let state: State = first;
    for (let left = count; left > 0; left--) {
      this.#count();
      const read = readPlain(this.#bytes, type, state.at);
      if (!read) return [];
      state = { ...plainly(state), at: read.end, value: read.value, before: state };
    }
    return [state];
  }

  #elements(first: State, type: string, count: number): State[] {
    const rows: States[] = Array.from({ length: count + 1 }, () => new Map());
    relaxElement(rows[0] as States, first);
    for (let index = 0; index < count; index++) {
      for (const state of rows[index]?.values() ?? []) {
        this.#count();
        const line = this.#lineAt(state.at, type);
        const found = line ? this.#object(line, state.at) : [];
        for (const end of found) {
          // After a skipped object inside, the next element must show where this one ended.
          if (!end.loose || index + 1 === count || this.#lineAt(end.at, type))
            relaxElement(rows[index + 1] as States, {
              ...end,
              price: state.price + this.#priceOf(end, type, state.at),
              before: state,
            });
        }
        if (!found.some(({ price }) => price === 0))
          this.#passOver({ rows, index, type, state, found });
      }
    }
    return [...(rows[count]?.values() ?? [])];
  }

  /**
   * One or more consecutive unreadable elements: up to the start of a readable one, or to a
   * possible end of the vector.
   */
  #passOver(run: {
    rows: States[];
    index: number;
    type: string;
    state: State;
    found: readonly State[];
  }): void {
    const { rows, index, type, found } = run;
    const left = rows.length - 1 - index;
    const value = this.#hole(type, run.state.at);
    const isKnown = this.#lineAt(run.state.at, type) !== null;
    let { state } = run;
    for (let length = 1; length <= left; length++) {
      const price = state.price + (length === 1 && isKnown ? KNOWN_PRICE : 1);
      const from = run.state.at + 4 * length;
      for (const at of length === left
        ? this.#offsets(from, this.#bytes.length)
        : this.#anchorsOf(type).at) {
        // A partly readable element is worth more than a skipped one.
        if (at < from || (length === 1 && found.some((end) => end.at === at))) continue;
        this.#count();
        const end = {
          at,
          price: price + this.#swallowed(type, run.state.at, at),
          loose: true,
          value,
          before: state,
          flags: {},
        };
        relaxElement(rows[index + length] as States, end);
      }
      state = { ...plainly(state), price, value, before: state };
    }
  }

  #priceOf({ at, price }: State, type: string, start: number): number {
    return price === 0 ? 0 : price + this.#swallowed(type, start, at);
  }

  /** The price of bytes that look like elements of the vector and are taken for part of one. */
  #swallowed(type: string, after: number, before: number): number {
    const { before: counts } = this.#anchorsOf(type);
    return SWALLOWED_PRICE * Math.max(0, (counts[before / 4] ?? 0) - (counts[after / 4 + 1] ?? 0));
  }

  #offsets(from: number, to: number): number[] {
    const last = Math.min(to, this.#bytes.length);
    return Array.from(
      { length: Math.max(0, Math.floor((last - from) / 4) + 1) },
      (_, index) => from + 4 * index,
    );
  }

  #anchorsOf(type: string): Anchors {
    const known = this.#anchors.get(type);
    if (known) return known;
    const offsets = this.#offsets(0, this.#bytes.length);
    const at = offsets.filter((offset) => this.#lineAt(offset, type));
    const before = new Int32Array(offsets.length + 1);
    for (const offset of at) before[offset / 4 + 1] = 1;
    for (let word = 1; word < before.length; word++)
      before[word] = (before[word] ?? 0) + (before[word - 1] ?? 0);
    const found = { at, before };
    this.#anchors.set(type, found);
    return found;
  }

  #lineAt(at: number, type: string): Line | null {
    if (at + 4 > this.#bytes.length) return null;
    return this.#lines.of(type)?.get(this.#bytes.readUInt32LE(at)) ?? null;
  }

  #hole(type: string, at: number): Unreadable {
    const key = `${type}/${at}`;
    const hole = this.#holes.get(key) ?? new Unreadable(type);
    this.#holes.set(key, hole);
    return hole;
  }

  #count(): void {
    if (++this.#steps > MAX_STEPS) throw new Exhausted("too many ways");
  }
}

/** Placeholder for an object that this version has no constructor for. */
export class Unreadable {
  /** The expected type. */
  readonly type: string;
  readonly className = "Unreadable";

  constructor(type: string) {
    this.type = type;
  }
}

/** Two equally good readings differ here. */
export const UNSURE = Symbol("unsure");

/** The common part of two equally good readings of one place. Their differences are not trusted. */
export function agree(a: unknown, b: unknown): unknown {
  if (a === b || (a instanceof Unreadable && b instanceof Unreadable)) return a;
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) return agreeOnAll(a, b);
  if (Buffer.isBuffer(a) && Buffer.isBuffer(b)) return a.equals(b) ? a : UNSURE;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return UNSURE;
  if (a instanceof Unreadable) return a;
  if (b instanceof Unreadable) return b;
  return sameObject(a as Typed, b as Typed) ? a : UNSURE;
}

interface Typed {
  readonly className?: string;
  readonly originalArgs?: Record<string, unknown>;
  equals?(other: unknown): boolean;
}

function agreeOnAll(a: readonly unknown[], b: readonly unknown[]): unknown {
  const both = a.map((each, index) => agree(each, b[index]));
  const isBoxed = a.every(
    (each) => typeof each === "object" && each !== null && "className" in each,
  );
  if (!both.includes(UNSURE)) return both;
  if (isBoxed) return both.map((each) => (each === UNSURE ? new Unreadable("") : each));
  return UNSURE;
}

function sameObject(a: Typed, b: Typed): boolean {
  if (a.className === undefined) return a.equals?.(b) === true;
  if (a.className !== b.className || !a.originalArgs || !b.originalArgs) return false;
  const [left, right] = [a.originalArgs, b.originalArgs];
  return Object.keys(left).every((name) => same(left[name], right[name]));
}

function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, index) => same(each, b[index]));
  if (a instanceof Unreadable || b instanceof Unreadable)
    return a instanceof Unreadable && b instanceof Unreadable;
  return agree(a, b) !== UNSURE;
}

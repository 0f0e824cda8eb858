import { tlobjects } from "telegram/tl/AllTLObjects.js";
import apiText from "telegram/tl/apiTl.js";
import { parseTl } from "telegram/tl/generationHelpers.js";

/** One field of a constructor. */
export interface Field {
  readonly name: string;
  readonly kind: "flags" | "true" | "plain" | "boxed";
  /** For a vector, the type of its elements. */
  readonly type: string;
  readonly isVector: boolean;
  /** Present only when this bit of that flags field is set. */
  readonly flag: { readonly of: string; readonly bit: number } | null;
}

/** One constructor in GramJS's schema. */
export interface Line {
  readonly name: string;
  readonly type: string;
  readonly fields: readonly Field[];
  /** Null for objects that GramJS refuses to make (a message with the id 0). */
  make(args: Record<string, unknown>): object | null;
}

/** Expected content of a place: a boxed type, or a vector of it. */
export interface Place {
  readonly type: string;
  readonly isVector: boolean;
}

interface Parsed {
  readonly name: string;
  readonly constructorId: number;
  readonly result: string;
  readonly isFunction: boolean;
  readonly argsConfig: Record<string, ParsedField>;
}

interface ParsedField {
  readonly type: string | null;
  readonly isVector: boolean;
  readonly isFlag: boolean;
  readonly flagName: string | null;
  readonly flagIndex: number;
  readonly flagIndicator: boolean;
}

const PLAIN: ReadonlySet<string> = new Set([
  "int",
  "long",
  "int128",
  "int256",
  "double",
  "string",
  "bytes",
  "Bool",
]);

/**
 * GramJS's schema with its types: the constructors allowed at a place. GramJS itself accepts any
 * anywhere.
 */
export class Lines {
  readonly #types = new Map<string, Map<number, Line>>();
  readonly #results = new Map<number, Place>();
  readonly #standIns = new Map<string, object | null>();

  constructor(text: string = apiText) {
    for (const parsed of parseTl(text, "") as Generator<Parsed>) {
      if (parsed.isFunction) this.#results.set(parsed.constructorId, toPlace(parsed.result));
      else this.#add(parsed);
    }
  }

  /** The constructors of a type, by id. */
  of(type: string): ReadonlyMap<number, Line> | undefined {
    return this.#types.get(type);
  }

  /** The type of a call's answer, by the id of its constructor. */
  resultOf(call: number): Place | null {
    return this.#results.get(call) ?? null;
  }

  /**
   * Substitute for an unreadable object: the type's own word for it, such as
   * messageMediaUnsupported. Or null.
   */
  standIn(type: string): object | null {
    const known = this.#standIns.get(type);
    if (known !== undefined) return known;
    const bare = [...(this.#types.get(type)?.values() ?? [])].filter(
      ({ fields }) => fields.length === 0,
    );
    const found =
      bare.find(({ name }) => name.endsWith("Unsupported")) ??
      bare.find(({ name }) => name.endsWith("Empty"));
    const made = found?.make({}) ?? null;
    this.#standIns.set(type, made);
    return made;
  }

  #add({ name, constructorId, result, argsConfig }: Parsed): void {
    const Class = (tlobjects as Record<number, new (args: object) => object>)[constructorId];
    if (!Class) return;
    const fields = Object.entries(argsConfig).map(([field, config]) => toField(field, config));
    const lines = this.#types.get(result) ?? new Map<number, Line>();
    lines.set(constructorId, { name, type: result, fields, make: (args) => madeOr(Class, args) });
    this.#types.set(result, lines);
  }
}

function madeOr(Class: new (args: object) => object, args: object): object | null {
  try {
    return new Class(args);
  } catch {
    return null;
  }
}

function toPlace(result: string): Place {
  const vector = /^[Vv]ector<(.+)>$/.exec(result)?.[1];
  return { type: vector ?? result, isVector: vector !== undefined };
}

function toField(
  name: string,
  { type, isVector, isFlag, flagName, flagIndex, flagIndicator }: ParsedField,
): Field {
  const flag = isFlag && flagName !== null ? { of: flagName, bit: flagIndex } : null;
  return { name, kind: kindOf(type ?? "", flagIndicator), type: type ?? "", isVector, flag };
}

function kindOf(type: string, isFlags: boolean): Field["kind"] {
  if (isFlags) return "flags";
  if (type === "true") return "true";
  return PLAIN.has(type) ? "plain" : "boxed";
}

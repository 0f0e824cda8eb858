/**
 * A value as the codec reads and writes it. `long` is a bigint, `bytes`, `int128` and `int256` are
 * raw bytes.
 */
export type TlValue =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | TlObject
  | TlValue[]
  | null
  | undefined;

/**
 * An object of the wire: `_` is the constructor's name in the schema, the other keys are the
 * schema's own field names.
 */
export interface TlObject {
  _: string;
  [field: string]: TlValue;
}

/** Scalars of the language; `true` has no bytes, `#` is a bit field the codec fills itself. */
export type Primitive =
  | "int"
  | "long"
  | "double"
  | "string"
  | "bytes"
  | "int128"
  | "int256"
  | "Bool"
  | "true"
  | "#";

/** The type of one field. `rest` is `!X`: another query up to the end of the bytes. */
export type TlType =
  | { readonly kind: "primitive"; readonly name: Primitive }
  | { readonly kind: "vector"; readonly boxed: boolean; readonly of: TlType }
  | { readonly kind: "bare"; readonly constructor: string }
  | { readonly kind: "boxed"; readonly type: string }
  | { readonly kind: "rest" };

/** One field of a constructor; `flag` says which bit of which bit field tells that it is there. */
export interface TlParam {
  readonly name: string;
  readonly type: TlType;
  readonly flag: { readonly field: string; readonly bit: number } | null;
}

/** One line of a schema. */
export interface TlConstructor {
  readonly name: string;
  /** Unsigned 32-bit id. */
  readonly id: number;
  readonly params: readonly TlParam[];
  readonly result: TlType;
}

/**
 * One layer of the API (or the service messages, layer 0). Constructors and methods share ids, but
 * not names.
 */
export interface TlSchema {
  readonly layer: number;
  readonly classes: ReadonlyMap<string, TlConstructor>;
  readonly methods: ReadonlyMap<string, TlConstructor>;
  readonly byId: ReadonlyMap<number, TlConstructor>;
}

const PRIMITIVES: ReadonlySet<string> = new Set<Primitive>([
  "int",
  "long",
  "double",
  "string",
  "bytes",
  "int128",
  "int256",
  "Bool",
  "true",
  "#",
]);

/** Reads a type expression, e.g. `Vector<long>`, `!X`, `auth.SentCodeType`, `%Message`. */
export function parseType(text: string): TlType {
  if (text.startsWith("!")) return { kind: "rest" };
  if (text === "int53") return { kind: "primitive", name: "long" };
  if (PRIMITIVES.has(text)) return { kind: "primitive", name: text as Primitive };
  const vector = /^([Vv])ector<(.+)>$/.exec(text);
  if (vector?.[2] !== undefined)
    return { kind: "vector", boxed: vector[1] === "V", of: parseType(vector[2]) };
  const local = text.slice(text.lastIndexOf(".") + 1);
  if (/^[a-z]/.test(local)) return { kind: "bare", constructor: text };
  return { kind: "boxed", type: text };
}

function parseParam(token: string): TlParam {
  const colon = token.indexOf(":");
  const name = token.slice(0, colon);
  const flagged = /^(\w+)\.(\d+)\?(.+)$/.exec(token.slice(colon + 1));
  if (!flagged) return { name, type: parseType(token.slice(colon + 1)), flag: null };
  const [, field = "", bit = "0", type = ""] = flagged;
  return { name, type: parseType(type), flag: { field, bit: Number(bit) } };
}

function parseLine(line: string): TlConstructor | null {
  const match = /^([\w.]+)#([0-9a-f]{1,8})\s(.*?)=\s*([^;]+);$/.exec(line.replace("=", " ="));
  if (!match || line.startsWith("vector#")) return null;
  const [, name = "", id = "", params = "", result = ""] = match;
  const tokens = params
    .split(/\s+/)
    .filter((token) => token.includes(":") && !token.startsWith("{"));
  return {
    name,
    id: Number.parseInt(id, 16),
    params: tokens.map(parseParam),
    result: parseType(result.trim()),
  };
}

/** Collects lines into a schema. */
export function buildSchema(
  layer: number,
  lines: Iterable<{ line: TlConstructor; isMethod: boolean }>,
): TlSchema {
  const classes = new Map<string, TlConstructor>();
  const methods = new Map<string, TlConstructor>();
  const byId = new Map<number, TlConstructor>();
  for (const { line, isMethod } of lines) {
    (isMethod ? methods : classes).set(line.name, line);
    byId.set(line.id, line);
  }
  return { layer, classes, methods, byId };
}

/**
 * Reads a `.tl` text (https://core.telegram.org/mtproto/TL). Lines without an explicit id are left
 * out.
 */
export function parseTlText(layer: number, text: string): TlSchema {
  const lines: { line: TlConstructor; isMethod: boolean }[] = [];
  let isMethod = false;
  for (const raw of text.split("\n")) {
    const trimmed = raw.replace(/\/\/.*$/, "").trim();
    if (trimmed === "---functions---") isMethod = true;
    else if (trimmed === "---types---") isMethod = false;
    const line = trimmed.endsWith(";") ? parseLine(trimmed) : null;
    if (line) lines.push({ line, isMethod });
  }
  return buildSchema(layer, lines);
}

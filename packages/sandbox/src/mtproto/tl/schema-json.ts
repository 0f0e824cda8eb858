import {
  buildSchema,
  parseType,
  type TlConstructor,
  type TlParam,
  type TlSchema,
} from "./schema.ts";

interface JsonModifiers {
  readonly predicate?: string;
  readonly isVector?: boolean;
  readonly isBareVector?: boolean;
}

interface JsonParam {
  readonly name: string;
  readonly type: string;
  readonly typeModifiers?: JsonModifiers;
}

interface JsonEntry {
  readonly kind: "class" | "method";
  readonly name: string;
  readonly id: number;
  readonly type: string;
  readonly typeModifiers?: JsonModifiers;
  readonly arguments: readonly JsonParam[];
}

/**
 * A layer as JSON, in the shape that mtcute publishes as `tl/api-schema.json`: `l` is the layer,
 * `e` the lines.
 */
export interface SchemaJson {
  readonly l: number;
  readonly e: readonly JsonEntry[];
}

function typeText(type: string, modifiers: JsonModifiers | undefined): string {
  if (modifiers?.isVector) return `Vector<${type}>`;
  if (modifiers?.isBareVector) return `vector<${type}>`;
  return type;
}

function param(json: JsonParam): TlParam {
  const [field, bit] = json.typeModifiers?.predicate?.split(".") ?? [];
  const flag = field === undefined || bit === undefined ? null : { field, bit: Number(bit) };
  return { name: json.name, type: parseType(typeText(json.type, json.typeModifiers)), flag };
}

/** Reads a schema in that JSON shape. */
export function parseSchemaJson(json: SchemaJson): TlSchema {
  const lines = json.e.map((entry) => {
    const line: TlConstructor = {
      name: entry.name,
      id: entry.id,
      params: entry.arguments.map(param),
      result: parseType(typeText(entry.type, entry.typeModifiers)),
    };
    return { line, isMethod: entry.kind === "method" };
  });
  return buildSchema(json.l, lines);
}

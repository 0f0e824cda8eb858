import fc from "fast-check";
import type { z } from "zod";

const ID = /^[a-z][a-z0-9_-]{0,31}$/;
const USER_ID = /^[1-9][0-9]{0,18}$/;

interface Definition {
  readonly type: string;
  readonly shape: Record<string, z.ZodType>;
  readonly options: z.ZodType[];
  readonly values: unknown[];
  readonly entries: Record<string, string>;
  readonly innerType: z.ZodType;
  readonly element: z.ZodType;
  readonly checks?: { readonly _zod: { readonly def: Check } }[];
}
interface Check {
  readonly check: string;
  readonly maximum?: number;
  readonly minimum?: number;
  readonly value?: number;
  readonly inclusive?: boolean;
  readonly pattern?: RegExp;
}

/**
 * Values that a schema accepts, generated from the schema itself, so that a new kind of message is
 * covered at once.
 */
export function valuesOf(schema: z.ZodType): fc.Arbitrary<unknown> {
  const def = schema._zod.def as unknown as Definition;
  switch (def.type) {
    case "object":
      return objectOf(def.shape);
    case "union":
      return fc.oneof(...def.options.map(valuesOf));
    case "literal":
      return fc.constantFrom(...def.values);
    case "enum":
      return fc.constantFrom(...Object.values(def.entries));
    case "nullable":
      return fc.option(valuesOf(def.innerType), { nil: null });
    case "default":
      // A default fills absent values, so the parsed value always has one.
      return valuesOf(def.innerType);
    case "array":
      return fc.array(valuesOf(def.element), { minLength: minLength(def), maxLength: 3 });
    case "string":
      return textOf(def);
    case "number":
      return numberOf(def);
    case "boolean":
      return fc.boolean();
    case "pipe":
      return fc.stringMatching(schema.safeParse("a").success ? ID : USER_ID);
    default:
      throw new Error(`valuesOf knows no ${def.type}: teach it`);
  }
}

function objectOf(shape: Record<string, z.ZodType>): fc.Arbitrary<unknown> {
  const isOptional = (field: z.ZodType): boolean => field._zod.def.type === "optional";
  const required = Object.keys(shape).filter((name) => !isOptional(shape[name] as z.ZodType));
  const arbitraries = Object.entries(shape).map(([name, field]) => {
    const inner = isOptional(field) ? (field._zod.def as unknown as Definition).innerType : field;
    return [name, valuesOf(inner)] as const;
  });
  return fc.record(Object.fromEntries(arbitraries), {
    requiredKeys: required,
    noNullPrototype: true,
  });
}

function checksOf(def: Definition): Check[] {
  return (def.checks ?? []).map((each) => each._zod.def);
}

function textOf(def: Definition): fc.Arbitrary<unknown> {
  const pattern = checksOf(def).find((each) => each.pattern)?.pattern;
  if (pattern) return fc.stringMatching(pattern);
  const maximum = checksOf(def).find((each) => each.check === "max_length")?.maximum ?? 1000;
  return fc.string({
    minLength: minLength(def),
    maxLength: Math.min(maximum, 1000),
    size: "medium",
  });
}

function numberOf(def: Definition): fc.Arbitrary<unknown> {
  const least = checksOf(def).find((each) => each.check === "greater_than");
  const most = checksOf(def).find((each) => each.check === "less_than");
  const whole = (least?.value ?? -1e12) + (least && !least.inclusive ? 1 : 0);
  return fc.integer({ min: whole, max: most?.value ?? 1e12 });
}

function minLength(def: Definition): number {
  return Math.max(
    0,
    ...(def.checks ?? []).map(({ _zod }) =>
      _zod.def.check === "min_length" ? (_zod.def.minimum ?? 0) : 0,
    ),
  );
}

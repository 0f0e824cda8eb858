import { parseSync, Visitor } from "oxc-parser";

/** One import of a file, with its line. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** The facts of a source file that the rules check. */
export interface ParsedFile {
  readonly imports: readonly Import[];
  /** Waits without a signal and outside a fake clock, described in words. */
  readonly blindWaits: readonly Place[];
  /** Reads of the machine's clock, except a stamp: `new Date().toISOString()`. */
  readonly clockReads: readonly Place[];
  /** Lines of ternaries inside a ternary of the same function. */
  readonly nestedTernaries: readonly number[];
}

/** A finding: its words and its line. */
export interface Place {
  readonly what: string;
  readonly line: number;
}

const LOADERS =
  /^(require|require\.resolve|import\.meta\.resolve|vi\.(mock|doMock|importActual)|createRequire\([^)]*\))\(/;

const CLOCK_CALL = /^(?:Date\.now|performance\.now)(?=\()/;

/**
 * Parses the file for static, type-only, re-exported and dynamic imports, `import("x").T`,
 * `createRequire` and `import.meta.resolve`. A dynamic import of a computed name has the specifier
 * `<computed>`.
 */
export function parseFile(name: string, text: string): ParsedFile {
  const { program, errors } = parseSync(name, text);
  if (errors.length > 0) throw new Error(`${name} cannot be parsed: ${errors[0]?.message}`);
  const imports: Import[] = [];
  const requires = new Set<string>();
  const blindWaits: Place[] = [];
  const clockReads: Place[] = [];
  const nestedTernaries: number[] = [];
  /** Open ternaries, and a mark for each open function. */
  const around: ("ternary" | "function")[] = [];
  const enter = (): void => void around.push("function");
  const leave = (): void => void around.pop();
  const lineOf = (offset: number): number => text.slice(0, offset).split("\n").length;
  const add = (node: { start: number }, specifier: unknown): void => {
    imports.push({
      specifier: typeof specifier === "string" ? specifier : "<computed>",
      line: lineOf(node.start),
    });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node, node.source.value),
    ExportAllDeclaration: (node) => add(node, node.source.value),
    ExportNamedDeclaration: (node) => {
      if (node.source) add(node, node.source.value);
    },
    ImportExpression: (node) => add(node, "value" in node.source ? node.source.value : undefined),
    TSImportType: (node) => add(node, node.source.value),
    VariableDeclarator: (node) => {
      const { init, id } = node;
      if (
        init &&
        id.type === "Identifier" &&
        text.slice(init.start, init.end).startsWith("createRequire(")
      )
        requires.add(id.name);
    },
    CallExpression: (node) => {
      const call = text.slice(node.start, node.end);
      const named = node.callee.type === "Identifier" && requires.has(node.callee.name);
      const [first] = node.arguments;
      if ((named || LOADERS.test(call)) && first)
        add(node, first.type === "Literal" ? first.value : undefined);
      if (call.startsWith("AbortSignal.timeout("))
        blindWaits.push({ what: "AbortSignal.timeout", line: lineOf(node.start) });
      const [clock] = CLOCK_CALL.exec(call) ?? [];
      if (clock) clockReads.push({ what: clock, line: lineOf(node.start) });
    },
    ConditionalExpression: (node) => {
      if (around.at(-1) === "ternary") nestedTernaries.push(lineOf(node.start));
      around.push("ternary");
    },
    "ConditionalExpression:exit": leave,
    FunctionExpression: enter,
    "FunctionExpression:exit": leave,
    FunctionDeclaration: enter,
    "FunctionDeclaration:exit": leave,
    ArrowFunctionExpression: enter,
    "ArrowFunctionExpression:exit": leave,
    NewExpression: (node) => {
      const source = text.slice(node.start, node.end);
      if (/^new Promise\b/.test(source) && source.length < 120 && source.includes("setTimeout(")) {
        blindWaits.push({ what: "a promise around setTimeout", line: lineOf(node.start) });
      }
      const isStamp = text.startsWith(".toISOString()", node.end);
      if (/^new Date(?:\(\))?$/.test(source) && !isStamp)
        clockReads.push({ what: "new Date()", line: lineOf(node.start) });
    },
  }).visit(program);
  return { imports, blindWaits, clockReads, nestedTernaries };
}

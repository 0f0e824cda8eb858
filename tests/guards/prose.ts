import { type Expression, parseSync, type SpreadElement, Visitor } from "oxc-parser";

/** A title of a test or a comment, and where it begins. */
export interface Passage {
  readonly text: string;
  readonly line: number;
}

const TESTS: ReadonlySet<string> = new Set(["test", "describe", "it"]);

/**
 * What people read of the tests of one file: its comments, then its titles, also of `test.each` and
 * of titles in several pieces.
 */
export function testProse(file: string, text: string): Passage[] {
  const { program, comments } = parseSync(file, text);
  const lineOf = (offset: number): number => text.slice(0, offset).split("\n").length;
  const prose: Passage[] = comments.map(({ value, start }) => ({
    text: value,
    line: lineOf(start),
  }));
  new Visitor({
    CallExpression: ({ callee, arguments: [first], start }) => {
      const title = first && isTest(callee) ? literal(first) : "";
      if (title !== "") prose.push({ text: title, line: lineOf(start) });
    },
  }).visit(program);
  return prose;
}

/** `test`, `test.skip`, `test.each(…)`, `describe.runIf(…)`. */
function isTest(callee: Expression): boolean {
  switch (callee.type) {
    case "Identifier":
      return TESTS.has(callee.name);
    case "MemberExpression":
      return isTest(callee.object);
    case "CallExpression":
      return isTest(callee.callee);
    default:
      return false;
  }
}

/** The text of a string, a template or a sum of both; "" = something else. */
function literal(node: Expression | SpreadElement): string {
  switch (node.type) {
    case "Literal":
      return typeof node.value === "string" ? node.value : "";
    case "TemplateLiteral":
      return node.quasis.map(({ value }) => value.cooked ?? "").join(" ");
    case "BinaryExpression":
      return node.left.type === "PrivateIdentifier" ? "" : literal(node.left) + literal(node.right);
    default:
      return "";
  }
}

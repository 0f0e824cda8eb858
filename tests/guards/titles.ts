import { type Expression, parseSync, type SpreadElement, Visitor } from "oxc-parser";

/** A title of a test, and where it begins. */
export interface Title {
  readonly text: string;
  readonly line: number;
}

const TESTS: ReadonlySet<string> = new Set(["test", "describe", "it"]);

/** Titles of the tests of one file, also of `test.each` and of titles in several pieces. */
export function testTitles(file: string, text: string): Title[] {
  const titles: Title[] = [];
  new Visitor({
    CallExpression: ({ callee, arguments: [first], start }) => {
      const title = first && isTest(callee) ? literal(first) : "";
      if (title !== "") titles.push({ text: title, line: text.slice(0, start).split("\n").length });
    },
  }).visit(parseSync(file, text).program);
  return titles;
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

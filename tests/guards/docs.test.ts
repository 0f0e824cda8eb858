import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type Checkout, deadPaths, lostSteps, namesIn } from "./docs.ts";
import { listFiles, ROOT, readText } from "./workspace.ts";

const checkout: Checkout = {
  isThere: (target) => existsSync(path.join(ROOT, target)),
  read: readText,
};
const documents = listFiles().filter((file) => file.endsWith(".md"));
const TOUR = "docs/tour.md";

test("every path in a document leads to a file", () => {
  expect(documents.length).toBeGreaterThan(20);
  // The changelog tells of files that were there then.
  const read = documents.filter((file) => file !== "CHANGELOG.md");
  expect(read.flatMap((file) => deadPaths(file, readText(file), checkout))).toEqual([]);
});

test("the tour names only what is in its files", () => {
  expect(lostSteps(TOUR, readText(TOUR), checkout)).toEqual([]);
});

test("the tour has five lives of 5 to 12 short steps", () => {
  const lives = readText(TOUR).split(/^## /m).slice(1);
  const lengths = lives.map((life) => life.match(/^\d+\. .*$/gm) ?? []);
  expect(lengths).toHaveLength(5);
  for (const steps of lengths) {
    expect(steps.length).toBeGreaterThanOrEqual(5);
    expect(steps.length).toBeLessThanOrEqual(12);
    const said = steps.map((step) => step.replaceAll(/\]\([^)]+\)/g, "]"));
    expect(said.filter((step) => step.length > 260)).toEqual([]);
  }
});

describe("the check of documents", () => {
  const files: Readonly<Record<string, string>> = {
    "apps/bot/a.ts":
      '/** {@link ghost} */\nexport class Room { #door(): void {} }\nopen("room.open", Key);',
    "docs/old.md": "# One (two)\n",
  };
  const small: Checkout = {
    isThere: (target) => Object.keys(files).some((file) => `${file}/`.startsWith(`${target}/`)),
    read: (target) => files[target] ?? "",
  };
  const step = (names: string): string => `1. It begins: [a.ts](../apps/bot/a.ts) ${names}`;

  test("passes what is declared or used", () => {
    const text = step("`Room` `#door` calls `open` with `room.open` and `Key`");
    expect(lostSteps("docs/tour.md", text, small)).toEqual([]);
  });

  test("reports a renamed function, also when a comment still has its name", () => {
    expect(lostSteps("docs/tour.md", step("`Room`, `opened`, `ghost`"), small)).toEqual([
      "docs/tour.md:1 names opened, which is not in apps/bot/a.ts",
      "docs/tour.md:1 names ghost, which is not in apps/bot/a.ts",
    ]);
  });

  test("reports a step without a file, a file without a name, and a file that is gone", () => {
    const text = "Text.\n1. Nothing.\n2. [b](../apps/bot/b.ts) `b`, then [a](../apps/bot/a.ts).";
    expect(lostSteps("docs/tour.md", text, small)).toEqual([
      "docs/tour.md:2 has no link to a file",
      "docs/tour.md:3 names apps/bot/b.ts, which is not there",
      "docs/tour.md:3 names nothing in apps/bot/a.ts",
    ]);
  });

  test("reports links and paths that lead nowhere, and leaves addresses and code alone", () => {
    const text =
      "[a](../apps/bot/a.ts) [b](https://b.org/c#d) `apps/bot` `npm test -- apps/c`\n" +
      "[d](new.md) `apps/bot/src/e.ts`";
    expect(deadPaths("docs/old.md", text, small)).toEqual([
      "docs/old.md:2 names new.md, which is not there",
      "docs/old.md:2 names apps/bot/src/e.ts, which is not there",
    ]);
  });

  test("reports links to headings that are not there, in this file and in others", () => {
    const text = '## A life: "tap"\n[a](#a-life-tap) [b](#b) [c](old.md#one-two) [d](old.md#three)';
    expect(deadPaths("docs/tour.md", text, small)).toEqual([
      "docs/tour.md:2 names #b, which is not there",
      "docs/tour.md:2 names old.md#three, which is not there",
    ]);
  });

  test("names are identifiers of values and of types, private names and strings", () => {
    const names = namesIn("a.ts", 'type A = B<C>; class D { #e = { f: "g.h" }; }');
    expect([...names].sort()).toEqual(["#e", "A", "B", "C", "D", "f", "g.h"]);
  });
});

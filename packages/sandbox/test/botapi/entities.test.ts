import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RichText } from "../../src/botapi/model/types.ts";
import { parseHtml } from "../../src/botapi/text/html.ts";
import { parseMarkdown } from "../../src/botapi/text/markdown.ts";
import { parseMarkdownV2 } from "../../src/botapi/text/markdown-v2.ts";
import { richText } from "../../src/botapi/text/rich-text.ts";

type Node =
  | { text: string }
  | { type: "bold" | "italic" | "strikethrough" | "spoiler" | "code"; inner: Node[] };

const HTML = {
  bold: ["<b>", "</b>"],
  italic: ["<em>", "</em>"],
  strikethrough: ["<s>", "</s>"],
  spoiler: ["<tg-spoiler>", "</>"],
  code: ["<code>", "</code>"],
};
const MARKS = { bold: "*", italic: "_", strikethrough: "~", spoiler: "||", code: "`" };

const plain = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
const leaf = plain.map((text): Node => ({ text }));
const tree: fc.Arbitrary<Node[]> = fc.letrec<{ nodes: Node[]; node: Node }>((tie) => ({
  nodes: fc.array(tie("node"), { maxLength: 4 }),
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.record({
      type: fc.constantFrom("bold", "italic", "strikethrough", "spoiler"),
      inner: tie("nodes"),
    }) as fc.Arbitrary<Node>,
    leaf.map((inner): Node => ({ type: "code", inner: [inner] })),
  ),
})).nodes;

const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const escapeMarks = (text: string): string => text.replace(/[_*[\]()~`>#+\-=|{}.!\\]/g, "\\$&");

function toHtml(nodes: Node[]): string {
  return nodes
    .map((node) =>
      "text" in node
        ? escapeHtml(node.text)
        : `${HTML[node.type][0]}${toHtml(node.inner)}${HTML[node.type][1]}`,
    )
    .join("");
}

function expected(nodes: Node[], into: RichText = { text: "", entities: [] }): RichText {
  for (const node of nodes) {
    if ("text" in node) into.text += node.text;
    else {
      const offset = into.text.length;
      expected(node.inner, into);
      if (into.text.length > offset)
        into.entities.push({ type: node.type, offset, length: into.text.length - offset });
    }
  }
  return into;
}

describe("parse_mode", () => {
  test("HTML written from any tree parses back to its text and entities", () => {
    fc.assert(
      fc.property(tree, (nodes) => {
        expect(parseHtml(toHtml(nodes))).toEqual(expected(nodes));
      }),
    );
  });

  test("escaped text survives each mode unchanged", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(parseHtml(escapeHtml(text))).toEqual({ text, entities: [] });
        expect(parseMarkdownV2(escapeMarks(text))).toEqual({ text, entities: [] });
      }),
    );
  });

  test("legacy Markdown escapes its four marks", () => {
    const noBackslash = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\\"));
    fc.assert(
      fc.property(noBackslash, (text) => {
        expect(parseMarkdown(text.replace(/[_*`[]/g, "\\$&"))).toEqual({ text, entities: [] });
      }),
    );
  });

  test("MarkdownV2 marks one stretch of any text", () => {
    fc.assert(
      fc.property(
        plain,
        fc.constantFrom("bold", "italic", "strikethrough", "spoiler", "code"),
        (text, type) => {
          const mark = MARKS[type];
          const parsed = parseMarkdownV2(`a ${mark}${escapeMarks(text)}${mark} z`);
          expect(parsed).toEqual({
            text: `a ${text} z`,
            entities: [{ type, offset: 2, length: text.length }],
          });
        },
      ),
    );
  });

  test("any input is either parsed or refused in Telegram's words, and entities stay inside the text", () => {
    const soup = fc.string({
      unit: fc.constantFrom(..."<>/b*_`~|[]()!\\\n >a&;é🛰"),
      maxLength: 40,
    });
    fc.assert(
      fc.property(soup, fc.constantFrom("HTML", "MarkdownV2", "Markdown"), (text, parseMode) => {
        let rich: RichText;
        try {
          rich = richText({ text, parseMode, entities: undefined });
        } catch (error) {
          expect((error as Error).message).toMatch(/^Bad Request: can't parse entities: /);
          return;
        }
        for (const { offset, length } of rich.entities)
          expect(offset >= 0 && length > 0 && offset + length <= rich.text.length).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("given entities are cut to the trimmed text and never leave it", () => {
    const entity = fc.record({
      type: fc.constantFrom("bold", "code"),
      offset: fc.nat(60),
      length: fc.nat(60),
    });
    fc.assert(
      fc.property(
        fc.string({ maxLength: 40 }),
        fc.array(entity, { maxLength: 5 }),
        (text, entities) => {
          const rich = richText({ text, parseMode: undefined, entities });
          expect(rich.text).toBe(text.replaceAll("\r", "").trim());
          for (const { offset, length } of rich.entities)
            expect(length > 0 && offset + length <= rich.text.length).toBe(true);
        },
      ),
    );
  });
});

describe("what clients mark by themselves", () => {
  const marks = (text: string): string[] =>
    richText({ text, parseMode: undefined, entities: undefined }).entities.map(
      ({ type, offset, length }) => `${type} ${text.slice(offset, offset + length)}`,
    );
  test.each([
    ["/start now", ["bot_command /start"]],
    ["/menu@flotilla_bot", ["bot_command /menu@flotilla_bot"]],
    ["see https://example.org/a?b=1, ok", ["url https://example.org/a?b=1"]],
    ["ask @someone or a@b.org #help", ["mention @someone", "email a@b.org", "hashtag #help"]],
    ["1/2 and 3/start", []],
  ])("%s", (text, seen) => expect(marks(text)).toEqual(seen));
});

describe("formats by example", () => {
  test("HTML: links, languages, mentions, quotations, numeric references", () => {
    expect(parseHtml('<pre><code class="language-ts">x &#60; 1</code></pre>')).toEqual({
      text: "x < 1",
      entities: [{ type: "pre", offset: 0, length: 5, language: "ts" }],
    });
    expect(parseHtml('<a href="https://x.org/?a=1&amp;b=2">x</a>').entities).toEqual([
      { type: "text_link", offset: 0, length: 1, url: "https://x.org/?a=1&b=2" },
    ]);
    expect(parseHtml('<a href="tg://user?id=42">Ann</a>').entities).toMatchObject([
      { type: "text_mention", user: { id: 42 } },
    ]);
    expect(parseHtml("<blockquote expandable>q</blockquote>").entities).toEqual([
      { type: "expandable_blockquote", offset: 0, length: 1 },
    ]);
  });

  test("MarkdownV2: nesting, underline next to italic, quotations, links with escapes", () => {
    expect(
      parseMarkdownV2("*b _i __u___*")
        .entities.map(({ type }) => type)
        .toSorted(),
    ).toEqual(["bold", "italic", "underline"]);
    expect(parseMarkdownV2(">one\n>two\nthree").entities).toEqual([
      { type: "blockquote", offset: 0, length: 7 },
    ]);
    expect(parseMarkdownV2("[x](https://x.org/\\))").entities).toEqual([
      { type: "text_link", offset: 0, length: 1, url: "https://x.org/)" },
    ]);
    expect(parseMarkdownV2("```ts\nlet a\n```")).toEqual({
      text: "let a\n",
      entities: [{ type: "pre", offset: 0, length: 6, language: "ts" }],
    });
  });
});

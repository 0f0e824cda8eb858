import type { Entity, EntityType, RichText } from "../model/types.ts";
import { byteOffset, cannotParse, linkEntity, SpanBuilder } from "./spans.ts";

const TAGS: Record<string, EntityType> = {
  a: "text_link",
  b: "bold",
  strong: "bold",
  i: "italic",
  em: "italic",
  s: "strikethrough",
  strike: "strikethrough",
  del: "strikethrough",
  u: "underline",
  ins: "underline",
  "tg-spoiler": "spoiler",
  span: "spoiler",
  "tg-emoji": "custom_emoji",
  pre: "pre",
  code: "code",
  blockquote: "blockquote",
};
const NAMED: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"' };

interface Tag {
  name: string;
  attributes: Map<string, string>;
  /** Position after the closing `>`. */
  next: number;
}

/**
 * `parse_mode: HTML` with Telegram's tag list and error texts.
 * https://core.telegram.org/bots/api#html-style
 */
export function parseHtml(source: string): RichText {
  const builder = new SpanBuilder();
  const tags: string[] = [];
  let at = 0;
  while (at < source.length) {
    const char = source[at] ?? "";
    if (char === "&") {
      const [decoded, next] = decodeEntity(source, at);
      builder.text += decoded;
      at = next;
    } else if (char !== "<") {
      builder.text += char;
      at += 1;
    } else if (source[at + 1] === "/") at = closeTag(source, at, builder, tags);
    else at = openTag(source, at, builder, tags);
  }
  const unclosed = tags.at(-1);
  if (unclosed !== undefined)
    throw cannotParse(`Can't find end tag corresponding to start tag "${unclosed}"`);
  return foldPreCode(builder.result());
}

function openTag(source: string, at: number, builder: SpanBuilder, tags: string[]): number {
  const tag = readTag(source, at);
  const type = TAGS[tag.name];
  const where = byteOffset(source, at);
  if (type === undefined)
    throw cannotParse(`Unsupported start tag "${tag.name}" at byte offset ${where}`);
  if (tag.name === "span" && tag.attributes.get("class") !== "tg-spoiler")
    throw cannotParse(`Tag "span" must have class "tg-spoiler" at byte offset ${where}`);
  if (tag.name === "tg-emoji" && !/^[0-9]+$/.test(tag.attributes.get("emoji-id") ?? ""))
    throw cannotParse(`Invalid custom emoji identifier specified at byte offset ${where}`);
  builder.begin(
    tag.name === "blockquote" && tag.attributes.has("expandable") ? "expandable_blockquote" : type,
    where,
    extras(tag),
  );
  tags.push(tag.name);
  return tag.next;
}

function extras({ name, attributes }: Tag): Partial<Entity> {
  if (name === "a") return { url: attributes.get("href") ?? "" };
  if (name === "tg-emoji") return { custom_emoji_id: attributes.get("emoji-id") ?? "" };
  const language = attributes.get("class");
  return name === "code" && language?.startsWith("language-") === true
    ? { language: language.slice("language-".length) }
    : {};
}

function closeTag(source: string, at: number, builder: SpanBuilder, tags: string[]): number {
  const where = byteOffset(source, at);
  const expected = tags.pop();
  if (expected === undefined) throw cannotParse(`Unexpected end tag at byte offset ${where}`);
  const match = /^<\/([^\s>]*)\s*(>?)/.exec(source.slice(at));
  if (match === null || match[2] === "")
    throw cannotParse(`Unclosed end tag at byte offset ${where}`);
  const name = match[1]?.toLowerCase() ?? "";
  if (name !== "" && name !== expected)
    throw cannotParse(
      `Unmatched end tag at byte offset ${where}, expected "</${expected}>", found "</${name}>"`,
    );
  if (expected === "a") closeLink(builder);
  else builder.end();
  return at + match[0].length;
}

/**
 * A link without an address uses its own text; one that is no address at all becomes plain text.
 */
function closeLink(builder: SpanBuilder): void {
  const span = builder.innermost;
  if (span === undefined) return;
  const entity = linkEntity(
    span.extra.url === "" ? builder.text.slice(span.offset) : (span.extra.url ?? ""),
  );
  delete span.extra.url;
  if (entity === null) builder.forget();
  else builder.end(entity);
}

function readTag(source: string, at: number): Tag {
  const where = byteOffset(source, at);
  const name = /^[^\s>]*/.exec(source.slice(at + 1))?.[0] ?? "";
  let next = at + 1 + name.length;
  if (next >= source.length) throw cannotParse(`Unclosed start tag at byte offset ${where}`);
  const attributes = new Map<string, string>();
  for (;;) {
    next += /^\s*/.exec(source.slice(next))?.[0].length ?? 0;
    if (next >= source.length) throw cannotParse(`Unclosed start tag at byte offset ${where}`);
    if (source[next] === ">") return { name: name.toLowerCase(), attributes, next: next + 1 };
    const match = /^([^\s=>]+)(?:\s*=\s*("[^"]*"|'[^']*'|[A-Za-z0-9._-]+))?/.exec(
      source.slice(next),
    );
    if (match === null)
      throw cannotParse(`Empty attribute name in the tag "${name}" at byte offset ${where}`);
    attributes.set(
      (match[1] ?? "").toLowerCase(),
      decodeAll((match[2] ?? "").replace(/^(["'])(.*)\1$/s, "$2")),
    );
    next += match[0].length;
  }
}

/** Named (lt, gt, amp, quot) and numeric references; anything else stays an ampersand. */
function decodeEntity(source: string, at: number): [string, number] {
  const match = /^&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot));/i.exec(
    source.slice(at, at + 12),
  );
  if (match === null) return ["&", at + 1];
  const [whole, hex, decimal, named] = match;
  if (named !== undefined) return [NAMED[named.toLowerCase()] ?? "&", at + whole.length];
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  if (code === 0 || code > 0x10ffff) return ["&", at + 1];
  return [String.fromCodePoint(code), at + whole.length];
}

function decodeAll(text: string): string {
  let out = "";
  for (let at = 0; at < text.length; ) {
    const [part, next] = text[at] === "&" ? decodeEntity(text, at) : [text[at] ?? "", at + 1];
    out += part;
    at = next;
  }
  return out;
}

/**
 * `<pre><code class="language-x">` is one `pre` entity with a language; a language elsewhere is
 * dropped.
 */
function foldPreCode({ text, entities }: RichText): RichText {
  const same = (a: Entity, b: Entity): boolean => a.offset === b.offset && a.length === b.length;
  const folded = entities.flatMap((entity): Entity[] => {
    const { language, ...bare } = entity;
    if (
      entity.type === "code" &&
      entities.some((other) => other.type === "pre" && same(other, entity))
    )
      return [];
    const inner = entities.find(
      (other) => other.type === "code" && other.language !== undefined && same(other, entity),
    );
    if (entity.type === "pre" && inner?.language !== undefined)
      return [{ ...bare, language: inner.language }];
    return [language === undefined ? entity : bare];
  });
  return { text, entities: folded };
}

import type { EntityType, RichText } from "../model/types.ts";
import { byteOffset, cannotParse, linkEntity, SpanBuilder } from "./spans.ts";

const MARKS: [string, EntityType][] = [
  ["```", "pre"],
  ["`", "code"],
  ["_", "italic"],
  ["*", "bold"],
];

/**
 * The legacy `parse_mode: Markdown`: no nesting, `\` escapes only `_`, `*`, `` ` `` and `[`.
 * https://core.telegram.org/bots/api#markdown-style
 */
export function parseMarkdown(source: string): RichText {
  const builder = new SpanBuilder();
  let at = 0;
  while (at < source.length) {
    const char = source[at] ?? "";
    if (char === "\\" && "_*`[".includes(source[at + 1] || "?")) {
      builder.text += source[at + 1] ?? "";
      at += 2;
    } else if (!"_*`[".includes(char)) {
      builder.text += char;
      at += 1;
    } else at = char === "[" ? link(source, at, builder) : marked(source, at, builder);
  }
  return builder.result();
}

function marked(source: string, at: number, builder: SpanBuilder): number {
  const [mark, type] = MARKS.find(([each]) => source.startsWith(each, at)) ?? ["*", "bold"];
  const end = source.indexOf(mark, at + mark.length);
  if (end === -1)
    throw cannotParse(
      `Can't find end of the entity starting at byte offset ${byteOffset(source, at)}`,
    );
  let inner = source.slice(at + mark.length, end);
  const language = type === "pre" ? /^([^\s`]+)(?=\s)/.exec(inner)?.[1] : undefined;
  if (type === "pre") inner = inner.slice(language?.length ?? 0).replace(/^\n/, "");
  builder.begin(type, byteOffset(source, at), language === undefined ? {} : { language });
  builder.text += inner;
  builder.end();
  return end + mark.length;
}

function link(source: string, at: number, builder: SpanBuilder): number {
  const end = source.indexOf("]", at);
  if (end === -1)
    throw cannotParse(
      `Can't find end of the entity starting at byte offset ${byteOffset(source, at)}`,
    );
  const label = source.slice(at + 1, end);
  const address = /^\(([^)]*)\)?/.exec(source.slice(end + 1));
  const entity = linkEntity(address?.[1] ?? label);
  builder.begin("text_link", byteOffset(source, at));
  builder.text += label;
  if (entity === null) builder.forget();
  else builder.end(entity);
  return end + 1 + (address?.[0].length ?? 0);
}

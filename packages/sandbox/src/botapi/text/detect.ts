import type { Entity, EntityType, RichText } from "../model/types.ts";

/**
 * What clients mark by themselves. Order matters: an earlier match wins over a later one that
 * overlaps it.
 */
const PATTERNS: [EntityType, RegExp][] = [
  ["url", /\bhttps?:\/\/[^\s<>"]+[^\s<>".,!?;:)\]]/giu],
  ["email", /\b[\w.+-]+@[\w-]+\.[\w.-]*[\w]/gu],
  ["bot_command", /(?<![\w/])\/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])/gu],
  ["mention", /(?<![\w@/])@[A-Za-z][A-Za-z0-9_]{3,31}\b/gu],
  ["hashtag", /(?<![\p{L}\p{N}_#])#(?=[\p{L}\p{N}_]*\p{L})[\p{L}\p{N}_]{1,256}/gu],
];

/**
 * Adds commands, mentions, links, hashtags and e-mail addresses that overlap no code and no link.
 */
export function detectEntities({ text, entities }: RichText): Entity[] {
  const solid = entities.filter((entity) =>
    ["code", "pre", "text_link", "text_mention", "url"].includes(entity.type),
  );
  const found: Entity[] = [];
  for (const [type, pattern] of PATTERNS) {
    for (const match of text.matchAll(pattern)) {
      const entity: Entity = { type, offset: match.index, length: match[0].length };
      if (![...solid, ...found].some((other) => overlaps(other, entity))) found.push(entity);
    }
  }
  return [...entities, ...found];
}

function overlaps(a: Entity, b: Entity): boolean {
  return a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}

import { z } from "zod";
import { refusal } from "../model/refusal.ts";
import type { Entity, EntityType, RichText } from "../model/types.ts";
import { detectEntities } from "./detect.ts";
import { parseHtml } from "./html.ts";
import { parseMarkdown } from "./markdown.ts";
import { parseMarkdownV2 } from "./markdown-v2.ts";

/**
 * Text limits after entity parsing, in UTF-16 units. https://core.telegram.org/bots/api#sendmessage
 */
export const TEXT_LIMIT = 4096;
/** https://core.telegram.org/bots/api#sendphoto */
export const CAPTION_LIMIT = 1024;

const ENTITY_ORDER: EntityType[] = [
  "blockquote",
  "expandable_blockquote",
  "text_link",
  "bold",
  "italic",
  "underline",
  "strikethrough",
  "spoiler",
];

const given = z.array(
  z.object({
    type: z.enum([
      ...[
        "mention",
        "hashtag",
        "bot_command",
        "url",
        "email",
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
      ],
      ...[
        "blockquote",
        "expandable_blockquote",
        "code",
        "pre",
        "text_link",
        "text_mention",
        "custom_emoji",
      ],
      ...["phone_number", "cashtag"],
    ] as [EntityType, ...EntityType[]]),
    offset: z.int().min(0),
    length: z.int().min(0),
    url: z.string().exactOptional(),
    language: z.string().exactOptional(),
    custom_emoji_id: z.string().exactOptional(),
    user: z
      .object({
        id: z.number(),
        is_bot: z.boolean().default(false),
        first_name: z.string().default(""),
      })
      .exactOptional(),
  }),
);

/** What a method was given to make a text of. */
export interface TextInput {
  text: string;
  parseMode: string | undefined;
  entities: unknown;
}

/**
 * Parses the mode or takes the given entities, trims, sorts, and adds what Telegram detects by
 * itself.
 */
export function richText(input: TextInput): RichText {
  const parsed = input.parseMode
    ? byMode(input.text, input.parseMode)
    : { text: input.text, entities: givenEntities(input.entities) };
  return tidy(parsed);
}

/** The text of a message: refuses an empty one and one over 4096. */
export function messageText(input: TextInput): RichText {
  const rich = richText(input);
  if (rich.text === "")
    throw refusal(
      400,
      input.text.trim() === "" ? "message text is empty" : "text must be non-empty",
    );
  if (rich.text.length > TEXT_LIMIT) throw refusal(400, "message is too long");
  return rich;
}

/** A caption: may be empty, at most 1024. */
export function captionText(input: TextInput): RichText {
  const rich = richText(input);
  if (rich.text.length > CAPTION_LIMIT) throw refusal(400, "message caption is too long");
  return rich;
}

function byMode(text: string, mode: string): RichText {
  if (/^html$/i.test(mode)) return parseHtml(text);
  if (/^markdownv2$/i.test(mode)) return parseMarkdownV2(text);
  if (/^markdown$/i.test(mode)) return parseMarkdown(text);
  throw refusal(400, "unsupported parse_mode");
}

function givenEntities(value: unknown): Entity[] {
  if (value === undefined) return [];
  const parsed = given.safeParse(value);
  if (!parsed.success)
    throw refusal(
      400,
      "can't parse MessageEntity: Field of a message entity is missing or has the wrong type",
    );
  return parsed.data;
}

/** White space at both ends goes, entities are cut to what is left, outer ones come first. */
function tidy({ text, entities }: RichText): RichText {
  const clean = text.replaceAll("\r", "");
  const shifted =
    clean.length === text.length
      ? entities
      : entities.map((entity) => withoutReturns(text, entity));
  const lead = clean.length - clean.trimStart().length;
  const trimmed = clean.trim();
  const cut = shifted.flatMap((entity): Entity[] => {
    const start = Math.max(entity.offset - lead, 0);
    const end = Math.min(entity.offset + entity.length - lead, trimmed.length);
    return end > start ? [{ ...entity, offset: start, length: end - start }] : [];
  });
  const all = detectEntities({ text: trimmed, entities: cut });
  return { text: trimmed, entities: all.toSorted(compare) };
}

function withoutReturns(text: string, entity: Entity): Entity {
  const returns = (end: number): number => text.slice(0, end).split("\r").length - 1;
  const offset = entity.offset - returns(entity.offset);
  const end = entity.offset + entity.length - returns(entity.offset + entity.length);
  return { ...entity, offset, length: end - offset };
}

function compare(a: Entity, b: Entity): number {
  const rank = (entity: Entity): number => (ENTITY_ORDER.indexOf(entity.type) + 100) % 100;
  return a.offset - b.offset || b.length - a.length || rank(a) - rank(b);
}

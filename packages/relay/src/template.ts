import type { SourceMessage, TextEntity } from "@flotilla/contracts";
import { AppError, bareChannel } from "@flotilla/kernel";

/** Text with formatting; offsets count UTF-16 units, as Telegram and JavaScript both do. */
export interface RichText {
  readonly text: string;
  readonly entities: readonly TextEntity[];
}

/**
 * Longest text of a message, in UTF-16 units (https://core.telegram.org/api/config,
 * message_length_max).
 */
export const MAX_TEXT = 4096;

const FIELDS = ["text", "source", "sender", "link", "date"] as const;
type Field = (typeof FIELDS)[number];

/** A parsed template: plain text and fields. */
export type Template = readonly (string | { readonly field: Field })[];

/**
 * Parses a template: `{text}`, `{source}`, `{sender}`, `{link}`, `{date}`; `{{` is a brace. Throws
 * AppError `bad-template`.
 */
export function parseTemplate(text: string): Template {
  const pieces: (string | { field: Field })[] = [];
  let plain = "";
  for (const [token] of text.matchAll(/\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+/g)) {
    if (token === "{{" || token === "}}") plain += token[0] ?? "";
    else if (token.startsWith("{") || token.startsWith("}")) {
      pieces.push(plain, { field: fieldOf(token) });
      plain = "";
    } else plain += token;
  }
  return [...pieces, plain].filter((piece) => piece !== "");
}

function fieldOf(token: string): Field {
  const name = FIELDS.find((field) => `{${field}}` === token);
  if (name) return name;
  throw new AppError(
    "bad-template",
    `${token} is not one of ${FIELDS.map((field) => `{${field}}`).join(" ")}. A brace is written twice.`,
    { details: { token, fields: FIELDS.map((field) => `{${field}}`).join(" ") } },
  );
}

/** Fills a template in, at any length. The formatting moves with `{text}`. */
export function render(template: Template, message: SourceMessage): RichText {
  let text = "";
  const entities: TextEntity[] = [];
  for (const piece of template) {
    if (typeof piece === "object" && piece.field === "text") {
      const start = text.length;
      entities.push(
        ...message.entities.map((entity) => ({ ...entity, offset: entity.offset + start })),
      );
    }
    text += typeof piece === "string" ? piece : fieldText(piece.field, message);
  }
  return { text, entities };
}

function fieldText(field: Field, message: SourceMessage): string {
  switch (field) {
    case "text":
      return message.text;
    case "source":
      return message.chatTitle ?? message.chat;
    case "sender":
      return message.senderName ?? message.chatTitle ?? "";
    case "link":
      return linkOf(message) ?? "";
    case "date":
      return `${new Date(message.date).toISOString().slice(0, 16).replace("T", " ")} UTC`;
    default:
      return field satisfies never;
  }
}

/** Link to a message of a channel; null for private chats and basic groups. */
export function linkOf({
  chat,
  chatUsername,
  id,
}: Pick<SourceMessage, "chat" | "chatUsername" | "id">): string | null {
  if (chatUsername) return `https://t.me/${chatUsername}/${id}`;
  const channel = bareChannel(chat);
  return channel === null ? null : `https://t.me/c/${channel}/${id}`;
}

/**
 * Splits a text into messages: the first of at most `first` UTF-16 units, the others of {@link
 * MAX_TEXT}. Splits between lines or words where one ends near the limit, never within a character;
 * trims white space at the ends, as Telegram does; continues formatting in the next part.
 */
export function inParts(whole: RichText, first = MAX_TEXT): [RichText, ...RichText[]] {
  const start = whole.text.length - whole.text.trimStart().length;
  const end = cutAt(whole.text, start, first);
  const head = part(whole, start, end);
  const left = whole.text.slice(end);
  if (left.trim() === "") return [head];
  return [head, ...inParts(part(whole, end, whole.text.length))];
}

/** Smallest share of the limit that a part may have when it is cut between words. */
const NEAR = 0.75;

function cutAt(text: string, start: number, most: number): number {
  const end = start + most;
  if (text.trimEnd().length <= end) return text.length;
  const [near, window] = [start + Math.floor(most * NEAR), text.slice(start, end + 1)];
  for (const blank of ["\n", " "]) {
    const at = start + window.lastIndexOf(blank);
    if (at >= near) return at;
  }
  return isHighSurrogate(text, end - 1) ? end - 1 : end;
}

function part({ text, entities }: RichText, from: number, to: number): RichText {
  const piece = text.slice(from, to);
  const start = from + piece.length - piece.trimStart().length;
  const end = Math.max(start, from + piece.trimEnd().length);
  const kept = entities.flatMap((entity) => {
    const first = Math.max(entity.offset, start);
    const last = Math.min(entity.offset + entity.length, end);
    if (first < last) return [{ ...entity, offset: first - start, length: last - first }];
    return [];
  });
  return { text: text.slice(start, end), entities: kept };
}

function isHighSurrogate(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0xd800 && code <= 0xdbff;
}

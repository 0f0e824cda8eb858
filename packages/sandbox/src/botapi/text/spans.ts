import { refusal } from "../model/refusal.ts";
import type { Entity, EntityType, RichText } from "../model/types.ts";

/** An entity that was opened and waits for its end. */
export interface OpenSpan {
  type: EntityType;
  /** UTF-16 offset in the plain text. */
  offset: number;
  /** Where it starts in the source, in UTF-8 bytes; error texts quote it. */
  byteOffset: number;
  extra: Partial<Entity>;
}

/** Collects plain text and entities while a parser walks its source. */
export class SpanBuilder {
  text = "";
  readonly entities: Entity[] = [];
  readonly open: OpenSpan[] = [];

  get innermost(): OpenSpan | undefined {
    return this.open.at(-1);
  }

  begin(type: EntityType, byteOffset: number, extra: Partial<Entity> = {}): void {
    this.open.push({ type, offset: this.text.length, byteOffset, extra });
  }

  /** Ends the innermost entity; an empty one leaves no trace. */
  end(extra: Partial<Entity> = {}): void {
    const span = this.open.pop();
    if (span === undefined) return;
    this.add(span, this.text.length, extra);
  }

  /** Drops the innermost entity but keeps its text. */
  forget(): void {
    this.open.pop();
  }

  add(span: OpenSpan, end: number, extra: Partial<Entity> = {}): void {
    if (end <= span.offset) return;
    this.entities.push({
      type: span.type,
      offset: span.offset,
      length: end - span.offset,
      ...span.extra,
      ...extra,
    });
  }

  result(): RichText {
    return { text: this.text, entities: this.entities };
  }
}

/** Offset in UTF-8 bytes of a UTF-16 position, as Telegram counts in its error texts. */
export function byteOffset(source: string, position: number): number {
  return Buffer.byteLength(source.slice(0, position));
}

/** `400 … can't parse entities: <why>`. */
export function cannotParse(why: string): Error {
  return refusal(400, `can't parse entities: ${why}`);
}

/** A link that mentions a user: `tg://user?id=…`. Null for anything else. */
export function mentionedUser(url: string): number | null {
  const id = /^tg:\/\/user\/?\?id=([0-9]{1,18})$/i.exec(url)?.[1];
  return id === undefined ? null : Number(id);
}

/** The entity a link becomes: `text_mention`, `text_link`, or null when the address is no link. */
export function linkEntity(url: string): Partial<Entity> | null {
  const user = mentionedUser(url);
  if (user !== null)
    return { type: "text_mention", user: { id: user, is_bot: false, first_name: String(user) } };
  if (/^[a-z][a-z0-9+.-]*:\S/i.test(url)) return { type: "text_link", url };
  return /^[^\s/]+\.[a-z]{2,}/i.test(url) ? { type: "text_link", url: `http://${url}` } : null;
}

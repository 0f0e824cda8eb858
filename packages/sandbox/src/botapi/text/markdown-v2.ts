import type { EntityType, RichText } from "../model/types.ts";
import { byteOffset, cannotParse, linkEntity, SpanBuilder } from "./spans.ts";

const RESERVED = "_*[]()~`>#+-=|{}.!";
/** Names of entity types in Telegram's error texts. */
const TYPE_NAMES: Partial<Record<EntityType, string>> = {
  bold: "Bold",
  italic: "Italic",
  underline: "Underline",
  strikethrough: "Strikethrough",
  spoiler: "Spoiler",
  code: "Code",
  pre: "Pre",
  text_link: "TextUrl",
  custom_emoji: "CustomEmoji",
  blockquote: "BlockQuote",
};
/** The mark that both opens and closes a type. */
const MARKS: [string, EntityType][] = [
  ["```", "pre"],
  ["__", "underline"],
  ["||", "spoiler"],
  ["_", "italic"],
  ["*", "bold"],
  ["~", "strikethrough"],
  ["`", "code"],
];

/**
 * `parse_mode: MarkdownV2` with Telegram's error texts.
 * https://core.telegram.org/bots/api#markdownv2-style
 */
export function parseMarkdownV2(source: string): RichText {
  return new MarkdownV2(source).parse();
}

class MarkdownV2 {
  readonly #source: string;
  readonly #builder = new SpanBuilder();
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  parse(): RichText {
    while (this.#at < this.#source.length) this.#step();
    this.#endQuote();
    const open = this.#builder.innermost;
    if (open !== undefined)
      throw cannotParse(
        `Can't find end of ${TYPE_NAMES[open.type]} entity at byte offset ${open.byteOffset}`,
      );
    return this.#builder.result();
  }

  #step(): void {
    const char = this.#source[this.#at] ?? "";
    if (this.#atLineStart() && this.#quoteLine()) return;
    const inside = this.#builder.innermost?.type;
    const verbatim = inside === "code" || inside === "pre";
    if (char === "\\" && isEscapable(this.#source[this.#at + 1])) this.#copy(1, 1);
    else if (char === "\n" && this.#insideQuote()) this.#newlineInQuote();
    else if (!(verbatim ? "`" : RESERVED).includes(char)) this.#copy(0, 1);
    else if (!this.#closes(inside) && !this.#opens(verbatim)) throw this.#reserved(char);
  }

  #reserved(char: string): Error {
    return cannotParse(
      `Character '${char}' is reserved and must be escaped with the preceding '\\'`,
    );
  }

  #copy(skip: number, count: number): void {
    this.#at += skip;
    this.#builder.text += this.#source.slice(this.#at, this.#at + count);
    this.#at += count;
  }

  #sees(mark: string): boolean {
    return this.#source.startsWith(mark, this.#at);
  }

  #mark(): [string, EntityType] | undefined {
    return MARKS.find(([mark]) => this.#sees(mark));
  }

  #closes(inside: EntityType | undefined): boolean {
    if (inside === undefined) return false;
    if ((inside === "text_link" || inside === "custom_emoji") && this.#sees("]")) {
      this.#at += 1;
      this.#closeLink(inside);
      return true;
    }
    if (
      inside === "blockquote" &&
      this.#sees("||") &&
      /^\|\|(\n|$)/.test(this.#source.slice(this.#at))
    ) {
      this.#at += 2;
      this.#builder.end({ type: "expandable_blockquote" });
      return true;
    }
    const mark = inside === "code" ? "`" : this.#mark()?.[0];
    if (MARKS.find(([, type]) => type === inside)?.[0] !== mark || mark === undefined) return false;
    this.#at += mark.length;
    this.#builder.end();
    return true;
  }

  #opens(verbatim: boolean): boolean {
    if (verbatim) return false;
    const where = byteOffset(this.#source, this.#at);
    const found = this.#mark();
    if (found !== undefined) {
      this.#at += found[0].length;
      this.#builder.begin(found[1], where, found[1] === "pre" ? this.#language() : {});
      return true;
    }
    const emoji = this.#sees("![");
    if (!emoji && !this.#sees("[")) return false;
    this.#at += emoji ? 2 : 1;
    this.#builder.begin(emoji ? "custom_emoji" : "text_link", where);
    return true;
  }

  /**
   * The word after ``` is a language when white space follows it; one newline after the opening is
   * dropped.
   */
  #language(): { language?: string } {
    const rest = this.#source.slice(this.#at);
    const language = /^([^\s`]+)(?=\s)/.exec(rest)?.[1];
    this.#at += language?.length ?? 0;
    if (this.#sees("\n")) this.#at += 1;
    return language === undefined ? {} : { language };
  }

  #closeLink(type: EntityType): void {
    const span = this.#builder.innermost;
    const url = this.#sees("(") ? this.#address() : this.#builder.text.slice(span?.offset ?? 0);
    if (type === "custom_emoji") {
      const id = /^tg:\/\/emoji\?id=([0-9]+)$/.exec(url)?.[1];
      if (id === undefined) throw cannotParse("Custom emoji URL must have an emoji identifier");
      this.#builder.end({ custom_emoji_id: id });
      return;
    }
    const entity = linkEntity(url);
    if (entity === null) this.#builder.forget();
    else this.#builder.end(entity);
  }

  #address(): string {
    const begin = byteOffset(this.#source, this.#at + 1);
    const match = /^\(((?:\\[ -~]|[^)])*)\)/.exec(this.#source.slice(this.#at));
    if (match === null) throw cannotParse(`Can't find end of a URL at byte offset ${begin}`);
    this.#at += match[0].length;
    return (match[1] ?? "").replace(/\\([ -~])/g, "$1");
  }

  #atLineStart(): boolean {
    return this.#at === 0 || this.#source[this.#at - 1] === "\n";
  }

  #insideQuote(): boolean {
    return this.#builder.open[0]?.type === "blockquote";
  }

  /** `>` (or `**>` for a new one) at the start of a line opens a quotation or carries it on. */
  #quoteLine(): boolean {
    const mark = ["**>", ">"].find((each) => this.#sees(each));
    if (mark === undefined || (this.#builder.open.length > 0 && !this.#insideQuote())) return false;
    if (mark === "**>") this.#endQuote();
    if (!this.#insideQuote()) this.#builder.begin("blockquote", byteOffset(this.#source, this.#at));
    this.#at += mark.length;
    return true;
  }

  /** A line that does not start with `>` ends the quotation before its newline. */
  #newlineInQuote(): void {
    if (this.#source[this.#at + 1] !== ">") this.#endQuote();
    this.#copy(0, 1);
  }

  #endQuote(): void {
    if (this.#builder.open.length === 1 && this.#insideQuote()) this.#builder.end();
  }
}

function isEscapable(next: string | undefined): boolean {
  return next !== undefined && next.charCodeAt(0) > 0 && next.charCodeAt(0) <= 126;
}

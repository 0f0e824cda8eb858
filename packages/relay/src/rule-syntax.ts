import { AppError } from "@flotilla/kernel";
import { fold } from "./fold.ts";

/** One condition of a rule. */
export type Term =
  | { readonly kind: "word"; readonly text: string; readonly prefix: boolean }
  | { readonly kind: "regex"; readonly source: string; readonly ignoreCase: boolean }
  | { readonly kind: "media"; readonly kinds: readonly string[] }
  | { readonly kind: "from"; readonly senders: readonly string[] }
  | { readonly kind: "script"; readonly names: readonly string[] };

/** A rule as a tree. */
export type RuleNode =
  | Term
  | { readonly kind: "not"; readonly of: RuleNode }
  | { readonly kind: "and" | "or"; readonly of: readonly RuleNode[] };

/** Media kinds in rules; `none` = text only, `any` = all kinds. */
const MEDIA: ReadonlySet<string> = new Set(
  "none any photo video audio voice document sticker animation poll location contact other".split(
    " ",
  ),
);
/** Scripts in rules, by their Unicode names. */
export const SCRIPTS: ReadonlySet<string> = new Set(
  "latin cyrillic greek arabic hebrew han hiragana katakana hangul devanagari thai armenian georgian".split(
    " ",
  ),
);

/**
 * AppError `bad-rule` with the fault and its position. The details `why` and `token` allow a
 * translated message.
 */
export function badRule(
  why: string,
  message: string,
  at: number,
  token = "",
): AppError<"bad-rule"> {
  return new AppError("bad-rule", `${message} (at character ${at + 1} of the filter)`, {
    details: { why, at: at + 1, token },
  });
}

type Token = { readonly at: number } & (
  | { readonly kind: "(" | ")" | "and" | "or" | "not" }
  | { readonly kind: "term"; readonly term: Term }
);

const TOKEN =
  /\s*(?:(?<bracket>[()])|"(?<quoted>[^"]*)"|\/(?<regex>(?:\\.|[^/\\])+)\/(?<flags>[a-z]*)|(?<plain>[^\s()"]+))/y;

/**
 * Parses a rule: words and `"phrases"`, `/regular expressions/i`, `media:photo,video`,
 * `from:@ann,123`, `script:cyrillic`, joined by `and` (or nothing), `or`, `not` and brackets.
 * Throws AppError `bad-rule` with the position. The empty rule is null and matches everything.
 */
export function parseRule(text: string): RuleNode | null {
  const tokens = tokenise(text);
  if (tokens.length === 0) return null;
  const reader = new Reader(tokens, text.length);
  const node = reader.or();
  reader.expectEnd();
  return node;
}

function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  while (text.slice(pattern.lastIndex).trim() !== "") {
    const from =
      pattern.lastIndex +
      (text.slice(pattern.lastIndex).length - text.slice(pattern.lastIndex).trimStart().length);
    const match = pattern.exec(text);
    if (!match)
      throw text[from] === '"'
        ? badRule("quote", 'A " is not closed', from)
        : badRule("unread", "This cannot be read", from);
    tokens.push(toToken(match.groups ?? {}, from));
  }
  return tokens;
}

function toToken(groups: Record<string, string | undefined>, at: number): Token {
  const { bracket, quoted, regex, flags = "", plain = "" } = groups;
  if (bracket === "(" || bracket === ")") return { kind: bracket, at };
  if (quoted !== undefined) return { kind: "term", at, term: word(quoted, at) };
  if (regex !== undefined) {
    if (flags !== "" && flags !== "i")
      throw badRule("flags", "After a regular expression only i is known", at);
    return { kind: "term", at, term: { kind: "regex", source: regex, ignoreCase: flags === "i" } };
  }
  const lower = plain.toLowerCase();
  if (lower === "and" || lower === "or" || lower === "not") return { kind: lower, at };
  return { kind: "term", at, term: plainTerm(plain, at) };
}

function plainTerm(plain: string, at: number): Term {
  if (plain.startsWith("/")) throw badRule("regex-end", "A regular expression ends with /", at);
  const [, key = "", list = ""] = /^(media|from|script|word):(.+)$/i.exec(plain) ?? [];
  if (key === "") {
    if (plain.endsWith(","))
      throw badRule("comma", "Write or between words, not a comma", at + plain.length - 1);
    return word(plain, at);
  }
  const values = list.split(",").filter((value) => value !== "");
  switch (key.toLowerCase()) {
    case "media":
      return { kind: "media", kinds: known(values, MEDIA, at) };
    case "script":
      return { kind: "script", names: known(values, SCRIPTS, at) };
    case "from":
      return { kind: "from", senders: values.map((value) => sender(value, at)) };
    default:
      return word(list, at);
  }
}

function known(values: readonly string[], all: ReadonlySet<string>, at: number): string[] {
  const lower = values.map((value) => value.toLowerCase());
  const unknown = lower.find((value) => !all.has(value));
  if (unknown !== undefined || lower.length === 0)
    throw badRule(
      "unknown",
      `${unknown ?? "Nothing"} is not one of ${[...all].join(", ")}`,
      at,
      [...all].join(", "),
    );
  return lower;
}

function sender(value: string, at: number): string {
  if (/^(?:@[A-Za-z][A-Za-z0-9_]{3,31}|-?[1-9][0-9]{0,18})$/.test(value))
    return value.toLowerCase();
  throw badRule("sender", `${value} is no sender: write @username or a number`, at, value);
}

function word(text: string, at: number): Term {
  const prefix = text.endsWith("*");
  const bare = fold(prefix ? text.slice(0, -1) : text).trim();
  if (bare === "") throw badRule("empty", "A word is empty", at);
  return { kind: "word", text: bare, prefix };
}

/** Deepest nesting of brackets and `not`. */
const MAX_DEPTH = 20;

class Reader {
  readonly #tokens: readonly Token[];
  readonly #end: number;
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], end: number) {
    this.#tokens = tokens;
    this.#end = end;
  }

  or(): RuleNode {
    const parts = [this.#and()];
    while (this.#take("or")) parts.push(this.#and());
    return joined("or", parts);
  }

  expectEnd(): void {
    const token = this.#tokens[this.#next];
    if (token?.kind === ")") throw badRule("close", "There is a ) without its (", token.at);
    if (token) throw badRule("surplus", "This is one word too many", token.at);
  }

  #and(): RuleNode {
    const parts = [this.#not()];
    for (;;) {
      const joinedByWord = this.#take("and");
      const kind = this.#tokens[this.#next]?.kind;
      if (!joinedByWord && kind !== "(" && kind !== "not" && kind !== "term")
        return joined("and", parts);
      parts.push(this.#not());
    }
  }

  #not(): RuleNode {
    if (++this.#depth > MAX_DEPTH)
      throw badRule("deep", "This is nested too deeply", this.#tokens[this.#next]?.at ?? this.#end);
    try {
      if (this.#take("not")) return { kind: "not", of: this.#not() };
      return this.#primary();
    } finally {
      this.#depth -= 1;
    }
  }

  #primary(): RuleNode {
    const token = this.#tokens[this.#next];
    if (token?.kind === "term") {
      this.#next += 1;
      return token.term;
    }
    if (!this.#take("("))
      throw badRule("missing", "A word is missing here", token?.at ?? this.#end);
    const inner = this.or();
    if (!this.#take(")"))
      throw badRule("open", "A ) is missing", this.#tokens[this.#next]?.at ?? this.#end);
    return inner;
  }

  #take(kind: Token["kind"]): boolean {
    if (this.#tokens[this.#next]?.kind !== kind) return false;
    this.#next += 1;
    return true;
  }
}

function joined(kind: "and" | "or", parts: readonly RuleNode[]): RuleNode {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  return { kind, of: parts };
}

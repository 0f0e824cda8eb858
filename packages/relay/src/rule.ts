import type { MediaKind, SourceMessage } from "@flotilla/contracts";
import { RE2JS } from "re2js";
import { fold } from "./fold.ts";
import { badRule, parseRule, type RuleNode, type Term } from "./rule-syntax.ts";

/** Fields that a rule tests. `media` has all kinds of an album; it is empty for a text. */
export interface RuleSubject extends Pick<SourceMessage, "text" | "sender" | "senderUsername"> {
  readonly media: readonly MediaKind[];
}

/** Result of a rule; `because` lists the conditions that matched, for people. */
export interface RuleVerdict {
  readonly matched: boolean;
  readonly because: readonly string[];
}

/** A compiled rule. */
export type Rule = (subject: RuleSubject) => RuleVerdict;

type Check = (subject: Prepared) => RuleVerdict;

interface Prepared extends RuleSubject {
  readonly folded: string;
  readonly composed: string;
}

const NO: RuleVerdict = { matched: false, because: [] };
/**
 * Longest regular expression, in characters. Its time is linear in the text (RE2), so no other
 * limit is needed.
 */
const MAX_REGEX = 200;

/**
 * Compiles a rule; the empty rule matches everything. Throws AppError `bad-rule` with the position.
 */
export function compileRule(text: string): Rule {
  const node = parseRule(text);
  if (!node) return () => ({ matched: true, because: [] });
  const check = compile(node);
  return (subject) =>
    check({ ...subject, folded: fold(subject.text), composed: subject.text.normalize("NFC") });
}

function compile(node: RuleNode): Check {
  switch (node.kind) {
    case "and":
      return all(node.of.map(compile));
    case "or":
      return any(node.of.map(compile));
    case "not": {
      const inner = compile(node.of);
      return (subject) => ({ matched: !inner(subject).matched, because: [] });
    }
    default:
      return term(node);
  }
}

function all(checks: readonly Check[]): Check {
  return (subject) => {
    const because: string[] = [];
    for (const check of checks) {
      const verdict = check(subject);
      if (!verdict.matched) return NO;
      because.push(...verdict.because);
    }
    return { matched: true, because };
  };
}

function any(checks: readonly Check[]): Check {
  return (subject) => checks.map((check) => check(subject)).find(({ matched }) => matched) ?? NO;
}

function term(node: Term): Check {
  switch (node.kind) {
    case "word": {
      const label = node.prefix ? `${node.text}*` : node.text;
      return met(label, ({ folded }) => hasWord(folded, node.text, node.prefix));
    }
    case "regex":
      return regex(node);
    case "media":
      return met(`media:${node.kinds.join(",")}`, ({ media }) =>
        node.kinds.some((kind) => hasMedia(media, kind)),
      );
    case "from":
      return met(`from:${node.senders.join(",")}`, (subject) =>
        node.senders.some((sender) => isFrom(subject, sender)),
      );
    case "script":
      return met(`script:${node.names.join(",")}`, ({ text }) =>
        node.names.includes(mainScript(text) ?? ""),
      );
    default:
      return node satisfies never;
  }
}

function met(label: string, test: (subject: Prepared) => boolean): Check {
  const yes: RuleVerdict = { matched: true, because: [label] };
  return (subject) => (test(subject) ? yes : NO);
}

function regex(node: Extract<Term, { kind: "regex" }>): Check {
  if (node.source.length > MAX_REGEX)
    throw badRule(
      "long",
      `A regular expression has at most ${MAX_REGEX} characters`,
      0,
      String(MAX_REGEX),
    );
  const label = `/${node.source}/`;
  try {
    const compiled = RE2JS.compile(
      node.source.normalize("NFC"),
      node.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0,
    );
    return met(label, ({ composed }) => compiled.matcher(composed).find());
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/^error parsing regexp: /, "") : "unreadable";
    throw badRule(
      "regex",
      `${label} is not a regular expression that can be used here: ${reason}`,
      0,
      label,
    );
  }
}

/** Scripts that put no blanks between words. */
const UNSPACED = [
  "Han",
  "Hiragana",
  "Katakana",
  "Bopomofo",
  "Thai",
  "Lao",
  "Khmer",
  "Myanmar",
  "Tibetan",
  "Javanese",
  "Balinese",
  "Tai_Le",
  "New_Tai_Lue",
  "Tai_Tham",
].map((script) => `\\p{scx=${script}}`);
/** A letter or digit of a script that puts blanks between words. */
const SPACED = new RegExp(String.raw`(?![${UNSPACED.join("")}])[\p{L}\p{M}\p{N}_]`, "u");

/**
 * Whether a folded text contains the whole word, or a word that starts with it. A word ends between
 * two characters unless both belong to scripts that put blanks between words: in a sentence, no
 * blank surrounds 比特币 or separates it from `btc`.
 */
function hasWord(folded: string, word: string, prefix: boolean): boolean {
  for (let at = folded.indexOf(word); at !== -1; at = folded.indexOf(word, at + 1)) {
    const end = at + word.length;
    const startsClean = !isSpaced(word, 0) || !isSpacedBefore(folded, at);
    const endsClean = prefix || !isSpacedBefore(word, word.length) || !isSpaced(folded, end);
    if (startsClean && endsClean) return true;
  }
  return false;
}

function isSpaced(text: string, at: number): boolean {
  const code = text.codePointAt(at);
  return code !== undefined && SPACED.test(String.fromCodePoint(code));
}

function isSpacedBefore(text: string, at: number): boolean {
  const unit = text.charCodeAt(at - 1);
  const isLowSurrogate = unit >= 0xdc00 && unit <= 0xdfff;
  return at > 0 && isSpaced(text, isLowSurrogate ? at - 2 : at - 1);
}

function hasMedia(media: RuleSubject["media"], wanted: string): boolean {
  if (wanted === "any") return media.length > 0;
  if (wanted === "none") return media.length === 0;
  return media.some((kind) => kind === wanted);
}

function isFrom({ sender, senderUsername }: RuleSubject, wanted: string): boolean {
  if (wanted.startsWith("@")) return senderUsername?.toLowerCase() === wanted.slice(1);
  return sender === wanted;
}

const SCRIPT_PATTERNS: readonly (readonly [string, RegExp])[] = [
  ["latin", /\p{Script=Latin}/gu],
  ["cyrillic", /\p{Script=Cyrillic}/gu],
  ["greek", /\p{Script=Greek}/gu],
  ["arabic", /\p{Script=Arabic}/gu],
  ["hebrew", /\p{Script=Hebrew}/gu],
  ["han", /\p{Script=Han}/gu],
  ["hiragana", /\p{Script=Hiragana}/gu],
  ["katakana", /\p{Script=Katakana}/gu],
  ["hangul", /\p{Script=Hangul}/gu],
  ["devanagari", /\p{Script=Devanagari}/gu],
  ["thai", /\p{Script=Thai}/gu],
  ["armenian", /\p{Script=Armenian}/gu],
  ["georgian", /\p{Script=Georgian}/gu],
];

/** The script with the most letters, addresses left out; null without letters. */
function mainScript(text: string): string | null {
  const bare = text.replace(/https?:\/\/\S+|@\w+/g, " ");
  let best: { name: string; count: number } | null = null;
  for (const [name, pattern] of SCRIPT_PATTERNS) {
    const count = bare.match(pattern)?.length ?? 0;
    if (count > (best?.count ?? 0)) best = { name, count };
  }
  return best?.name ?? null;
}

import { cleanPaste } from "./clean.ts";

/**
 * The marks of a code fence; what stands behind them on the line is a language, or the text itself.
 */
const FENCE = /^[ >]*(?:`{3,}|~{3,})(?:[\w+#-]{0,16}$)?/gm;
/** Separators around encoded text: quotes, brackets, `NAME=`, a comma after it. */
const BETWEEN = /[^A-Za-z0-9+/_-]+/;
/** A line that has fewer characters of it ends a text that was wrapped, or is another text. */
const MIN_LINE = 16;

/**
 * The texts in base64 or base64url of at least `minLength` characters that a paste can mean, the
 * likeliest first: quotes, code fences, a name before it and padding are left away; one that was
 * wrapped into lines is joined, also when each line has marks of its own (field fault C2).
 */
export function encodedTexts(text: string, minLength: number): string[] {
  // The dash of the alphabet is a plain one: cleaning changes no character of it. Editors make one
  // long dash of two.
  const pastes = [text, text.replaceAll("\u2014", "--"), unescaped(text)];
  const found = pastes.flatMap(formsOf).flatMap((form) => form.split(BETWEEN));
  // Italic text stands between such marks in chats, and they are letters of the alphabet.
  const meant = found.flatMap((each) => [
    each,
    each.replace(/^_+/, ""),
    each.replace(/^_+|_+$/g, ""),
  ]);
  return [...new Set(meant.filter(({ length }) => length >= minLength))].sort(
    (a, b) => b.length - a.length,
  );
}

function formsOf(text: string): string[] {
  const clean = cleanPaste(text.replace(FENCE, "\n"));
  return [
    clean,
    clean.replace(/\\?\n */g, ""),
    clean.replace(/\s+/g, ""),
    ...joined(clean.split("\n")),
  ];
}

/** What programs and links write for line breaks and for marks. */
function unescaped(text: string): string {
  const lines = text.replace(/\\r?\\n|\\n/g, "\n");
  try {
    return /%[0-9a-f]{2}/i.test(lines) ? decodeURIComponent(lines) : lines;
  } catch {
    return lines;
  }
}

/**
 * Lines that follow each other, each without its marks: quotes of a program, `>` of a mail, a
 * number. A short line can be the last one.
 */
function joined(lines: readonly string[]): string[] {
  const runs: string[] = [];
  let run = "";
  for (const line of [...lines, ""]) {
    const [longest = ""] = line.split(BETWEEN).sort((a, b) => b.length - a.length);
    if (longest.length >= MIN_LINE) run += longest;
    else if (run !== "") {
      runs.push(run, run + longest);
      run = "";
    }
  }
  return runs;
}

import { cleanPaste } from "./clean.ts";

const FENCE = /^ *(?:`{3,}|~{3,})[^\n]*$/gm;
/** Separators around encoded text: quotes, brackets, `NAME=`, a comma after it. */
const BETWEEN = /[^A-Za-z0-9+/_-]+/;

/**
 * Texts in base64 or base64url of at least `minLength` characters that a paste can contain, the
 * likeliest first. Drops quotes, code fences, a name before it and padding; joins a text that was
 * wrapped into lines (field fault C2).
 */
export function encodedTexts(text: string, minLength: number): string[] {
  // Safe to clean: the dash of the alphabet is a plain one.
  const clean = cleanPaste(text.replace(FENCE, "\n"));
  const forms = [clean, clean.replace(/\\?\n */g, ""), clean.replace(/\s+/g, "")];
  const found = forms.flatMap((form) => form.split(BETWEEN)).filter(({ length }) => length >= minLength);
  return [...new Set(found)].sort((a, b) => b.length - a.length);
}

import { cleanPaste } from "./clean.ts";

const FENCE = /^ *(?:`{3,}|~{3,})[^\n]*$/gm;
/** What can be around encoded text: quotes, brackets, `NAME=`, a comma after it. */
const BETWEEN = /[^A-Za-z0-9+/_-]+/;

/**
 * The texts in base64 or base64url of at least `minLength` characters that a paste can mean, the likeliest first: quotes, code fences, a name before it and
 * padding are left away; one that was wrapped into lines is joined (field fault C2).
 */
export function encodedTexts(text: string, minLength: number): string[] {
  // The dash of the alphabet is a plain one: cleaning changes no character of it.
  const clean = cleanPaste(text.replace(FENCE, "\n"));
  const forms = [clean, clean.replace(/\\?\n */g, ""), clean.replace(/\s+/g, "")];
  const found = forms.flatMap((form) => form.split(BETWEEN)).filter(({ length }) => length >= minLength);
  return [...new Set(found)].sort((a, b) => b.length - a.length);
}

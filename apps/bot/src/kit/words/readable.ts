/**
 * Marks that turn the direction of a line, have no width, or join what is on both sides; U+200C and
 * U+200D are parts of words and of emoji.
 */
const MARKS = /[\u061C\u180E\u200B\u200E\u200F\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]/g;
/** Control characters but for the end of a line and the tab. */
const CONTROLS = /(?![\n\t])\p{Cc}/gu;
/** Half a character. */
const HALVES = /\p{Cs}/gu;

/**
 * A text from outside as the chat shows it: a name cannot turn its line around, hide in it or break
 * it (field fault D8). Everything that is put into HTML, and every label of a button, goes through
 * here.
 */
export function readable(text: string): string {
  return text
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, "\n")
    .replace(HALVES, "\uFFFD")
    .replace(CONTROLS, "")
    .replace(MARKS, "");
}

/** A name: {@link readable}, and on one line. Empty when nothing of it can be read. */
export function readableName(name: string): string {
  return readable(name).replace(/\s+/gu, " ").trim();
}

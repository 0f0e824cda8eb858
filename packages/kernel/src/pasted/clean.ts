/** Marks that steer the direction of text, join letters or are a byte order mark: contacts, chats and editors put them around what people copy. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
const DASHES = /[\p{Pd}\u2212]/gu;
const BLANKS = /[\p{Zs}\t]/gu;
/** Quotes of any language, and what chats use for code. */
const AROUND = /^["'`<>«»‹›\u2018-\u201f\u300c-\u300f\s]+|["'`<>«»‹›\u2018-\u201f\u300c-\u300f\s]+$/gu;

/**
 * What a person pasted, as they meant it: without invisible marks, with plain blanks, hyphens and ASCII digits (of every script), wide
 * letters made narrow, and no quotes around it. Line breaks stay (field fault C1).
 */
export function cleanPaste(text: string): string {
  const plain = text
    .replace(INVISIBLE, "")
    .replace(/\r\n?/g, "\n")
    .replace(DASHES, "-")
    .replace(BLANKS, " ")
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/\p{Nd}/gu, digit);
  return plain.replace(AROUND, "");
}

/** Decimal digits of a script stand in a row from its zero on; rows that touch are whole rows. */
function digit(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x80) return char;
  let zero = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((code - zero) % 10);
}

/**
 * Marks that set the text direction, join letters or are a byte order mark. Contacts, chats and
 * editors add them to copied text.
 */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
const DASHES = /[\p{Pd}\u2212]/gu;
const BLANKS = /[\p{Zs}\t]/gu;
/** Quotes of any language, and the code marks of chats. */
const AROUND =
  /^["'`<>«»‹›\u2018-\u201f\u300c-\u300f\s]+|["'`<>«»‹›\u2018-\u201f\u300c-\u300f\s]+$/gu;

/**
 * Cleans pasted text: removes invisible marks and the quotes around it; makes blanks, hyphens and
 * wide letters plain; turns digits of every script into ASCII. Line breaks stay (field fault C1).
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

/** The decimal digits of a script are contiguous from its zero on; adjacent rows are whole rows. */
function digit(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x80) return char;
  let zero = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((code - zero) % 10);
}

/**
 * A text as words are compared: without what no reader sees (joiners, soft hyphens, variation selectors), compatibility forms as one, and
 * full case folding, so that `straße` is STRASSE and `istanbul` is İSTANBUL (https://www.unicode.org/reports/tr44/#NFKC_Casefold). There and
 * back: ẞ, ß and SS become one, as do ſ, s and S. The dot that İ leaves behind goes, and so does the form of σ at the end of a word.
 */
export function fold(text: string): string {
  const cased = text
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .normalize("NFKC")
    .toLowerCase()
    .toUpperCase()
    .toLowerCase();
  return cased.replaceAll("i\u0307", "i").replaceAll("ς", "σ").normalize("NFKC");
}

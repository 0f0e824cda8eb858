/**
 * Normal form of a text for comparing words: without invisible characters (joiners, soft hyphens,
 * variation selectors), with compatibility forms unified and full case folding, so that `straße`
 * equals STRASSE and `istanbul` equals İSTANBUL
 * (https://www.unicode.org/reports/tr44/#NFKC_Casefold). Upper and lower case in turn: ẞ, ß and SS
 * become one, as do ſ, s and S. Removes the dot that İ leaves, and unifies the final form of σ.
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

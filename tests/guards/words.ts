/** Words that docs/glossary.md retires. They hide who acts. */
const RETIRED =
  /\b(?:nobody|somebody|whoever|anew|shall|so long|be had|goes on|gets on|gives back|takes part)\b/gi;

/** Retired words in a text that begins in this line of its file, each with its place. */
export function retiredWords(file: string, text: string, from = 1): string[] {
  return [...text.matchAll(RETIRED)].map(({ 0: word, index }) => {
    const line = from - 1 + text.slice(0, index).split("\n").length;
    return `${file}:${line} says "${word}": name who acts (docs/glossary.md)`;
  });
}

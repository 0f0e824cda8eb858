/** Words that docs/glossary.md retires. They hide who acts. */
const RETIRED =
  /\b(?:nobody|somebody|whoever|anew|shall|so long|be had|goes on|gets on|gives back|takes part)\b/gi;

/** Retired words in a text, each with its place. */
export function retiredWords(file: string, text: string): string[] {
  return [...text.matchAll(RETIRED)].map(({ 0: word, index }) => {
    const line = text.slice(0, index).split("\n").length;
    return `${file}:${line} says "${word}": name who acts (docs/glossary.md)`;
  });
}

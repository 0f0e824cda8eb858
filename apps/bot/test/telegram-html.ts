import type { Card } from "../src/kit/chat/screen.ts";

const KNOWN = new Set(["b", "i", "code", "pre", "u", "s", "a"]);
const ENTITIES: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&amp;": "&",
  "&quot;": '"',
};

/**
 * Reads HTML as Telegram does, and throws where Telegram answers "can't parse entities": unknown or
 * unbalanced tags, a bare `<` or `&`. Returns the text that is left.
 * https://core.telegram.org/bots/api#html-style
 */
export function plainText(html: string): string {
  const open: string[] = [];
  const text = html.replace(
    /<(\/?)([a-z]+)>|<|>|&[a-z]+;|&/g,
    (match, slash: string | undefined, tag: string | undefined) => {
      if (tag === undefined) {
        const char = ENTITIES[match];
        if (char === undefined) throw new Error(`a bare ${match} in ${html}`);
        return char;
      }
      if (!KNOWN.has(tag)) throw new Error(`unknown tag ${match} in ${html}`);
      if (slash === "") open.push(tag);
      else if (open.pop() !== tag) throw new Error(`${match} closes nothing in ${html}`);
      return "";
    },
  );
  if (open.length > 0) throw new Error(`<${open.join("><")}> is never closed in ${html}`);
  return text;
}

/**
 * Throws when Telegram would refuse the card, with room for the line that says when it was updated.
 */
export function checkCard(card: Card): string {
  const text = plainText(card.html);
  if (text.trim() === "") throw new Error("an empty message");
  if (text.length > 4096 - 30) throw new Error(`${text.length} characters`);
  for (const button of card.keyboard.flat()) {
    const data = "callback_data" in button ? button.callback_data : "";
    if (Buffer.byteLength(data) < 1 || Buffer.byteLength(data) > 64)
      throw new Error(`callback data of ${data.length}`);
    if (button.text === "") throw new Error("a button without a text");
  }
  if (card.keyboard.some((row) => row.length === 0)) throw new Error("an empty row of buttons");
  return text;
}

/** The labels of a card's buttons, in order. */
export function labels(card: Card): string[] {
  return card.keyboard.flat().map((button) => button.text);
}

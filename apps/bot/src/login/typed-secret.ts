import type { MessageEntity } from "grammy/types";

/**
 * What apps turn into formatting during typing (https://core.telegram.org/api/entities), by what
 * they take away for it.
 */
const MARKS: Readonly<Record<string, string>> = {
  bold: "**",
  italic: "__",
  strikethrough: "~~",
  spoiler: "||",
  code: "`",
  pre: "```",
};

const QUOTES: readonly (readonly [string, string])[] = [
  ['"', '"'],
  ["“", "”"],
  ["„", "“"],
  ["«", "»"],
];

/**
 * A password as it was typed. Telegram's apps take marks such as `**` for formatting and blanks at
 * both ends away: the marks are put back, and what stands in quotes keeps its blanks.
 */
export function typedSecret(text: string, entities: readonly MessageEntity[] = []): string {
  return unquoted(withMarks(text, entities));
}

/**
 * A proxy or a session string as it was pasted: the marks that Telegram's apps took for formatting
 * are letters of it. A text that is formatted as a whole was made so by its sender.
 */
export function pastedSecret(text: string, entities: readonly MessageEntity[] = []): string {
  return withMarks(
    text,
    entities.filter(({ offset, length }) => offset > 0 || length < text.length),
  );
}

function withMarks(text: string, entities: readonly MessageEntity[]): string {
  const marks = entities.flatMap(({ type, offset, length }, order) => {
    const mark = MARKS[type];
    if (mark === undefined) return [];
    return [
      { at: offset, mark, opens: true, order: -order },
      { at: offset + length, mark, opens: false, order },
    ];
  });
  // From the end on. At one place what ends stands before what begins, and what is inside closes
  // first.
  return marks
    .sort((a, b) => b.at - a.at || Number(b.opens) - Number(a.opens) || a.order - b.order)
    .reduce((whole, { at, mark }) => `${whole.slice(0, at)}${mark}${whole.slice(at)}`, text);
}

function unquoted(text: string): string {
  const pair = QUOTES.find(
    ([open, close]) => text.length > 2 && text.startsWith(open) && text.endsWith(close),
  );
  return pair ? text.slice(1, -1) : text;
}

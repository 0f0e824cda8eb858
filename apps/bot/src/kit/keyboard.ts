import type { InlineKeyboardButton } from "grammy/types";
import type { Verb } from "./button.ts";
import { encodePress } from "./callback.ts";
import type { Words } from "./words/words.ts";

/** A button that is known by its verb: its label is the text `button-<verb>`. */
export function verbButton(
  words: Words,
  verb: Verb,
  about = "",
  arg = "",
): InlineKeyboardButton.CallbackButton {
  return { text: words.text(`button-${verb}`), callback_data: encodePress(verb, about, arg) };
}

/** 🔄 Refresh, which shows the same screen again. */
export function refreshButton(words: Words, data: string): InlineKeyboardButton {
  return { text: words.text("button-refresh"), callback_data: data };
}

/** ⬅️ Back to the screen before. */
export function backButton(words: Words, data: string): InlineKeyboardButton {
  return { text: words.text("button-back"), callback_data: data };
}

/** ✖️ Cancel. */
export function cancelButton(words: Words, data: string): InlineKeyboardButton {
  return { text: words.text("button-cancel"), callback_data: data };
}

/** A button, or none where the reader may not press it or nothing is there for it. */
type Offered = InlineKeyboardButton | null | undefined | false | "";
/** A row of what is offered, or none. */
export type Row = readonly Offered[] | null | undefined | false;

/** The rows of a keyboard: without buttons that are not offered, and without rows that are empty. */
export function rows(...all: readonly Row[]): InlineKeyboardButton[][] {
  return all.map((row) => (row || []).filter((button) => !!button)).filter((row) => row.length > 0);
}

/** The label of a choice; the one that is in force has a mark. */
export function choiceLabel(text: string, isChosen: boolean): string {
  return isChosen ? `• ${text}` : text;
}

/** Two to a row. */
export function pairs<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / 2) }, (_, row) =>
    items.slice(row * 2, row * 2 + 2),
  );
}

/** One page of a list, and the row that leads to the others; none when there is one page. */
export function paged<T>(
  items: readonly T[],
  {
    page,
    size,
    at,
  }: { readonly page: number; readonly size: number; readonly at: (page: number) => string },
): {
  readonly shown: readonly T[];
  readonly from: number;
  readonly current: number;
  readonly pager: InlineKeyboardButton[][];
} {
  const pages = Math.max(1, Math.ceil(items.length / size));
  const current = Math.min(page, pages - 1);
  const pager = [
    { text: "◀️", callback_data: at(Math.max(0, current - 1)) },
    { text: `${current + 1}/${pages}`, callback_data: at(current) },
    { text: "▶️", callback_data: at(Math.min(pages - 1, current + 1)) },
  ];
  const from = current * size;
  return { shown: items.slice(from, from + size), from, current, pager: pages > 1 ? [pager] : [] };
}

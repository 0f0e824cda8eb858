import { encodePress, type Verb } from "@flotilla/contracts";
import type { InlineKeyboardButton } from "grammy/types";
import type { Words } from "../words/words.ts";

/** A button that is known by its verb: its label is the text `button-<verb>`. */
export function verbButton(words: Words, verb: Verb, worker = "", arg = ""): InlineKeyboardButton.CallbackButton {
  return { text: words.text(`button-${verb}`), callback_data: encodePress(verb, worker, arg) };
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

/** Two to a row. */
export function pairs<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / 2) }, (_, row) => items.slice(row * 2, row * 2 + 2));
}

import { encodePress } from "@flotilla/contracts";
import type { InlineKeyboardButton } from "grammy/types";
import { backButton, verbButton } from "../kit/keyboard.ts";
import type { Card } from "../kit/screen.ts";
import type { Words } from "../kit/words/words.ts";
import type { AlertKind } from "./kinds.ts";

/**
 * 📖 What alerts of this kind mean, what to do, and when they are over: the short form of
 * `docs/runbooks/alerts.md`, which a chat cannot open.
 */
export function runbookScreen(words: Words, about: AlertKind): Card {
  return {
    html: words.html(`runbook-${about}`).text,
    keyboard: [[verbButton(words, "health"), backButton(words, encodePress("alerts"))]],
  };
}

/** The way there, on a card. */
export function runbookButton(words: Words, about: AlertKind): InlineKeyboardButton {
  return verbButton(words, "runbook", "", about);
}

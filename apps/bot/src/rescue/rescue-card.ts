import type { InlineKeyboardButton } from "grammy/types";
import type { Card } from "../kit/chat/screen.ts";
import { stampOf } from "../kit/confirm.ts";
import { cancelButton, refreshButton, rows } from "../kit/keyboard.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import type { Copy, GoodCopy } from "./copies.ts";
import type { Loss } from "./loss.ts";

/** What a button of the card wants. */
export const RESCUE_ACTIONS = [
  "look",
  "older",
  "one",
  "put",
  "empty",
  "do-put",
  "do-empty",
] as const;
export type RescueAction = (typeof RESCUE_ACTIONS)[number];

/** The verb of every button of the card; no room has it. */
export const RESCUE_VERB = "rescue";

/** What the card is made of. */
export interface RescueSight {
  readonly words: Words;
  readonly host: string;
  readonly loss: Loss;
  /** BACKUP_DIR, for people. */
  readonly folder: string;
  /** Workers that hosts tell of; null = Redis does not say. */
  readonly workers: readonly string[] | null;
  readonly now: number;
}

/** Names in a line; more are counted. */
const MOST_NAMES = 10;
/** Older copies on one card. */
const MOST_COPIES = 10;
/** Archive errors that have words; others are shown as their code. */
const KNOWN: ReadonlySet<string> = new Set([
  "wrong-fleet-key",
  "archive-damaged",
  "archive-foreign",
  "archive-newer",
]);

/** What is lost, and what the best copy would bring back. */
export function frontCard(
  sight: RescueSight,
  {
    good,
    useless,
    count,
  }: { readonly good: GoodCopy | null; readonly useless: readonly Copy[]; readonly count: number },
): Card {
  const { words, folder } = sight;
  return {
    html: lines(
      ...headOf(sight),
      "",
      ...(good
        ? [words.html("rescue-copy", { at: good.at }), ...copyLines(sight, good)]
        : [words.html("rescue-no-copy", { folder })]),
      ...useless.slice(0, 3).map((copy) => uselessLine(words, copy)),
    ).text,
    keyboard: rows(
      [good && putButton(words, good.at)],
      [count > 1 && press(words.text("button-rescue-older", { count }), "older")],
      [press(words.text("button-rescue-empty"), "empty")],
      [refreshButton(words, data("look"))],
    ),
  };
}

/** The copies by their times. */
export function olderCard(
  { words }: RescueSight,
  copies: readonly { readonly at: number }[],
): Card {
  const shown = copies.slice(0, MOST_COPIES);
  return {
    html: lines(words.html("rescue-older"), words.html("rescue-older-how")).text,
    keyboard: rows(
      ...shown.map(({ at }) => [press(words.text("button-rescue-copy", { at }), "one", idOf(at))]),
      [cancelButton(words, data("look"))],
    ),
  };
}

/** One copy, and what would be lost with it. */
export function oneCard(sight: RescueSight, copy: Copy): Card {
  const { words } = sight;
  const good = copy.state === "good" ? copy : null;
  return {
    html: lines(
      ...headOf(sight),
      "",
      ...(good
        ? [words.html("rescue-copy-one", { at: good.at }), ...copyLines(sight, good)]
        : [uselessLine(words, copy)]),
    ).text,
    keyboard: rows([good && putButton(words, good.at)], [cancelButton(words, data("older"))]),
  };
}

/** Asks once more before a copy is put back. */
export function askPutCard(sight: RescueSight, copy: GoodCopy): Card {
  const { words, now } = sight;
  const yes = `${idOf(copy.at)}-${stampOf(now)}`;
  return {
    html: lines(
      words.html("rescue-ask-put", { at: copy.at }),
      ...copyLines(sight, copy),
      words.html("rescue-kept"),
    ).text,
    keyboard: rows(
      [press(words.text("button-rescue-put-yes"), "do-put", yes)],
      [cancelButton(words, data("look"))],
    ),
  };
}

/** Asks once more before an empty database is begun. */
export function askEmptyCard({ words, now, workers }: RescueSight, good: GoodCopy | null): Card {
  return {
    html: lines(
      words.html("rescue-ask-empty"),
      words.html("rescue-empty-how"),
      good && words.html("rescue-empty-instead", { at: good.at }),
      workers &&
        workers.length > 0 &&
        words.html("rescue-empty-workers", { names: namesOf(workers) }),
      words.html("rescue-kept"),
    ).text,
    keyboard: rows(
      [press(words.text("button-rescue-empty-yes"), "do-empty", stampOf(now))],
      [cancelButton(words, data("look"))],
    ),
  };
}

/** While it is carried out. */
export function workingCard(words: Words, copyAt: number | null): Card {
  const text =
    copyAt === null
      ? words.html("rescue-doing-empty")
      : words.html("rescue-doing-put", { at: copyAt });
  return { html: text.text, keyboard: [] };
}

/** It did not work: what to do about it, then the choice again. */
export function failedCard(words: Words, code: string, message: string): Card {
  return {
    html: lines(
      words.html("rescue-failed", { why: words.reason(code, message) }),
      words.html("rescue-failed-do"),
    ).text,
    keyboard: rows([refreshButton(words, data("look"))]),
  };
}

function headOf({ words, loss, host, now }: RescueSight): Html[] {
  const { kind, path, code, changedAt } = loss;
  return [
    words.html(`rescue-${kind}`, { host }),
    ...(kind === "missing"
      ? [words.html("rescue-where", { path })]
      : [words.html("rescue-what", { path, code, at: changedAt ?? now })]),
    words.html("rescue-runs"),
  ];
}

function copyLines({ words, loss, workers, now }: RescueSight, { at, facts }: GoodCopy): Html[] {
  const since = workers?.filter((name) => !facts.workers.includes(name)) ?? [];
  const gone = workers ? facts.workers.filter((name) => !workers.includes(name)) : [];
  const until = Math.max(at, loss.changedAt ?? now);
  return [
    words.html("rescue-copy-in", {
      workers: facts.workers.length,
      routes: facts.routes,
      admins: facts.admins.length,
      alerts: facts.openAlerts,
    }),
    words.html(loss.changedAt === null ? "rescue-lost-since" : "rescue-lost", {
      at,
      until,
      ms: until - at,
    }),
    ...(since.length > 0 ? [words.html("rescue-added", { names: namesOf(since) })] : []),
    ...(gone.length > 0 ? [words.html("rescue-removed", { names: namesOf(gone) })] : []),
    ...(workers === null ? [words.html("rescue-unknown")] : []),
  ];
}

function uselessLine(words: Words, copy: Copy): Html {
  const code = copy.state === "useless" ? copy.code : "";
  const why = KNOWN.has(code)
    ? words.text(`rescue-why-${code}`)
    : words.text("rescue-why-other", { code });
  return html`❌ ${words.html("rescue-useless", { at: copy.at, why })}`;
}

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).join(", ");
  return names.length > MOST_NAMES ? `${shown} +${names.length - MOST_NAMES}` : shown;
}

function putButton(words: Words, at: number): InlineKeyboardButton {
  return press(words.text("button-rescue-put", { at }), "put", idOf(at));
}

function press(text: string, action: RescueAction, arg = ""): InlineKeyboardButton {
  return { text, callback_data: data(action, arg) };
}

function data(action: RescueAction, arg = ""): string {
  return `v1:${RESCUE_VERB}:${action}:${arg}`;
}

/** The time of a copy in a button. */
function idOf(at: number): string {
  return at.toString(36);
}

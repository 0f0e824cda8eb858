import type { HostId } from "@flotilla/kernel";
import type { Drain, DrainEntry } from "../hosts/drain.ts";
import type { HostView } from "../hosts/host-views.ts";
import { encodePress } from "../kit/callback.ts";
import type { Card } from "../kit/chat/screen.ts";
import { CONFIRM_MS, stampOf } from "../kit/confirm.ts";
import { backButton, cancelButton, refreshButton, rows, verbButton } from "../kit/keyboard.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import { why } from "../workers/command-line.ts";

/** Most workers that the card names: Telegram takes 4096 characters. */
const SHOWN = 25;

/** The question before a host is drained. `target`: a host that can take a worker now. */
export function drainAskCard(
  words: Words,
  { host, workers }: Pick<HostView, "host" | "workers">,
  { target, at }: { readonly target: HostId | null; readonly at: number },
): Card {
  const stamp = stampOf(at);
  const danger = { style: "danger" as const };
  return {
    html: lines(
      words.html("drain-ask", { host, count: workers.length }),
      words.html(target === null ? "drain-ask-nowhere" : "drain-ask-move"),
      words.html("drain-ask-stop"),
      words.html("drain-ask-closed"),
      words.html("confirm-limit", { at: at + CONFIRM_MS }),
    ).text,
    keyboard: rows(
      target !== null && [verbButton(words, "drainmove", host, stamp)],
      [{ ...verbButton(words, "drainstop", host, stamp), ...danger }],
      [cancelButton(words, encodePress("host", host))],
    ),
  };
}

/** How far a drain has come. */
export function drainCard(words: Words, drain: Drain, isHeard: boolean): Card {
  const { host, asker, askedAt, overAt, end, cancelling } = drain;
  return {
    html: lines(
      words.html(`drain-title-${drain.how}`, { host, ...counts(drain) }),
      "",
      ...entryLines(words, drain),
      "",
      ...endLines(words, drain, isHeard),
      words.html("asked-by", { by: asker.name, at: askedAt }),
    ).text,
    keyboard: rows(
      overAt === null &&
        end === null &&
        !cancelling && [{ ...verbButton(words, "draincancel", host), style: "danger" as const }],
      overAt !== null && end === null && [verbButton(words, "drainend", host)],
      [
        refreshButton(words, encodePress("drain", host)),
        backButton(words, encodePress("host", host)),
      ],
    ),
  };
}

function counts({ entries }: Drain): { readonly done: number; readonly count: number } {
  return { done: entries.filter(isHandled).length, count: entries.length };
}

function isHandled({ state }: DrainEntry): boolean {
  return state === "done" || state === "left";
}

const MARKS: Readonly<Record<DrainEntry["state"], string>> = {
  waiting: "▫️",
  begun: "⏳",
  done: "✅",
  left: "❌",
};

/** One line per worker; where they are too many, those that are done become one line. */
function entryLines(words: Words, { entries }: Drain): Html[] {
  const done = entries.filter(({ state }) => state === "done");
  const isLong = entries.length > SHOWN;
  const named = isLong ? entries.filter(({ state }) => state !== "done") : entries;
  const more = named.length - SHOWN;
  return [
    ...(isLong && done.length > 0 ? [words.html("drain-done-many", { count: done.length })] : []),
    ...named.slice(0, SHOWN).map((entry) => entryLine(words, entry)),
    ...(more > 0 ? [words.html("host-more", { count: more })] : []),
  ];
}

function entryLine(words: Words, { worker, state, to, why: reason }: DrainEntry): Html {
  const name = html`${MARKS[state]} ${worker}`;
  if (reason) {
    const said = why(words, { code: reason.code, result: reason.message });
    return html`${name}: ${said.replace(/^❌ /u, "")}`;
  }
  return to === null ? name : html`${name} → ${to}`;
}

function endLines(words: Words, drain: Drain, isHeard: boolean): Html[] {
  const { host, entries, askedAt, overAt, cancelling, end } = drain;
  if (end) return [words.html(`drain-end-${end.how}`, { host, at: end.at })];
  if (overAt !== null) {
    const left = entries.filter(({ state }) => state === "left").length;
    const ms = Math.max(1000, overAt - askedAt);
    return [words.html("drain-over", { count: left, ms }), words.html("drain-closed")];
  }
  const doing = words.html(cancelling ? "drain-cancelling" : "drain-running");
  return isHeard ? [doing] : [doing, words.html("drain-silent", { host })];
}

/** A host without a drain, or one of more than 30 days ago. */
export function noDrainCard(words: Words, host: HostId): Card {
  return {
    html: words.html("drain-none", { host }).text,
    keyboard: [[backButton(words, encodePress("hosts"))]],
  };
}

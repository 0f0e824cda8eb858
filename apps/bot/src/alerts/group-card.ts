import type { WorkerId } from "@flotilla/kernel";
import type { InlineKeyboardButton } from "grammy/types";
import { encodePress } from "../kit/callback.ts";
import { pairs, rows, verbButton } from "../kit/keyboard.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import type { Said } from "../kit/words/said.ts";
import type { Words } from "../kit/words/words.ts";
import type { AlertRow, CardRow } from "./alert-body.ts";
import { type AlertKind, alertRule } from "./kinds.ts";

/** So many workers have a button of their own on the card; more are on the screen of all. */
const WITH_BUTTON = 6;
/** So many names stand on the card. */
const NAMED = 30;
/** So many lines of alerts that each have their own story. */
const TOLD = 8;

/** Kinds of which the name of the worker says all that differs. */
const BY_NAME: ReadonlySet<AlertKind> = new Set([
  "crash",
  "gave-up",
  "broken",
  "locked",
  "needs-login",
  "banned",
  "limited",
  "offline",
]);
/** Kinds that a restart helps. */
const RESTARTED: ReadonlySet<AlertKind> = new Set(["crash", "gave-up"]);

/**
 * Several alerts of one cause on one card: how many of how many, who, what the cause is and what
 * helps (field faults D1, K5).
 */
export function groupFacts(words: Words, card: CardRow, fleetSize: number): Html {
  const since = Math.min(...card.alerts.map(({ openedAt }) => openedAt));
  const kinds = kindsOf(card);
  const host = [...new Set(card.alerts.map(({ body }) => body.host))].join(", ");
  const parts = kinds.map((kind) => part(words, kind, card.alerts, fleetSize));
  return lines(
    ...parts,
    backLine(words, card),
    ...common(card.alerts).map((each) => words.said(each)),
    words.html("alert-since", { at: since, host, n: String(card.n) }),
    lastAction(words, card),
  );
}

/**
 * Cards in the order in which they are brought up to date: open ones, and of these the worst,
 * first.
 */
export function worstFirst(cards: readonly CardRow[]): CardRow[] {
  // Infinity where none is open.
  const rankOf = ({ alerts }: CardRow): number =>
    Math.min(...openOf(alerts).map(({ body }) => rank(body.kind)));
  return cards.toSorted((a, b) => Math.sign(rankOf(a) - rankOf(b)) || a.n - b.n);
}

/** How many are well again: there are not names for all. */
function backLine(words: Words, { alerts }: CardRow): Html | null {
  const over = alerts.filter(({ resolvedAt }) => resolvedAt !== null).length;
  const open = alerts.length - over;
  if (over === 0 || open === 0) return null;
  return words.html("alert-group-back", { over, open });
}

/**
 * One line that says what a card of several is about, such as the title of the screen of all its
 * workers.
 */
export function groupTitle(words: Words, card: CardRow, fleetSize: number): Html {
  const { alerts } = card;
  const kind = worstKind(card) ?? "crash";
  return title(
    words,
    kind,
    alerts.filter(({ body }) => body.kind === kind),
    fleetSize,
  );
}

/** The worst kind of alert on this card that is open; null = none is. */
export function worstKind({ alerts }: Pick<CardRow, "alerts">): AlertKind | null {
  const open = openOf(alerts);
  return kindsOf({ alerts: open.length > 0 ? open : alerts })[0] ?? null;
}

function kindsOf({ alerts }: Pick<CardRow, "alerts">): AlertKind[] {
  return [...new Set(alerts.map(({ body }) => body.kind))].sort((a, b) => rank(a) - rank(b));
}

/** Workers whose trouble is still open, each once. */
export function openWorkers({ alerts }: Pick<CardRow, "alerts">): WorkerId[] {
  return [...new Set(openOf(alerts).flatMap(({ body }) => body.worker ?? []))];
}

function openOf(alerts: readonly AlertRow[]): readonly AlertRow[] {
  return alerts.filter(({ resolvedAt }) => resolvedAt === null);
}

/** What helps all of them first, then each, then the way to all. */
export function groupHelp(words: Words, card: CardRow): InlineKeyboardButton[][] {
  const open = openWorkers(card);
  const n = card.n.toString(36);
  const restarted = openWorkers({
    alerts: card.alerts.filter(({ body }) => RESTARTED.has(body.kind)),
  });
  const counted = (verb: "these" | "crew", count: number): InlineKeyboardButton => ({
    text: words.text(`button-${verb}`, { count }),
    callback_data: encodePress(verb, "", n),
  });
  const [first] = restarted;
  const records = openOf(card.alerts).flatMap(({ body }) => recordKey(words, body) || []);
  const help = rows(
    ...records.map((key) => [key]),
    [first !== undefined && counted("these", restarted.length)],
    [
      first !== undefined && {
        ...verbButton(words, "log", first),
        text: words.text("button-first-log"),
      },
    ],
    ...pairs(open.slice(0, WITH_BUTTON).map((worker) => workerButton(card, worker))),
    [open.length > WITH_BUTTON && counted("crew", open.length)],
  );
  // What is about no worker is looked at in the list of alerts.
  return help.length > 0 ? help : [[verbButton(words, "alerts")]];
}

/** ♻️ for a host that lost its host.db and has a backup; false = this is no such alert. */
export function recordKey(
  words: Words,
  { host, backupAt }: AlertRow["body"],
): InlineKeyboardButton.CallbackButton | false {
  if (backupAt === undefined) return false;
  const text = words.text("button-record", { at: backupAt });
  return { text, callback_data: encodePress("record", host) };
}

/** Where a worker of a card is helped: at its login, or on Worker Details. */
export function workerButton({ alerts }: CardRow, worker: WorkerId): InlineKeyboardButton {
  const own = openOf(alerts).filter(({ body }) => body.worker === worker);
  return own.some(({ body }) => body.kind === "needs-login")
    ? { text: `🔐 ${worker}`, callback_data: encodePress("login", worker) }
    : { text: `👷 ${worker}`, callback_data: encodePress("worker", worker) };
}

/** An alert as one line, struck out when it is over. */
export function titleLine(words: Words, alert: AlertRow): Html {
  const text = words.said(alert.body.title);
  return alert.resolvedAt === null ? html`• ${text}` : html`✅ <s>${text}</s>`;
}

function part(words: Words, kind: AlertKind, all: readonly AlertRow[], fleetSize: number): Html {
  const alerts = all.filter(({ body }) => body.kind === kind);
  const [only, ...more] = alerts;
  if (only && more.length === 0) return titleLine(words, only);
  return lines(
    title(words, kind, alerts, fleetSize),
    ...(BY_NAME.has(kind) ? [names(words, alerts)] : stories(words, alerts)),
  );
}

function title(
  words: Words,
  kind: AlertKind,
  alerts: readonly AlertRow[],
  fleetSize: number,
): Html {
  const at = alerts.map(({ openedAt }) => openedAt);
  const count = new Set(alerts.map(({ body }) => body.worker ?? body.host)).size;
  const key = `alert-group-${kind}`;
  const ms = Math.max(...at) - Math.min(...at);
  const how = causes(alerts);
  if (!words.has(key))
    return words.html("alert-group", { count: alerts.length, level: icon(kind) });
  return words.html(key, {
    count,
    total: Math.max(count, fleetSize),
    in: ms < 1000 ? "" : ` ${words.text("alert-group-in", { ms })}`,
    how: how === "" ? "" : ` (${how})`,
  });
}

/** `SIGKILL`, or `7 × SIGKILL, 2 × exit 1`; empty = nothing is known. */
function causes(alerts: readonly AlertRow[]): string {
  const counts = new Map<string, number>();
  for (const { body } of alerts) {
    const how = String(body.title.args["how"] ?? body.code ?? "");
    if (how !== "") counts.set(how, (counts.get(how) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a).slice(0, 3);
  const [only, ...more] = sorted;
  if (only && more.length === 0) return only[0];
  return sorted.map(([how, count]) => `${count} × ${how}`).join(", ");
}

function names(words: Words, alerts: readonly AlertRow[]): Html {
  const byName = [...alerts].sort(
    (a, b) => Number(a.resolvedAt !== null) - Number(b.resolvedAt !== null),
  );
  const shown = byName.slice(0, NAMED).map(({ body, resolvedAt }, index) => {
    const comma = index > 0 && ", ";
    const name = body.worker ?? body.host;
    return resolvedAt === null ? html`${comma}<b>${name}</b>` : html`${comma}✅ <s>${name}</s>`;
  });
  const left = byName.length - shown.length;
  return html`${shown}${left > 0 && ` ${words.text("alert-more", { count: left })}`}`;
}

function stories(words: Words, alerts: readonly AlertRow[]): Html[] {
  const left = alerts.length - TOLD;
  const told = alerts.slice(0, TOLD).map((alert) => titleLine(words, alert));
  return left > 0 ? [...told, words.html("alert-more", { count: left })] : told;
}

/** Details that all of them share: the cause and its remedy. */
function common(alerts: readonly AlertRow[]): Said[] {
  const [first, ...rest] = openOf(alerts);
  const others = rest.map(({ body }) => new Set(body.details.map((each) => JSON.stringify(each))));
  return (first?.body.details ?? []).filter((each) =>
    others.every((details) => details.has(JSON.stringify(each))),
  );
}

/** The last act of an admin about any of them. */
function lastAction(words: Words, { alerts }: CardRow): Html | null {
  const actions = openOf(alerts).flatMap(({ body }) => body.action ?? []);
  const [last] = actions.sort((a, b) => Number(b.args["at"] ?? 0) - Number(a.args["at"] ?? 0));
  return last ? html`\n${words.said(last)}` : null;
}

function rank(kind: AlertKind): number {
  return ["red", "orange", "yellow", "calm"].indexOf(alertRule(kind).level);
}

function icon(kind: AlertKind): string {
  return { red: "🔴", orange: "🟠", yellow: "🟡", calm: "ℹ️" }[alertRule(kind).level];
}

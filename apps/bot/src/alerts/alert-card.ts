import { encodePress } from "@flotilla/contracts";
import { alertRule } from "@flotilla/domain";
import type { InlineKeyboardButton } from "grammy/types";
import { pairs, verbButton } from "../screens/buttons.ts";
import { type Html, html, lines } from "../screens/html.ts";
import { stopHolderButton } from "../screens/locked.ts";
import type { Card } from "../screens/screen.ts";
import type { Words } from "../words/words.ts";
import type { AlertBody, AlertRow, CardRow } from "./alert-body.ts";

/** So many workers of a group are named on its card, and have a button there. */
const NAMED = 8;

/** A card as it is told. One that is over keeps its facts, and loses its buttons. */
export function alertCard(words: Words, card: CardRow): Card {
  const [only, ...more] = card.alerts;
  const facts = only && more.length === 0 ? single(words, card, only) : group(words, card);
  const isNotice = only?.body.kind === "notice" || only === undefined;
  if (isNotice) return { html: facts.text, keyboard: [] };
  if (card.resolvedAt !== null) return { html: lines(resolvedLine(words, card), "", html`<i>${facts}</i>`).text, keyboard: [] };
  const notes = lines(
    card.takenBy === null ? null : words.html("alert-taken", { by: card.takenBy }),
    card.mutedUntil === null ? null : words.html("alert-muted", { until: card.mutedUntil }),
  );
  return {
    html: notes.text === "" ? facts.text : lines(facts, "", notes).text,
    keyboard: [...(only && more.length === 0 ? help(words, only.body) : workers(words, card)), own(words, card)],
  };
}

/** Several cards in one message, when there are too many for one each. */
export function digestCard(words: Words, cards: readonly CardRow[]): Card {
  const named = cards.flatMap((card) => card.alerts).slice(0, 3 * NAMED);
  const left = cards.flatMap((card) => card.alerts).length - named.length;
  const open = cards.filter((card) => card.resolvedAt === null).length;
  return {
    html: lines(
      words.html("alert-digest", { count: cards.length, open }),
      "",
      ...named.map((alert) => titleLine(words, alert)),
      left > 0 ? words.html("alert-more", { count: left }) : null,
    ).text,
    keyboard: [[verbButton(words, "alerts")]],
  };
}

/** The silent reply that tells of the end: an edit gives no notification. */
export function endedCard(words: Words, card: CardRow): Card {
  return { html: resolvedLine(words, card).text, keyboard: [] };
}

function single(words: Words, card: CardRow, alert: AlertRow): Html {
  const { body } = alert;
  if (body.kind === "notice") return lines(words.said(body.title), ...body.details.map((each) => words.said(each)));
  const title = words.said(body.title);
  return lines(
    body.kind === "drill" ? html`🧪 <b>DRILL</b> · ${title}` : title,
    ...body.details.map((each) => words.said(each)),
    words.html("alert-since", { at: alert.openedAt, host: body.host, n: String(card.n) }),
    body.action ? html`\n${words.said(body.action)}` : null,
  );
}

function group(words: Words, card: CardRow): Html {
  const named = card.alerts.slice(0, NAMED);
  const left = card.alerts.length - named.length;
  const host = card.alerts[0]?.body.host ?? "";
  return lines(
    words.html("alert-group", { count: card.alerts.length, level: icon(card), host }),
    ...named.map((alert) => titleLine(words, alert)),
    left > 0 ? words.html("alert-more", { count: left }) : null,
    words.html("alert-since", { at: card.openedAt, host, n: String(card.n) }),
  );
}

function titleLine(words: Words, alert: AlertRow): Html {
  const title = words.said(alert.body.title);
  return alert.resolvedAt === null ? html`• ${title}` : html`✅ <s>${title}</s>`;
}

function icon(card: CardRow): string {
  return card.alerts.some((alert) => alertRule(alert.body.kind).level === "red") ? "🔴" : "🟠";
}

function resolvedLine(words: Words, card: CardRow): Html {
  const [only, ...more] = card.alerts;
  const started = Math.min(...card.alerts.map((alert) => alert.openedAt));
  const args = { n: String(card.n), ms: (card.resolvedAt ?? started) - started };
  if (!only || more.length > 0) return words.html("alert-solved-group", { ...args, count: card.alerts.length });
  const how = only.resolvedBy ? words.said(only.resolvedBy) : words.html("solved-itself");
  const drill = only.body.kind === "drill" ? html`🧪 <b>DRILL</b> · ` : "";
  return html`${drill}${words.html("alert-solved", { ...args, what: only.body.worker ?? only.body.host, how })}`;
}

function help(words: Words, body: AlertBody): InlineKeyboardButton[][] {
  const worker = body.worker ?? "";
  const buttons = body.buttons.map((verb) => {
    if (verb === "worker") return { text: words.text("button-details"), callback_data: encodePress("worker", worker) };
    return verb === "route"
      ? { text: words.text("button-route"), callback_data: encodePress("route", body.route ?? "") }
      : verbButton(words, verb, worker);
  });
  const first = body.holder === undefined ? [] : [stopHolderButton(words, worker, body.holder)];
  return [first, routeHelp(words, body), ...pairs(buttons)].filter((row) => row.length > 0);
}

/** What helps a route at once: its reader carries it out. */
function routeHelp(words: Words, { kind, route }: AlertBody): InlineKeyboardButton[] {
  if (route === undefined) return [];
  const ops = kind === "poison" ? ["retry", "drop"] : ["wake"];
  return ops.map((op) => ({ text: words.text(`button-route-${op}`), callback_data: encodePress("rset", route, op) }));
}

function workers(words: Words, card: CardRow): InlineKeyboardButton[][] {
  const open = card.alerts.filter((alert) => alert.resolvedAt === null).flatMap(({ body }) => body.worker ?? []);
  const buttons = [...new Set(open)].slice(0, NAMED).map((worker) => ({
    text: `👷 ${worker}`,
    callback_data: encodePress("worker", worker),
  }));
  return [...pairs(buttons), ...(open.length > NAMED ? [[verbButton(words, "alerts")]] : [])];
}

/** ✋ and 🔕, which belong to the card and not to what it tells of. */
function own(words: Words, card: CardRow): InlineKeyboardButton[] {
  const take = card.takenBy === null ? [verbButton(words, "take", "", card.n.toString(36))] : [];
  return [...take, verbButton(words, "hush", "", card.n.toString(36))];
}

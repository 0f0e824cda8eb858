import type { InlineKeyboardButton } from "grammy/types";
import { encodePress } from "../kit/callback.ts";
import type { Card } from "../kit/chat/screen.ts";
import { pairs, rows, verbButton } from "../kit/keyboard.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import { stopHolderKey } from "../workers/holder.ts";
import type { AlertBody, AlertRow, CardRow } from "./alert-body.ts";
import { groupFacts, groupHelp, recordKey, titleLine, worstKind } from "./group-card.ts";
import { runbookButton } from "./runbook.ts";

/** So many alerts have a line in a digest. */
const LISTED = 24;

/**
 * A card as it is told; `fleetSize`: how many workers there are. One that is over keeps its facts,
 * and loses its buttons.
 */
export function alertCard(words: Words, card: CardRow, fleetSize: number): Card {
  const [only, ...more] = card.alerts;
  const one = more.length === 0 ? only : undefined;
  const facts = one ? single(words, card, one) : groupFacts(words, card, fleetSize);
  const isNotice = only?.body.kind === "notice" || only === undefined;
  if (isNotice) return { html: facts.text, keyboard: [] };
  if (card.resolvedAt !== null)
    return { html: lines(resolvedLine(words, card), "", html`<i>${facts}</i>`).text, keyboard: [] };
  const notes = lines(
    card.takenBy !== null && words.html("alert-taken", { by: card.takenBy }),
    card.mutedUntil !== null && words.html("alert-muted", { until: card.mutedUntil }),
  );
  return {
    html: notes.text === "" ? facts.text : lines(facts, "", notes).text,
    keyboard: [...(one ? help(words, one.body) : groupHelp(words, card)), ...own(words, card)],
  };
}

/** Several cards in one message, when there are too many for one each. */
export function digestCard(words: Words, cards: readonly CardRow[]): Card {
  const named = cards.flatMap((card) => card.alerts).slice(0, LISTED);
  const left = cards.flatMap((card) => card.alerts).length - named.length;
  const open = cards.filter((card) => card.resolvedAt === null).length;
  return {
    html: lines(
      words.html("alert-digest", { count: cards.length, open }),
      "",
      ...named.map((alert) => titleLine(words, alert)),
      left > 0 && words.html("alert-more", { count: left }),
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
  if (body.kind === "notice")
    return lines(words.said(body.title), ...body.details.map((each) => words.said(each)));
  const title = words.said(body.title);
  return lines(
    body.kind === "drill" ? html`🧪 <b>DRILL</b> · ${title}` : title,
    ...body.details.map((each) => words.said(each)),
    words.html("alert-since", { at: alert.openedAt, host: body.host, n: String(card.n) }),
    body.action && html`\n${words.said(body.action)}`,
  );
}

function resolvedLine(words: Words, card: CardRow): Html {
  const [only, ...more] = card.alerts;
  const started = Math.min(...card.alerts.map((alert) => alert.openedAt));
  const args = { n: String(card.n), ms: (card.resolvedAt ?? started) - started };
  if (!only || more.length > 0)
    return words.html("alert-solved-group", { ...args, count: card.alerts.length });
  const how = only.resolvedBy ? words.said(only.resolvedBy) : words.html("solved-itself");
  const drill = only.body.kind === "drill" && html`🧪 <b>DRILL</b> · `;
  return html`${drill}${words.html("alert-solved", { ...args, what: aboutWhat(words, only.body), how })}`;
}

/** The worker, else what the kind is about, such as Redis, else the host. */
function aboutWhat(words: Words, { worker, host, kind }: AlertBody): string {
  const key = `alert-what-${kind}`;
  return worker ?? (words.has(key) ? words.text(key) : host);
}

function help(words: Words, body: AlertBody): InlineKeyboardButton[][] {
  const worker = body.worker ?? "";
  const buttons = body.buttons.map((verb) => {
    if (verb === "worker")
      return { text: words.text("button-details"), callback_data: encodePress("worker", worker) };
    return verbButton(words, verb, verb === "route" ? body.route : worker);
  });
  const holder = body.holder !== undefined && stopHolderKey(words, worker, body.holder);
  return rows([holder], [recordKey(words, body)], routeHelp(words, body), ...pairs(buttons));
}

/** What helps a route at once: its reader carries it out. */
function routeHelp(words: Words, { kind, route }: AlertBody): InlineKeyboardButton[] {
  if (route === undefined || kind === "unknown-chat") return [];
  const ops = kind === "poison" ? ["retry", "drop"] : ["wake"];
  return ops.map((op) => ({
    text: words.text(`button-route-${op}`),
    callback_data: encodePress("rset", route, op),
  }));
}

/**
 * ✋ and 🔕, which belong to the card and not to what it tells of, and 📖 about the worst of its
 * kinds.
 */
function own(words: Words, card: CardRow): InlineKeyboardButton[][] {
  const n = card.n.toString(36);
  const worst = worstKind(card);
  return rows(
    [worst && runbookButton(words, worst)],
    [card.takenBy === null && verbButton(words, "take", "", n), verbButton(words, "hush", "", n)],
  );
}

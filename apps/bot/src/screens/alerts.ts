import { encodePress } from "@flotilla/contracts";
import type { AlertRow, CardRow } from "../alerts/alert-body.ts";
import { alertRule } from "../alerts/kinds.ts";
import { mayPress } from "../roles.ts";
import { EVERYBODY, type SilenceRow } from "../store/silences.ts";
import type { Words } from "../words/words.ts";
import { backButton, paged, pairs, refreshButton, verbButton } from "./buttons.ts";
import { type Html, html, lines } from "./html.ts";
import type { Card } from "./screen.ts";
import type { FleetView } from "./view.ts";

/** What the alerts screen is about. */
export const ALERT_TABS = ["open", "taken", "muted", "day"] as const;
export type AlertTab = (typeof ALERT_TABS)[number];

/** What it shows. */
export interface AlertsView {
  readonly tab: AlertTab;
  readonly page: number;
  /** Open, or ended within a day; newest first. */
  readonly alerts: readonly AlertRow[];
  readonly cards: ReadonlyMap<number, CardRow>;
  readonly silences: readonly SilenceRow[];
}

const PAGE = 8;

/** Alerts: open, taken, muted, and those of the last 24 h; what needs a person most comes first. */
export function alertsScreen(view: FleetView, given: AlertsView): Card {
  const { words } = view;
  const found = worstFirst(given.alerts.filter((alert) => belongs(alert, given)));
  const at = (page: number): string => encodePress("alerts", "", `${given.tab}-${page}`);
  const { shown, current, pager } = paged(found, { page: given.page, size: PAGE, at });
  const all = given.silences.some(({ scope, kind }) => scope === EVERYBODY && kind === "mute");
  const tabs = ALERT_TABS.map((tab) => ({
    text: `${tab === given.tab ? "• " : ""}${words.text(`button-alerts-${tab}`)}`,
    callback_data: encodePress("alerts", "", tab),
  }));
  const operator = mayPress(view.role, "mute");
  const mute = {
    text: words.text(all ? "button-unmute-all" : "button-mute-all"),
    callback_data: encodePress("mute", "", all ? "0" : "60"),
  };
  const workers = [
    ...new Set(
      shown.flatMap(({ body, resolvedAt }) => (resolvedAt === null ? (body.worker ?? []) : [])),
    ),
  ];
  return {
    html: lines(
      words.html(`alerts-title-${given.tab}`, { count: found.length }),
      ...given.silences.map((each) => silenceLine(words, each)),
      "",
      ...(found.length === 0
        ? [words.html("alerts-none")]
        : shown.map((alert) => line(words, alert, given))),
    ).text,
    keyboard: [
      tabs,
      ...pager,
      ...pairs(
        workers.map((worker) => ({
          text: `👷 ${worker}`,
          callback_data: encodePress("worker", worker),
        })),
      ),
      ...(operator ? [[mute, verbButton(words, "test")]] : []),
      ...(mayPress(view.role, "drill") ? [[verbButton(words, "drill")]] : []),
      [refreshButton(words, at(current)), backButton(words, encodePress("menu"))],
    ],
  };
}

const LEVELS = ["red", "orange", "yellow", "calm"];

/** Open before over, then by level, then the newest first, as they are given. */
function worstFirst(alerts: readonly AlertRow[]): AlertRow[] {
  const rank = ({ resolvedAt, body }: AlertRow): number =>
    (resolvedAt === null ? 0 : LEVELS.length) + LEVELS.indexOf(alertRule(body.kind).level);
  return [...alerts].sort((a, b) => rank(a) - rank(b));
}

function belongs(alert: AlertRow, { tab, cards, silences }: AlertsView): boolean {
  const card = alert.card === null ? null : (cards.get(alert.card) ?? null);
  const muted =
    silences.some((each) => each.scope === EVERYBODY || each.scope === alert.body.worker) ||
    (card?.mutedUntil ?? 0) > 0;
  switch (tab) {
    case "day":
      return true;
    case "open":
      return alert.resolvedAt === null;
    case "taken":
      return alert.resolvedAt === null && card?.takenBy !== undefined && card.takenBy !== null;
    case "muted":
      return alert.resolvedAt === null && muted;
    default:
      return tab satisfies never;
  }
}

function line(words: Words, alert: AlertRow, { cards }: AlertsView): Html {
  const card = alert.card === null ? null : cards.get(alert.card);
  const title = words.said(alert.body.title);
  const since = words.html("alerts-since", { at: alert.openedAt });
  const taken = card?.takenBy ? html` · ✋ ${card.takenBy}` : "";
  if (alert.resolvedAt !== null)
    return html`✅ <s>${title}</s> ${words.html("alerts-took", { ms: alert.resolvedAt - alert.openedAt })}`;
  return html`${title} ${since}${card ? ` #A${card.n}` : ""}${taken}`;
}

function silenceLine(words: Words, silence: SilenceRow): Html {
  const name = silence.scope === EVERYBODY ? "" : html`<b>${silence.scope}</b> `;
  return html`${name}${words.html(`silence-${silence.kind}`, { by: silence.by, until: silence.until })}`;
}

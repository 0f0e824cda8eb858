import { z } from "zod";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import {
  backButton,
  choiceLabel,
  paged,
  pairs,
  refreshButton,
  rows,
  verbButton,
} from "../kit/keyboard.ts";
import { type ChatDeps, pageOf, show } from "../kit/press.ts";
import { textCommand } from "../kit/text-command.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import type { FleetView } from "../workers/view.ts";
import type { AlertRow, CardRow } from "./alert-body.ts";
import type { AlertStore } from "./alert-store.ts";
import type { CardStore } from "./card-store.ts";
import { openWorkers } from "./group-card.ts";
import { alertRule } from "./kinds.ts";
import { EVERYBODY, type SilenceRow, type SilenceStore } from "./silence-store.ts";

/** What the alerts screen is about. */
export const ALERT_TABS = ["open", "taken", "muted", "day"] as const;
/** One of {@link ALERT_TABS}; `day` has also those that are over. */
export type AlertTab = (typeof ALERT_TABS)[number];

const data = z.object({
  tab: z.enum(ALERT_TABS),
  page: z.number().int().nonnegative().default(0),
});
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    alerts: z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    alerts: true;
  }
}

const DAY_MS = 24 * 3_600_000;

interface AlertsDeps {
  readonly alerts: AlertStore;
  readonly cards: CardStore;
  readonly silences: SilenceStore;
}

/** 🚨 Alerts; notices are in the chat alone. */
export const alerts = screen("alerts", data, (deps: AlertsDeps, view: FleetView, shown) => {
  const history = deps.alerts
    .history(view.now - DAY_MS)
    .filter((alert) => alert.body.kind !== "notice");
  const cards = new Map(deps.cards.current(view.now).map((card) => [card.n, card]));
  const silences = deps.silences.active(view.now);
  return alertsScreen(view, { ...shown, alerts: history, cards, silences });
});

/** 🚨 Alerts; the argument is the tab, and after a dash the page. */
export const alertsButton = button("alerts", "viewer", (deps: ChatDeps, context) => {
  const [wanted, page = ""] = context.press.arg.split("-");
  const tab = ALERT_TABS.find((each) => each === wanted) ?? "open";
  return show(deps, context, { kind: "alerts", tab, page: pageOf(page) });
});
/** /alerts: what is open. */
export const alertsCommand = textCommand("alerts", alertsButton, ({ panels }: ChatDeps, { chat }) =>
  panels.show(chat, { kind: "alerts", tab: "open", page: 0 }, null),
);

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
    text: choiceLabel(words.text(`button-alerts-${tab}`), tab === given.tab),
    callback_data: encodePress("alerts", "", tab),
  }));
  const mute = {
    text: words.text(all ? "button-unmute-all" : "button-mute-all"),
    callback_data: encodePress("mute", "", all ? "0" : "60"),
  };
  const workers = openWorkers({ alerts: shown });
  return {
    html: lines(
      words.html(`alerts-title-${given.tab}`, { count: found.length }),
      ...given.silences.map((each) => silenceLine(words, each)),
      "",
      ...(found.length === 0
        ? [words.html("alerts-none")]
        : shown.map((alert) => line(words, alert, given))),
    ).text,
    keyboard: rows(
      tabs,
      ...pager,
      ...pairs(
        workers.map((worker) => ({
          text: `👷 ${worker}`,
          callback_data: encodePress("worker", worker),
        })),
      ),
      view.may("mute") && [mute, verbButton(words, "test")],
      [view.may("drill") && verbButton(words, "drill")],
      [refreshButton(words, at(current)), backButton(words, encodePress("menu"))],
    ),
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
  const card = alert.card !== null && cards.get(alert.card);
  const title = words.said(alert.body.title);
  if (alert.resolvedAt !== null)
    return html`✅ <s>${title}</s> ${words.html("alerts-took", { ms: alert.resolvedAt - alert.openedAt })}`;
  const since = words.html("alerts-since", { at: alert.openedAt });
  const taken = card && card.takenBy !== null && html` · ✋ ${card.takenBy}`;
  return html`${title} ${since}${card && ` #A${card.n}`}${taken}`;
}

function silenceLine(words: Words, silence: SilenceRow): Html {
  const name = silence.scope !== EVERYBODY && html`<b>${silence.scope}</b> `;
  return html`${name}${words.html(`silence-${silence.kind}`, { by: silence.by, until: silence.until })}`;
}

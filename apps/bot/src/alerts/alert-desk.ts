import { type Clock, type HostId, parseWorkerId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import type { SettingStore } from "../admins/setting-store.ts";
import { say } from "../kit/words/said.ts";
import { FLEET_TIMES } from "../kit/words/times.ts";
import { type AlertRow, alertBody, type CardRow } from "./alert-body.ts";
import { type AlertStore, factOf } from "./alert-store.ts";
import type { CardStore } from "./card-store.ts";
import { alertRule } from "./kinds.ts";
import { hiddenBy, isQuietTime, isSilenced, keepsQuietHours, planAlerts } from "./plan.ts";
import { EVERYBODY, type SilenceRow, type SilenceStore, silenceFacts } from "./silence-store.ts";
import { type CardFact, escalationOf, repeatIsDue } from "./telling.ts";

/** Parts of the desk. */
export interface AlertDeskDeps {
  readonly db: Database;
  readonly alerts: AlertStore;
  readonly cards: CardStore;
  readonly silences: SilenceStore;
  readonly settings: SettingStore;
  readonly clock: Clock;
  readonly host: HostId;
}

/**
 * Decides what is told: puts alerts on cards, repeats and escalates them. Sends nothing; all of it
 * is in the database.
 */
export class AlertDesk {
  readonly #deps: AlertDeskDeps;

  constructor(deps: AlertDeskDeps) {
    this.#deps = deps;
  }

  /** One look at the situation, in one transaction. */
  look(): void {
    this.#deps.db.transaction(() => {
      const now = this.#deps.clock.now();
      for (const over of this.#deps.silences.takeOver(now))
        if (over.kind === "maintenance") this.#summary(over, now);
      this.#deps.cards.endMutes(now);
      this.#plan(now);
      const silent = silenceFacts(this.#deps.silences.active(now));
      const isQuiet = isQuietTime(this.#deps.settings.all().quiet, minuteOfDay(now));
      const isHeld = (alert: AlertRow): boolean =>
        isSilenced(factOf(alert), silent, now) || (isQuiet && keepsQuietHours(alert.body.kind));
      for (const card of this.#deps.cards.allOpen()) this.#tellOn(card, isHeld, now);
      this.#deps.alerts.prune(now);
    });
  }

  #plan(now: number): void {
    const { alerts, cards, silences, settings } = this.#deps;
    const untold = alerts.untold();
    if (untold.length === 0) return;
    const open = alerts.allOpen().map(factOf);
    const silent = silenceFacts(silences.active(now));
    for (const alert of untold) {
      const unheard = isSilenced(factOf(alert), silent, now) || hiddenBy(factOf(alert), open);
      if (unheard && alert.resolvedAt === null && alert.readyAt <= now) alerts.hold(alert.n, now);
    }
    const plan = planAlerts({
      now,
      minuteOfDay: minuteOfDay(now),
      untold: alerts.untold().map(factOf),
      open,
      silences: silent,
      quiet: settings.all().quiet,
      holdMs: alerts.holdMs,
      cards: cards.recent(now),
    });
    for (const { n } of plan.drop) alerts.drop(n);
    for (const { card, alerts: facts, loud } of plan.joins) {
      const numbers = facts.map((each) => each.n);
      cards.join(card, numbers, loud, now);
    }
    for (const { key, alerts: facts, silent: afterAnother } of plan.cards) {
      const over = facts.every((each) => each.resolvedAt !== null);
      const calm = over || facts.every((each) => alertRule(each.kind).level === "calm");
      const numbers = facts.map((each) => each.n);
      cards.create(key, numbers, { calm, over, silent: afterAnother }, now);
      // A notice is told and done.
      for (const each of facts)
        if (each.kind === "notice") alerts.resolve(each.n, say("solved-itself"), now);
    }
  }

  #tellOn(card: CardRow, isHeld: (alert: AlertRow) => boolean, now: number): void {
    const fact = cardFact(card, isHeld);
    const level = escalationOf(fact, now);
    if (level !== card.level) this.#deps.cards.escalate(card.n, level);
    if (repeatIsDue(fact, now)) this.#deps.cards.tellAgain(card.n, now);
  }

  /**
   * One message after a maintenance window: what was held, what mended itself, what is still open.
   */
  #summary(window: SilenceRow, now: number): void {
    const { alerts, host } = this.#deps;
    const worker = window.scope === EVERYBODY ? null : parseWorkerId(window.scope);
    const held = alerts
      .history(window.since)
      .filter(
        (alert) =>
          alert.card === null &&
          alert.body.kind !== "notice" &&
          (worker === null || alert.body.worker === worker),
      );
    const open = held.filter((alert: AlertRow) => alert.resolvedAt === null).length;
    const args = {
      since: window.since,
      until: now,
      held: held.length,
      open,
      scope: worker ?? EVERYBODY,
    };
    const title = say(
      worker === null ? "alert-maintenance-over" : "alert-maintenance-over-worker",
      args,
    );
    const body = alertBody({
      kind: "notice",
      worker,
      host,
      title,
    });
    alerts.raise(`notice:${window.scope}:${now}`, body, now);
  }
}

function minuteOfDay(now: number): number {
  const { hour, minute } = FLEET_TIMES.wall(now);
  return hour * 60 + minute;
}

function cardFact(card: CardRow, isHeld: (alert: AlertRow) => boolean): CardFact {
  const open = card.alerts.filter((alert) => alert.resolvedAt === null);
  const rules = open.map((alert) => alertRule(alert.body.kind));
  const repeats = rules.flatMap((rule) => rule.repeatMs ?? []);
  return {
    openedAt: card.openedAt,
    toldAt: card.toldAt,
    taken: card.takenBy !== null,
    quiet: card.mutedUntil !== null || (open.length > 0 && open.every(isHeld)),
    level: card.level,
    repeatMs: repeats.length === 0 ? null : Math.min(...repeats),
    calm: card.calm,
  };
}

import type { QuietHours } from "../admins/setting-store.ts";
import { type AlertKind, alertRule } from "./kinds.ts";

/** An alert as the rules see it. Times are milliseconds since the epoch. */
export interface AlertFact {
  readonly n: number;
  readonly kind: AlertKind;
  /** Null: it is about a host or the whole fleet. */
  readonly worker: string | null;
  readonly host: string;
  /**
   * What ended the account or made the file unusable, such as `AUTH_KEY_DUPLICATED`; "" = the kind
   * says it all.
   */
  readonly code: string;
  /** Not told before this time. */
  readonly readyAt: number;
  readonly resolvedAt: number | null;
}

/** Silence for one worker or for all (`worker` null), until `until`. */
export interface Silence {
  readonly worker: string | null;
  readonly until: number;
}

/** Everything the plan is made from. */
export interface AlertSituation {
  readonly now: number;
  /** Minutes since midnight, on this machine. */
  readonly minuteOfDay: number;
  /** Open alerts, and solved ones that were never told. */
  readonly untold: readonly AlertFact[];
  /** All open alerts, told or not: the ones that hide others. */
  readonly open: readonly AlertFact[];
  readonly silences: readonly Silence[];
  readonly quiet: QuietHours | null;
  /** A card grows for this long without a second sound. Milliseconds. */
  readonly holdMs: number;
  /** Cards of the last minutes, open or over. */
  readonly cards: readonly RecentCard[];
}

/** A card that was told, as the plan sees it. */
export interface RecentCard {
  readonly n: number;
  readonly key: string;
  readonly open: boolean;
  readonly openedAt: number;
  /** When it was last told with a sound. */
  readonly toldAt: number;
}

/** What becomes of alerts that were not told yet. Whatever is in none of them waits. */
export interface AlertPlan {
  /** One new card each. `silent`: a card of the same group sounded a moment ago. */
  readonly cards: readonly {
    readonly key: string;
    readonly alerts: readonly AlertFact[];
    readonly silent: boolean;
  }[];
  /** They join a card that is open. `loud`: it is told again with a sound. */
  readonly joins: readonly {
    readonly card: number;
    readonly alerts: readonly AlertFact[];
    readonly loud: boolean;
  }[];
  /** Solved before anybody had to know. */
  readonly drop: readonly AlertFact[];
}

/**
 * A card takes in further alerts of its group for this long; those that are not red sound once in
 * this time.
 */
export const GROWS_MS = 300_000;

/**
 * Alerts with the same key come on one card: the same trouble, from the same cause, with the same
 * remedy.
 */
export function groupKey(alert: AlertFact): string {
  const { cause } = alertRule(alert.kind);
  if (cause === "none") return `one.${alert.n}`;
  if (cause === "account") return `account.${alert.kind}.${alert.code}`;
  return `${cause}.${alert.host}.${alert.kind}.${alert.code}`;
}

/**
 * The open alert that explains this one, so that only the cause is told; null = it stands for
 * itself.
 */
export function hiddenBy(alert: AlertFact, open: readonly AlertFact[]): AlertFact | null {
  return (
    open.find((cause) => cause.n !== alert.n && cause.resolvedAt === null && hides(cause, alert)) ??
    null
  );
}

/** What Telegram decided about an account is true whatever happens to its host. */
function hides(cause: AlertFact, alert: AlertFact): boolean {
  switch (cause.kind) {
    case "host-away":
      return (
        alert.host === cause.host &&
        (alertRule(alert.kind).cause === "worker" || alert.kind === "offline")
      );
    case "redis-away":
      return alert.kind === "host-away";
    case "host-network":
      return (alert.kind === "offline" || alert.kind === "quiet") && alert.host === cause.host;
    case "needs-login":
    case "banned":
      return (
        ["quiet", "gap", "offline", "flood", "sender"].includes(alert.kind) &&
        alert.worker === cause.worker
      );
    case "offline":
    case "crash":
    case "gave-up":
    case "broken":
    case "locked":
      return ["quiet", "sender"].includes(alert.kind) && alert.worker === cause.worker;
    case "limited":
      return alert.kind === "sender" && alert.worker === cause.worker;
    default:
      return false;
  }
}

/** True when it raises no message now. */
export function isSilenced(alert: AlertFact, silences: readonly Silence[], now: number): boolean {
  if (alert.kind === "test" || alert.kind === "drill" || alert.kind === "notice") return false;
  return silences.some(
    (each) => each.until > now && (each.worker === null || each.worker === alert.worker),
  );
}

/** True within the hours; those that cross midnight are two pieces of one day. */
export function isQuietTime(quiet: QuietHours | null, minuteOfDay: number): boolean {
  if (!quiet || quiet.fromMin === quiet.toMin) return false;
  if (quiet.fromMin < quiet.toMin) return minuteOfDay >= quiet.fromMin && minuteOfDay < quiet.toMin;
  return minuteOfDay >= quiet.fromMin || minuteOfDay < quiet.toMin;
}

/** False for what is told in quiet hours as well: red alerts, tests and notices. */
export function keepsQuietHours(kind: AlertKind): boolean {
  const { level, cause } = alertRule(kind);
  return level !== "red" && cause !== "none";
}

/** Decides which alerts are told now, and which of them together. Pure. */
export function planAlerts(situation: AlertSituation): AlertPlan {
  const { now, untold, open, silences, quiet } = situation;
  const quietNow = isQuietTime(quiet, situation.minuteOfDay);
  const groups = new Map<string, AlertFact[]>();
  const drop: AlertFact[] = [];
  for (const alert of untold) {
    const rule = alertRule(alert.kind);
    const unheard = isSilenced(alert, silences, now) || hiddenBy(alert, open) !== null;
    if (alert.resolvedAt !== null && (unheard || quietNow || !rule.tellSolved)) drop.push(alert);
    else if (!unheard && now >= alert.readyAt && !(quietNow && keepsQuietHours(alert.kind)))
      groups.set(groupKey(alert), [...(groups.get(groupKey(alert)) ?? []), alert]);
  }
  return { ...placed(groups, situation), drop };
}

/** A group joins the newest card of its own that still grows, or gets one. */
function placed(
  groups: ReadonlyMap<string, readonly AlertFact[]>,
  { now, holdMs, cards }: AlertSituation,
): Pick<AlertPlan, "cards" | "joins"> {
  const fresh: AlertPlan["cards"][number][] = [];
  const joins: AlertPlan["joins"][number][] = [];
  for (const [key, alerts] of groups) {
    const red = alerts.some(
      (alert) => alertRule(alert.kind).level === "red" && alert.resolvedAt === null,
    );
    const own = cards.filter(
      (card) => card.key === key && Math.abs(now - card.openedAt) < GROWS_MS,
    );
    const card = own.findLast(({ open }) => open);
    // A red one that comes after the burst is news; the others of the same group are part of it.
    if (card) joins.push({ card: card.n, alerts, loud: red && now - card.toldAt > holdMs });
    else fresh.push({ key, alerts, silent: !red && own.length > 0 });
  }
  return { cards: fresh, joins };
}

import { type AlertKind, alertRule } from "./kinds.ts";

/** An alert as the rules see it. Times are milliseconds since the epoch. */
export interface AlertFact {
  readonly n: number;
  readonly kind: AlertKind;
  /** Null: it is about a host or the whole fleet. */
  readonly worker: string | null;
  readonly host: string;
  /** Not told before this time: alerts of one cause that come meanwhile join it. */
  readonly readyAt: number;
  readonly resolvedAt: number | null;
}

/** Silence for one worker or for all (`worker` null), until `until`. */
export interface Silence {
  readonly worker: string | null;
  readonly until: number;
}

/** Daily hours, in minutes since midnight on this machine; they may cross midnight. Equal = never. */
export interface QuietHours {
  readonly fromMin: number;
  readonly toMin: number;
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
  /** When a card of this group was last told, by {@link groupKey}. */
  readonly lastTold: ReadonlyMap<string, number>;
}

/** What becomes of alerts that were not told yet. Whatever is in neither waits. */
export interface AlertPlan {
  /** One card each. */
  readonly cards: readonly { readonly key: string; readonly alerts: readonly AlertFact[] }[];
  /** Solved before anybody had to know. */
  readonly drop: readonly AlertFact[];
}

/** Groups that are not red are told at most every 5 min. */
const GROUP_EVERY_MS = 300_000;

/** Alerts with the same key may come on one card: the same trouble, from the same cause, on the same host. */
export function groupKey(alert: AlertFact): string {
  const { cause } = alertRule(alert.kind);
  if (cause === "none") return `one.${alert.n}`;
  if (cause === "account") return `account.${alert.kind}`;
  return `${cause}.${alert.host}.${alert.kind}`;
}

/** The open alert that explains this one, so that only the cause is told; null = it stands for itself. */
export function hiddenBy(alert: AlertFact, open: readonly AlertFact[]): AlertFact | null {
  return open.find((cause) => cause.n !== alert.n && cause.resolvedAt === null && hides(cause, alert)) ?? null;
}

/** What Telegram decided about an account is true whatever happens to its host. */
function hides(cause: AlertFact, alert: AlertFact): boolean {
  switch (cause.kind) {
    case "host-away":
      return alert.host === cause.host && (alertRule(alert.kind).cause === "worker" || alert.kind === "offline");
    case "redis-away":
      return alert.kind === "host-away";
    case "host-network":
      return (alert.kind === "offline" || alert.kind === "quiet") && alert.host === cause.host;
    case "needs-login":
    case "banned":
      return ["quiet", "gap", "offline", "flood", "sender"].includes(alert.kind) && alert.worker === cause.worker;
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

/** True when nobody shall hear of it now. */
export function isSilenced(alert: AlertFact, silences: readonly Silence[], now: number): boolean {
  if (alert.kind === "test" || alert.kind === "drill" || alert.kind === "notice") return false;
  return silences.some((each) => each.until > now && (each.worker === null || each.worker === alert.worker));
}

/** True within the hours; those that cross midnight are two pieces of one day. */
export function isQuietTime(quiet: QuietHours | null, minuteOfDay: number): boolean {
  if (!quiet || quiet.fromMin === quiet.toMin) return false;
  if (quiet.fromMin < quiet.toMin) return minuteOfDay >= quiet.fromMin && minuteOfDay < quiet.toMin;
  return minuteOfDay >= quiet.fromMin || minuteOfDay < quiet.toMin;
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
    else if (!unheard && now >= alert.readyAt && !(quietNow && rule.level !== "red" && rule.cause !== "none"))
      groups.set(groupKey(alert), [...(groups.get(groupKey(alert)) ?? []), alert]);
  }
  const cards = [...groups].map(([key, alerts]) => ({ key, alerts })).filter((card) => !tooSoon(card, situation));
  return { cards, drop };
}

function tooSoon(card: { readonly key: string; readonly alerts: readonly AlertFact[] }, situation: AlertSituation): boolean {
  const last = situation.lastTold.get(card.key);
  const red = card.alerts.some((alert) => alertRule(alert.kind).level === "red");
  return (
    last !== undefined && !red && situation.now - last < GROUP_EVERY_MS && card.alerts.every((each) => each.resolvedAt === null)
  );
}

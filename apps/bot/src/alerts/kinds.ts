/** Every kind of trouble that the chat tells of. */
export const ALERT_KINDS = [
  "crash",
  "gave-up",
  "broken",
  "locked",
  "needs-login",
  "banned",
  "limited",
  "offline",
  "flood",
  "gap",
  "quiet",
  "closed",
  "unknown-chat",
  "storage",
  "poison",
  "route-blocked",
  "sender",
  "host-network",
  "host-away",
  "host-files",
  "sessions-idle",
  "redis-away",
  "token-conflict",
  "two-hosts",
  "backup",
  "backup-place",
  "schedule",
  "refused-job",
  "test",
  "drill",
  "notice",
] as const;
/** A kind of trouble; how it is told is in {@link alertRule}. */
export type AlertKind = (typeof ALERT_KINDS)[number];

/** What a kind means for the telling of it. */
export interface AlertRule {
  /**
   * Red needs a person now and breaks quiet hours; `calm` is told without a sound and needs no
   * action.
   */
  readonly level: "red" | "orange" | "yellow" | "calm";
  /** What it comes from: alerts of one cause and host come on one card. */
  readonly cause: "account" | "worker" | "network" | "host" | "redis" | "bot" | "none";
  /** Milliseconds after which it is told again while no admin took it; null = never. */
  readonly repeatMs: number | null;
  /** Told even when it solved itself before its hold was over: each crash counts. */
  readonly tellSolved: boolean;
  /**
   * Told only when it lasts longer than the hold: it often passes, or what explains it comes a
   * moment later.
   */
  readonly waits: boolean;
}

const HOUR_MS = 3_600_000;
const rule = (
  level: AlertRule["level"],
  cause: AlertRule["cause"],
  more: Partial<AlertRule> = {},
): AlertRule => ({
  level,
  cause,
  repeatMs: level === "calm" ? null : 4 * HOUR_MS,
  tellSolved: false,
  waits: level === "yellow",
  ...more,
});

const RULES: Readonly<Record<AlertKind, AlertRule>> = {
  crash: rule("orange", "worker", { tellSolved: true }),
  "gave-up": rule("red", "worker", { repeatMs: HOUR_MS, tellSolved: true }),
  broken: rule("red", "worker", { repeatMs: HOUR_MS, tellSolved: true }),
  locked: rule("orange", "worker"),
  "needs-login": rule("red", "account", { repeatMs: HOUR_MS, tellSolved: true }),
  banned: rule("red", "account", { repeatMs: HOUR_MS, tellSolved: true }),
  limited: rule("red", "account"),
  offline: rule("yellow", "network"),
  flood: rule("yellow", "account"),
  gap: rule("orange", "worker", { repeatMs: null, tellSolved: true }),
  quiet: rule("yellow", "worker", { repeatMs: null }),
  closed: rule("yellow", "worker", { repeatMs: null }),
  "unknown-chat": rule("yellow", "worker", { repeatMs: null }),
  storage: rule("orange", "worker"),
  poison: rule("orange", "worker"),
  "route-blocked": rule("orange", "worker"),
  sender: rule("yellow", "worker"),
  "host-network": rule("orange", "network"),
  "host-away": rule("red", "host", { repeatMs: HOUR_MS }),
  "host-files": rule("red", "host", { repeatMs: HOUR_MS, tellSolved: true }),
  "sessions-idle": rule("orange", "host", { repeatMs: null }),
  "redis-away": rule("orange", "redis"),
  "token-conflict": rule("red", "bot"),
  "refused-job": rule("red", "redis"),
  backup: rule("orange", "none", { repeatMs: 24 * HOUR_MS }),
  "backup-place": rule("yellow", "none", { repeatMs: null }),
  schedule: rule("orange", "none", { repeatMs: 24 * HOUR_MS }),
  "two-hosts": rule("red", "host", { repeatMs: HOUR_MS }),
  test: rule("orange", "none", { repeatMs: null }),
  drill: rule("red", "none", { repeatMs: null }),
  notice: rule("calm", "none"),
};

/** How alerts of this kind are told. */
export function alertRule(kind: AlertKind): AlertRule {
  return RULES[kind];
}

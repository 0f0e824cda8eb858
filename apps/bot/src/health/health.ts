import { type HostBackup, type HostRow, STATE_TABLE } from "@flotilla/contracts";
import type { RedisTrouble } from "@flotilla/queue";
import type { AlertStore } from "../alerts/alert-store.ts";
import { isWell } from "../alerts/over.ts";
import type { SentCount, SentLog } from "../alerts/sent-log.ts";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, NO_DATA, screen } from "../kit/chat/screen.ts";
import { backButton, refreshButton, rows, verbButton } from "../kit/keyboard.ts";
import { type ChatDeps, show } from "../kit/press.ts";
import { textCommand } from "../kit/text-command.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import { type FleetView, silentHosts } from "../workers/view.ts";
import type { Views } from "../workers/views.ts";
import { backupLines } from "./backup-lines.ts";
import type { KnownHosts } from "./known-hosts.ts";

declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    health: object;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    health: true;
  }
}

const WEEK_MS = 7 * 24 * 3_600_000;

interface HealthDeps {
  readonly alerts: AlertStore;
  readonly sent: SentLog;
  readonly views: Views;
  readonly knownHosts: KnownHosts;
  readonly ownBackups: () => { status(): HostBackup } | null;
  readonly admins: {
    all(): readonly { readonly name: string; readonly reachable: boolean }[];
  };
  /** What only the running process knows. */
  readonly signs: () => ProcessSigns;
}

/** 💾 Health of the bot, of Redis and of the hosts; counts are those of the last week. */
export const health = screen("health", NO_DATA, (deps: HealthDeps, view: FleetView) => {
  const { alerts, sent, admins, signs, views, knownHosts, ownBackups } = deps;
  const week = alerts.history(view.now - WEEK_MS);
  return healthScreen(view, {
    ...signs(),
    hosts: knownHosts.all(),
    ownBackup: ownBackups()?.status() ?? null,
    redisMs: views.redisMs,
    lockAlerts: week.filter(({ body }) => body.kind === "locked" || body.kind === "storage").length,
    sent: sent.count(view.now - WEEK_MS),
    unreachable: admins
      .all()
      .filter((admin) => !admin.reachable)
      .map((admin) => admin.name),
  });
});
/** 💾 Health as it is now. */
export const healthButton = button("health", "viewer", (deps: ChatDeps, context) =>
  show(deps, context, { kind: "health" }),
);
/** /health. */
export const healthCommand = textCommand("health", healthButton, ({ panels }: ChatDeps, { chat }) =>
  panels.show(chat, { kind: "health" }, null),
);

/** What only the running process knows of itself. */
export type ProcessSigns = Pick<
  HealthView,
  "redisAwaySince" | "redisTrouble" | "pollProblemSince" | "pingedAt" | "secondPath"
>;

/** What the health screen knows beyond the fleet. */
export interface HealthView {
  /** Alerts about locked or damaged session files within 7 days. */
  readonly lockAlerts: number;
  readonly sent: SentCount;
  /** Since when Redis is away, or null. */
  readonly redisAwaySince: number | null;
  /** What is the matter with it. */
  readonly redisTrouble?: RedisTrouble | null;
  /** How long it took to read the statuses just now, in milliseconds; null when Redis is away. */
  readonly redisMs: number | null;
  /** Since when presses do not arrive, or null. */
  readonly pollProblemSince: number | null;
  /** Null = no ping is configured; 0 = none has worked yet. */
  readonly pingedAt: number | null;
  readonly secondPath: boolean;
  /** What the hosts say of themselves. */
  readonly hosts: readonly HostRow[];
  /** Backups of a bot's folder that no supervisor looks after; null = a supervisor does. */
  readonly ownBackup: HostBackup | null;
  /** Admins who never pressed Start, or blocked the bot. */
  readonly unreachable: readonly string[];
}

/**
 * Health: the four good signs first (no lock errors, alerts delivered, workers running, sessions
 * owned), then the parts.
 */
export function healthScreen(view: FleetView, health: HealthView): Card {
  const { words, workers } = view;
  const wanted = workers.filter(({ status }) => status && !STATE_TABLE[status.state].isStopped);
  const running = wanted.filter(
    ({ status, staleSince }) =>
      staleSince === null && status !== null && isWell(STATE_TABLE[status.state]),
  );
  const locked = workers.filter(
    ({ status }) => status && STATE_TABLE[status.state].session === "taken",
  );
  const { sent, delivered } = health.sent;
  return {
    html: lines(
      words.html("health-title"),
      sign(health.lockAlerts === 0, words.html("health-locks", { count: health.lockAlerts })),
      sign(sent === delivered, words.html("health-alerts", { sent, delivered })),
      sign(
        running.length === wanted.length,
        words.html("health-running", { running: running.length, wanted: wanted.length }),
      ),
      sign(locked.length === 0, words.html("health-owned", { count: locked.length })),
      "",
      storage(view),
      ...silentHosts(view).map((line) => html`❌ ${line}`),
      ...backupLines(words, { hosts: health.hosts, own: health.ownBackup }, view.now),
      sign(health.redisAwaySince === null, redis(view, health)),
      sign(health.pollProblemSince === null, poll(view, health)),
      ping(view, health),
      health.secondPath ? sign(true, words.html("health-second")) : words.html("health-no-second"),
      health.unreachable.length > 0 &&
        html`⚠️ ${words.html("health-unreachable", { names: health.unreachable.join(", ") })}`,
    ).text,
    keyboard: rows(
      [
        view.may("doctor") && verbButton(words, "doctor"),
        view.may("roll") && verbButton(words, "roll"),
      ],
      [verbButton(words, "hosts")],
      [refreshButton(words, encodePress("health")), backButton(words, encodePress("menu"))],
    ),
  };
}

function sign(good: boolean, text: Html): Html {
  return html`${good ? "✅" : "❌"} ${text}`;
}

function redis({ words }: FleetView, { redisAwaySince, redisMs, redisTrouble }: HealthView): Html {
  if (redisAwaySince === null)
    return words.html("health-redis", { ms: Math.max(1, Math.round(redisMs ?? 1)) });
  return words.html("health-redis-away", {
    at: redisAwaySince,
    why: words.text(`why-redis-${redisTrouble ?? "away"}`),
  });
}

/** The worst of all session files that are open. */
function storage({ words, workers }: FleetView): Html | null {
  const files = workers.flatMap(
    ({ status, staleSince }) => (staleSince === null && status?.pid && status.storage) || [],
  );
  if (files.length === 0) return null;
  const most = (of: (file: (typeof files)[number]) => number): number => Math.max(...files.map(of));
  const line = words.html("health-storage", {
    p95: Math.round(most((file) => file.waitP95Ms)),
    hold: Math.round(most((file) => file.longestHoldMs)),
    kb: Math.ceil(most((file) => file.walBytes) / 1024),
  });
  const emptied = files.flatMap(({ checkpointAt }) => checkpointAt ?? []);
  if (emptied.length === 0) return line;
  return html`${line} · ${words.html("health-emptied", { at: Math.min(...emptied) })}`;
}

function poll({ words }: FleetView, { pollProblemSince }: HealthView): Html {
  if (pollProblemSince === null) return words.html("health-poll");
  return words.html("health-poll-away", { at: pollProblemSince });
}

function ping({ words }: FleetView, { pingedAt }: HealthView): Html {
  if (pingedAt === null) return words.html("health-no-ping");
  return sign(
    pingedAt > 0,
    pingedAt > 0 ? words.html("health-ping", { at: pingedAt }) : words.html("health-ping-failed"),
  );
}

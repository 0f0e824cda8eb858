import {
  type HostBackup,
  type HostRow,
  hostsTooMany,
  STATUS_STALE_MS,
  type WorkerStatus,
} from "@flotilla/contracts";
import type { HostId, WorkerId } from "@flotilla/kernel";
import type { RedisTrouble } from "@flotilla/queue";
import { type Said, say } from "../kit/words/said.ts";
import { type AlertBody, type AlertRow, alertBody } from "./alert-body.ts";
import type { AlertStore } from "./alert-store.ts";
import {
  backupConditions,
  isBackupSubject,
  isOwnBackupSubject,
  ownBackupConditions,
  tellsOfBackup,
} from "./backup-conditions.ts";
import { HOST_HELP, networkConditions } from "./network-conditions.ts";
import { hasRecovered, isDown, type StateFamily, stateFamilyOf } from "./over.ts";
import { type RefusedSight, refusedConditions } from "./refused-jobs.ts";
import {
  isRouteSubject,
  type RelaySight,
  routeConditions,
  routeEnd,
  tellsOfRoute,
} from "./route-conditions.ts";
import { sourceConditions, tellsOfSources } from "./source-conditions.ts";

/** What can be seen of the fleet now. */
export interface Sight {
  readonly now: number;
  /** Last known statuses. */
  readonly statuses: readonly WorkerStatus[];
  /** Since when Redis is away; null = it is there. */
  readonly redisAwaySince: number | null;
  /** What is the matter with it. */
  readonly redisTrouble?: RedisTrouble | null;
  /**
   * Since when the fleet can be seen without a gap: what a host did before is not held against it.
   * Not given = for ever.
   */
  readonly watchingSince?: number | null;
  /** HOSTS=several: a worker without its lease leaves Telegram. */
  readonly severalHosts?: boolean;
  /** Another program polls with our token. */
  readonly tokenConflict: boolean;
  /** This bot's host, for what concerns no other. */
  readonly host: HostId;
  /** What was refused in queues lately. */
  readonly refused?: readonly RefusedSight[];
  /** What the hosts say of themselves. */
  readonly hosts?: readonly HostRow[];
  /** Backups of the bot's folder, where no supervisor looks after it. */
  readonly ownBackup?: HostBackup | null;
  /** The person who wanted this worker to stop; null = no person. */
  readonly stoppedBy?: (worker: WorkerId) => Said | null;
  /** What there is of routes, and what their readers last said of them. */
  readonly relay?: RelaySight;
}

/** A condition that holds now: an alert about `subject` is open as long as it does. */
export interface Condition {
  readonly subject: string;
  readonly body: AlertBody;
  /** Since when it holds; absent = it was noticed at once. Milliseconds since the epoch. */
  readonly since?: number;
}

/** A short gap of Redis raises no alert. Milliseconds. */
const REDIS_PATIENCE_MS = 10_000;
/** A pause that Telegram asks for is told when it is longer than this. */
const FLOOD_PATIENCE_MS = 5 * 60_000;

/** Conditions of one worker, of {@link StateFamily}. */
const CONDITIONS: ReadonlySet<StateFamily> = new Set(["link", "flood", "quiet", "closed"]);
/** Conditions that are over as soon as they are not seen. */
const FLEET_WIDE = ["hosts:", "wire:"];

/** What is about the whole fleet, or about Redis, is seen on Health as it is now. */
const LOOK_AGAIN: AlertBody["buttons"] = ["health"];

/** Everything that holds now. Pure: the same sight is the same conditions. */
export function conditionsOf(sight: Sight): Condition[] {
  const { now, statuses, host } = sight;
  const fleetWide = (
    subject: string,
    body: Pick<AlertBody, "kind" | "title" | "details">,
  ): Condition => ({
    subject,
    body: { worker: null, host, times: 1, buttons: LOOK_AGAIN, action: null, ...body },
  });
  const found: Condition[] = [];
  if (sight.tokenConflict)
    found.push(
      fleetWide("token:", {
        kind: "token-conflict",
        title: say("alert-token-conflict"),
        details: [say("alert-token-how"), say("alert-token-do")],
      }),
    );
  if (sight.redisAwaySince !== null) {
    if (now - sight.redisAwaySince >= REDIS_PATIENCE_MS) {
      const details = [
        say(redisEffect(sight)),
        say(sight.redisTrouble ? `why-redis-${sight.redisTrouble}` : "alert-redis-do"),
      ];
      const away = fleetWide("redis:", {
        kind: "redis-away",
        title: say("alert-redis-away"),
        details,
      });
      found.push({ ...away, since: sight.redisAwaySince });
    }
    // Without Redis the statuses are old, which says nothing about hosts and workers.
    return found;
  }
  found.push(...refusedConditions(sight.refused ?? [], host));
  found.push(...backupConditions(sight.hosts ?? [], now));
  if (sight.ownBackup) found.push(...ownBackupConditions(sight.ownBackup, host, now));
  const tooMany = hostsTooMany(sight.hosts ?? [], now).map((row) => row.host);
  if (tooMany.length > 0)
    found.push(
      fleetWide("hosts:", {
        kind: "two-hosts",
        title: say("alert-two-hosts", { hosts: tooMany.join(", ") }),
        details: [say("alert-two-hosts-how"), say("alert-two-hosts-do")],
      }),
    );
  for (const name of new Set(statuses.map((status) => status.host))) {
    const there = statuses.filter((status) => status.host === name);
    const heardAt = Math.max(...there.map((status) => status.updatedAt));
    if (now - Math.max(heardAt, sight.watchingSince ?? heardAt) > STATUS_STALE_MS)
      found.push(hostAway(name, there.length, { heardAt, severalHosts: sight.severalHosts }));
    else
      found.push(
        ...networkConditions(name, there),
        ...there.flatMap((status) => ofWorker(status, now)),
      );
  }
  return [...found, ...(sight.relay ? routeConditions(sight.relay, sight) : [])];
}

/**
 * A lease is renewed without memory (`TAKE` of packages/queue), and by no other Redis that refuses
 * writes.
 */
function redisEffect({ severalHosts, redisTrouble }: Sight): string {
  if (severalHosts !== true) return "alert-redis-how";
  return redisTrouble === "memory" ? "alert-redis-how-no-memory" : "alert-redis-how-several";
}

/**
 * Opens what holds and is not open yet, keeps open ones up to date, and ends what holds no more for
 * a reason that is known.
 */
export function watch(store: AlertStore, sight: Sight): void {
  const holding = conditionsOf(sight);
  const known = new Set(holding.map((each) => each.subject));
  for (const alert of store.allOpen()) {
    const end = known.has(alert.subject) ? null : endOf(sight, alert);
    if (end) store.resolve(alert.n, end, sight.now);
  }
  for (const { subject, body, since } of holding) {
    const open = store.open(subject);
    // For how long a chat is quiet changes at every look, and is no news.
    if (open && subject.startsWith("quiet:")) continue;
    // What an admin did about it stays on the card.
    store.raise(subject, open ? { ...body, action: open.body.action } : body, sight.now, since);
  }
}

/**
 * Why an alert whose condition was not found is over; null = it is not, or nothing is known of it.
 */
function endOf(sight: Sight, alert: AlertRow): Said | null {
  const { subject, body } = alert;
  const solved = say("solved-itself");
  if (/^(redis|token):/.test(subject)) return solved;
  if (sight.redisAwaySince !== null) return null;
  if (isRouteSubject(subject))
    return sight.relay && tellsOfRoute(sight.relay, subject)
      ? routeEnd(sight.relay, subject)
      : null;
  const family = stateFamilyOf(subject);
  if (family) return endOfWorker(sight, alert, family);
  if (isBackupSubject(subject) && isOwnBackupSubject(subject)) return solved;
  if (isBackupSubject(subject))
    return tellsOfBackup(body.host, sight.hosts ?? [], sight.now) || isGone(sight, body.host)
      ? solved
      : null;
  if (subject.startsWith("network:")) return endOfNetwork(sight, alert);
  if (subject.startsWith("host:")) return answers(sight, body.host) ? solved : null;
  return FLEET_WIDE.some((each) => subject.startsWith(each)) ? solved : null;
}

/**
 * Whether a silent host is heard again, or gone for good. One whose last worker was taken over by
 * another host (ADR 18) is named by no status, and is as silent as before.
 */
function answers(sight: Sight, host: HostId): boolean {
  const { hosts, statuses, now } = sight;
  if (!hosts || statuses.some((status) => status.host === host)) return true;
  const row = hosts.find((each) => each.host === host);
  return row ? now - row.at <= STATUS_STALE_MS : isGone(sight, host);
}

/** A host that was removed for good: the board has others, and no status names it. */
function isGone({ hosts = [], statuses }: Sight, host: HostId): boolean {
  const isNamed = [...hosts, ...statuses].some((each) => each.host === host);
  return hosts.length > 0 && !isNamed;
}

function endOfWorker(sight: Sight, alert: AlertRow, family: StateFamily): Said | null {
  const { subject, body, openedAt } = alert;
  const status = sight.statuses.find(({ worker }) => worker === body.worker);
  if (!status || isStale(status, sight.now)) return null;
  if (isDown(status.state)) return sight.stoppedBy?.(status.worker) ?? null;
  const told =
    family === "quiet" || family === "closed"
      ? tellsOfSources(subject, status)
      : CONDITIONS.has(family);
  return told && hasRecovered(family, status, openedAt) ? say("solved-itself") : null;
}

/** The network of a host is back when one of its workers is online. */
function endOfNetwork(
  { statuses, now, stoppedBy }: Sight,
  { body: { host }, openedAt }: AlertRow,
): Said | null {
  const there = statuses.filter((status) => status.host === host && !isStale(status, now));
  if (there.some((status) => hasRecovered("link", status, openedAt))) return say("solved-itself");
  const stops = there.map(({ worker, state }) =>
    isDown(state) ? (stoppedBy?.(worker) ?? null) : null,
  );
  return stops.every((stop) => stop !== null) ? (stops.at(-1) ?? null) : null;
}

function isStale({ updatedAt }: WorkerStatus, now: number): boolean {
  return now - updatedAt > STATUS_STALE_MS;
}

function ofWorker(status: WorkerStatus, now: number): Condition[] {
  return [...(isFlooded(status, now) ? [flooded(status)] : []), ...sourceConditions(status)];
}

interface HostSilence {
  readonly heardAt: number;
  readonly severalHosts: boolean | undefined;
}

function hostAway(
  host: HostId,
  workers: number,
  { heardAt, severalHosts }: HostSilence,
): Condition {
  const how = severalHosts ? "alert-host-how-several" : "alert-host-how";
  const details = [say(how, { at: heardAt }), say("alert-host-do", { host })];
  const title = say("alert-host-away", { host, workers });
  return {
    subject: `host:${host}`,
    body: alertBody({
      kind: "host-away",
      host,
      title,
      details,
      buttons: HOST_HELP,
    }),
    since: heardAt,
  };
}

function isFlooded(status: WorkerStatus, now: number): boolean {
  return status.state === "FLOOD" && (waitEnd(status) ?? now) - status.since > FLOOD_PATIENCE_MS;
}

function waitEnd({ nextTryAt, link }: WorkerStatus): number | null {
  const parked = [link?.readingWait?.until, link?.sending?.waitUntil].filter(
    (until) => typeof until === "number",
  );
  return nextTryAt ?? link?.nextTryAt ?? (parked.length === 0 ? null : Math.max(...parked));
}

/** What waits: everything while there is no connection, else reading or sending. */
function floodWhat({ link }: WorkerStatus): string {
  if (link?.nextTryAt) return "all";
  return link?.readingWait ? "reading" : "sending";
}

function flooded(status: WorkerStatus): Condition {
  const { worker, host } = status;
  const until = waitEnd(status) ?? status.since;
  const title = say("alert-flood", { worker, until, ms: Math.max(0, until - status.since) });
  const details = [say(`alert-flood-${floodWhat(status)}`), say("alert-flood-how")];
  return {
    subject: `flood:${worker}`,
    body: alertBody({
      kind: "flood",
      worker,
      host,
      title,
      details,
      buttons: ["worker"],
    }),
    since: status.since,
  };
}

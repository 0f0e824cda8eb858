import type { WorkerState, WorkerStatus } from "@flotilla/contracts";
import { STATUS_STALE_MS } from "@flotilla/contracts";

/** Width of one roll-up, in milliseconds. */
export const BUCKET_MS = 10 * 60_000;
/** Milliseconds between two looks above which the time between them is unknown. */
const HOLE_MS = 60_000;

/**
 * How a stretch of time is drawn: connected, told to pause, not connected, or stopped on purpose.
 */
export type Phase = "up" | "wait" | "down" | "off";

const PHASES: Readonly<Record<WorkerState, Phase>> = {
  RUNNING: "up",
  CATCHING_UP: "up",
  DEGRADED: "up",
  FLOOD: "wait",
  STOPPED: "off",
  MAINTENANCE: "off",
  STARTING: "down",
  RECONNECTING: "down",
  LOCKED: "down",
  BACKOFF: "down",
  GAVE_UP: "down",
  BROKEN: "down",
  NEEDS_LOGIN: "down",
  LOGGING_IN: "down",
  IN_USE: "down",
  BANNED: "down",
  STOPPING: "down",
};

/** What one look at a worker found. Times are milliseconds since the epoch. */
export interface Look {
  readonly at: number;
  /** Null: its host has not said for too long. */
  readonly phase: Phase | null;
  /** Counters over all runs; null when they were not told. */
  readonly received: number | null;
  readonly relayed: number | null;
  readonly startedAt: number | null;
  /** Until when Telegram wants a pause. */
  readonly waitUntil: number | null;
}

/** Numbers of one worker, or of several, over one stretch of time. Durations in milliseconds. */
export interface Rollup {
  readonly received: number;
  readonly relayed: number;
  readonly up: number;
  readonly wait: number;
  readonly down: number;
  readonly off: number;
  /** Processes that came after another one. */
  readonly restarts: number;
  /** Pauses that Telegram asked for, and the longest of them. */
  readonly waits: number;
  readonly longestWait: number;
}

/** Nothing at all. */
export const NOTHING: Rollup = {
  received: 0,
  relayed: 0,
  up: 0,
  wait: 0,
  down: 0,
  off: 0,
  restarts: 0,
  waits: 0,
  longestWait: 0,
};

/**
 * What two looks, one after the other, add to the roll-ups: by the beginning of the bucket. Pure.
 */
export function between(before: Look, now: Look): ReadonlyMap<number, Rollup> {
  const found = new Map<number, Rollup>();
  const put = (at: number, more: Partial<Rollup>): void => {
    const bucket = bucketOf(at);
    found.set(bucket, plus(found.get(bucket) ?? NOTHING, { ...NOTHING, ...more }));
  };
  if (before.phase !== null && now.at - before.at <= HOLE_MS)
    for (let from = before.at; from < now.at; ) {
      const to = Math.min(now.at, bucketOf(from) + BUCKET_MS);
      put(from, { [before.phase]: to - from });
      from = to;
    }
  const asked =
    now.waitUntil !== null && now.waitUntil > now.at && now.waitUntil !== before.waitUntil;
  put(now.at, {
    received: grown(before.received, now.received),
    // A route that was taken away takes its counter along: nothing was delivered by that.
    relayed:
      now.relayed !== null && before.relayed !== null
        ? Math.max(0, now.relayed - before.relayed)
        : 0,
    restarts: hasRestarted(before, now) ? 1 : 0,
    waits: asked ? 1 : 0,
    longestWait: asked ? (now.waitUntil ?? now.at) - now.at : 0,
  });
  return found;
}

/** What is remembered of a look: a counter or a start that was not told stays as it was. */
export function remembered(before: Look | null, now: Look): Look {
  return {
    ...now,
    at: Math.max(before?.at ?? 0, now.at),
    received: now.received ?? before?.received ?? null,
    relayed: now.relayed ?? before?.relayed ?? null,
    startedAt: now.startedAt ?? before?.startedAt ?? null,
    waitUntil: now.waitUntil ?? before?.waitUntil ?? null,
  };
}

/** A status as a look. `relayed` is told by another key of Redis. */
export function lookAt(status: WorkerStatus, relayed: number | null, now: number): Look {
  const { link, state } = status;
  return {
    at: now,
    phase: now - status.updatedAt > STATUS_STALE_MS ? null : PHASES[state],
    received: link?.messages ?? null,
    relayed,
    startedAt: status.startedAt,
    waitUntil: link?.sending?.waitUntil ?? (state === "FLOOD" ? status.nextTryAt : null),
  };
}

/** The sum of two. */
export function plus(one: Rollup, other: Rollup): Rollup {
  return {
    received: one.received + other.received,
    relayed: one.relayed + other.relayed,
    up: one.up + other.up,
    wait: one.wait + other.wait,
    down: one.down + other.down,
    off: one.off + other.off,
    restarts: one.restarts + other.restarts,
    waits: one.waits + other.waits,
    longestWait: Math.max(one.longestWait, other.longestWait),
  };
}

/** Beginning of the bucket that a time is in. */
export function bucketOf(at: number): number {
  return Math.floor(at / BUCKET_MS) * BUCKET_MS;
}

/** A counter that is smaller than before restarted, such as after a move to another host. */
function grown(before: number | null, now: number | null): number {
  if (before === null || now === null) return 0;
  return now >= before ? now - before : now;
}

/** A worker that was stopped on purpose and is started again has not restarted. */
function hasRestarted(before: Look, now: Look): boolean {
  const another =
    now.startedAt !== null && before.startedAt !== null && now.startedAt !== before.startedAt;
  return another && before.phase !== "off";
}

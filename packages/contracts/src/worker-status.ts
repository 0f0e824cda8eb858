import {
  type HostId,
  parseHostId,
  parseUserId,
  parseWorkerId,
  type UserId,
  type WorkerId,
} from "@flotilla/kernel";
import { z } from "zod";
import { Fault } from "./error-class.ts";
import { firstOf, shown } from "./shown.ts";
import { RulesStatus } from "./worker-rules.ts";

const parsedBy = <T extends string>(parse: (text: string) => T) =>
  z.string().transform((text, context): T => {
    try {
      return parse(text);
    } catch (error) {
      context.addIssue({
        code: "custom",
        message: error instanceof Error ? error.message : "bad value",
      });
      return z.NEVER;
    }
  });

/** Parser of a worker id from an untrusted place. */
export const WorkerIdField = parsedBy<WorkerId>(parseWorkerId);
/** Parser of a host id from an untrusted place. */
export const HostIdField = parsedBy<HostId>(parseHostId);
/** Parser of a Telegram user id from an untrusted place. */
export const UserIdField = parsedBy<UserId>(parseUserId);

/** The seventeen worker states that admins see. */
export const WorkerState = z.enum([
  "STOPPED",
  "STARTING",
  "CATCHING_UP",
  "RUNNING",
  "DEGRADED",
  "RECONNECTING",
  "FLOOD",
  "LOCKED",
  "BACKOFF",
  "GAVE_UP",
  "BROKEN",
  "NEEDS_LOGIN",
  "LOGGING_IN",
  "IN_USE",
  "BANNED",
  "MAINTENANCE",
  "STOPPING",
]);
export type WorkerState = z.infer<typeof WorkerState>;

/** The Telegram account of a session, as far as admins see it. The phone is masked. */
export const AccountSummary = z.object({
  userId: UserIdField,
  name: z.string(),
  username: z.string().nullable(),
  phoneMasked: z.string().nullable(),
});
export type AccountSummary = z.infer<typeof AccountSummary>;

/**
 * Messages of an outage: `missed` = `recovered` + `lost`. Times are milliseconds since the epoch.
 */
export const OutageReport = z.object({
  /** Time of the last update before it. */
  beganAt: z.number().nullable(),
  /** How long there was no connection; null: not known. Milliseconds. */
  offlineMs: z.number().nonnegative().nullable().default(null),
  endedAt: z.number(),
  missed: z.number().int().nonnegative(),
  recovered: z.number().int().nonnegative(),
  /** Messages that exist and could not be fetched. */
  lost: z.number().int().nonnegative(),
});
export type OutageReport = z.infer<typeof OutageReport>;

/** A chat that a route reads and that the account can no longer read. */
export const ClosedSource = z.object({
  /** Marked id. */
  chat: z.string().max(32),
  title: shown(140),
  /** `CHANNEL_PRIVATE` and the like. */
  reason: shown(120),
});
export type ClosedSource = z.infer<typeof ClosedSource>;

/**
 * A chat that a route reads and that is much quieter than usual. The worker asks the server before
 * it reports one.
 */
export const QuietSource = z.object({
  chat: z.string().max(32),
  title: shown(140),
  /** Time of the newest message, in milliseconds since the epoch. */
  silentSince: z.number(),
  /** Usual time between two messages. */
  rhythmMs: z.number(),
  /** Newer messages that the server had not pushed. The worker has fetched them. */
  found: z.number().int().nonnegative(),
  /** True = the server has newer messages and does not return them. */
  withheld: z.boolean(),
});
export type QuietSource = z.infer<typeof QuietSource>;

/** State of the chats that the routes of a worker read. */
export const SourcesStatus = z.object({
  /**
   * Time of the last check of quiet chats; null = none since the process started, so that `quiet`
   * says nothing.
   */
  checkedAt: z.number().nullable(),
  /** Number of chats that the account can read. */
  readable: z.number().int().nonnegative(),
  closed: firstOf(ClosedSource, 20),
  quiet: firstOf(QuietSource, 20),
});
export type SourcesStatus = z.infer<typeof SourcesStatus>;

/** A flood wait for a call that reads. Milliseconds since the epoch. */
export const ReadingWait = z.object({
  /** As in Telegram's documentation, such as `updates.getDifference`. */
  method: shown(60),
  until: z.number(),
});

/**
 * Send budget of a worker; waits are Telegram's (docs/safety.md). Times are milliseconds since the
 * epoch.
 */
export const SendBudget = z.object({
  perMinute: z.number(),
  /** Messages that may be sent at once. */
  tokens: z.number().int(),
  /** End of the flood wait on sending, or null. */
  waitUntil: z.number().nullable(),
  /** End of the halved rate after three flood waits in an hour, or null. */
  halvedUntil: z.number().nullable(),
  /** Why sending is stopped until an admin resumes it (`PEER_FLOOD`), or null. */
  stopped: shown(120).nullable(),
});

/** The proxy in force for a worker. */
export const ProxyStatus = z.object({
  /** With user, password and secret masked, such as `socks5://•••@host:1080`; null = direct. */
  shown: shown(300).nullable(),
  /** True = the worker's own proxy, false = the one of its host. */
  own: z.boolean(),
  /** Public key for data that only this process may read. */
  sealTo: z.string().max(100),
});
export type ProxyStatus = z.infer<typeof ProxyStatus>;

/** Connection status of a worker; times are milliseconds since the epoch. */
export const LinkStatus = z.object({
  account: AccountSummary.nullable(),
  reconnects: z.number().int().nonnegative(),
  failures: z.number().int().nonnegative(),
  lastSuccessAt: z.number().nullable(),
  lastMessageAt: z.number().nullable(),
  messages: z.number().int().nonnegative(),
  attempt: z.number().int().nonnegative(),
  nextTryAt: z.number().nullable(),
  outage: OutageReport.nullable().exactOptional(),
  sending: SendBudget.exactOptional(),
  /** Number of chats that shut this account out, or whose messages it cannot fetch. */
  closedChats: z.number().int().nonnegative().exactOptional(),
  sources: SourcesStatus.exactOptional(),
  /** Longest flood wait of its reading calls; pushed updates still arrive. */
  readingWait: ReadingWait.nullable().exactOptional(),
  way: ProxyStatus.exactOptional(),
});
export type LinkStatus = z.infer<typeof LinkStatus>;

/** Status of a worker before its first connection. */
export const NO_LINK: LinkStatus = {
  account: null,
  reconnects: 0,
  failures: 0,
  lastSuccessAt: null,
  lastMessageAt: null,
  messages: 0,
  attempt: 0,
  nextTryAt: null,
};

/** Milliseconds between two writes of every status by a supervisor, also without a change. */
export const STATUS_REFRESH_MS = 10_000;
/** Milliseconds after which a status is stale: its supervisor is gone, or cannot reach Redis. */
export const STATUS_STALE_MS = 30_000;

/** State of a worker's session file since its process started; durations in milliseconds. */
export const StorageStatus = z.object({
  /** Number of waits for a lock of more than 10 ms. */
  lockWaits: z.number().int().nonnegative(),
  longestWaitMs: z.number().nonnegative(),
  /** Of the last 5 min. */
  waitP95Ms: z.number().nonnegative(),
  longestHoldMs: z.number().nonnegative(),
  walBytes: z.number().int().nonnegative(),
  /** Time of the last checkpoint, in milliseconds since the epoch. */
  checkpointAt: z.number().nullable(),
  /** True = another connection blocked the last checkpoint. */
  checkpointBusy: z.boolean(),
});
export type StorageStatus = z.infer<typeof StorageStatus>;

/** Another process that has a worker's session file open, as far as admins see it. */
export const HolderSummary = z.object({
  pid: z.number().int(),
  /** Secrets masked; null when the system does not report it. */
  command: shown(200).nullable(),
  user: shown(64).nullable(),
  state: z.enum(["running", "stopped", "zombie", "unknown"]),
  /** Milliseconds since the epoch. */
  since: z.number().nullable(),
  /** True = this host's supervisor started it, so that admins may stop it from the chat. */
  ours: z.boolean(),
});
export type HolderSummary = z.infer<typeof HolderSummary>;

/** Live status of one worker: only its supervisor writes it, every process reads it. */
export const WorkerStatus = z.object({
  v: z.literal(1),
  worker: WorkerIdField,
  host: HostIdField,
  state: WorkerState,
  /** Start of `state`. */
  since: z.number(),
  pid: z.number().int().nullable(),
  startedAt: z.number().nullable(),
  /** Crashes that count now, and the limit in the window. */
  crashes: z.number().int().nonnegative(),
  crashLimit: z.number().int().positive(),
  nextTryAt: z.number().nullable(),
  fault: Fault.nullable(),
  /** Counters over all runs of this worker on its host: they survive restarts. */
  link: LinkStatus.nullable(),
  /** Event loop lag and memory of the current process. */
  vitals: z.object({ loopLagMs: z.number(), rssBytes: z.number() }).nullable().optional(),
  /** Absent until the process has opened the session file. */
  storage: StorageStatus.optional(),
  /**
   * In BROKEN or NEEDS_LOGIN: restoring the golden backup may help, because it has another auth
   * key.
   */
  restoreHelps: z.boolean().optional(),
  /** In LOCKED: the holder, when it is known. */
  holder: HolderSummary.optional(),
  /**
   * While its host seems offline: the worker that probes the network for all; the others wait for
   * it.
   */
  prober: WorkerIdField.exactOptional(),
  /** Absent from hosts of an older version. */
  rules: RulesStatus.exactOptional(),
  updatedAt: z.number(),
  /**
   * In Redis only: `updatedAt` by the clock of Redis. Readers get `updatedAt` converted to their
   * own clock.
   */
  toldAt: z.number().exactOptional(),
});
export type WorkerStatus = z.infer<typeof WorkerStatus>;

import { type HostId, parseHostId, parseUserId, parseWorkerId, type UserId, type WorkerId } from "@flotilla/kernel";
import { z } from "zod";
import { Fault } from "./error-class.ts";
import { firstOf, shown } from "./shown.ts";
import { RulesStatus } from "./worker-rules.ts";

const parsedBy = <T extends string>(parse: (text: string) => T) =>
  z.string().transform((text, context): T => {
    try {
      return parse(text);
    } catch (error) {
      context.addIssue({ code: "custom", message: error instanceof Error ? error.message : "bad value" });
      return z.NEVER;
    }
  });

/** A worker id from an untrusted place. */
export const WorkerIdField = parsedBy<WorkerId>(parseWorkerId);
/** A host id from an untrusted place. */
export const HostIdField = parsedBy<HostId>(parseHostId);
/** A Telegram user id from an untrusted place. */
export const UserIdField = parsedBy<UserId>(parseUserId);

/** The seventeen states of a worker that people see. */
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

/** The Telegram account behind a session, as far as admins see it. The phone is masked. */
export const AccountSummary = z.object({
  userId: UserIdField,
  name: z.string(),
  username: z.string().nullable(),
  phoneMasked: z.string().nullable(),
});
export type AccountSummary = z.infer<typeof AccountSummary>;

/** What became of the messages of an outage: `missed` = `recovered` + `lost`. Times are milliseconds since the epoch. */
export const OutageReport = z.object({
  /** When the last update before it was. */
  beganAt: z.number().nullable(),
  /** How long there was no connection; null: not known. Milliseconds. */
  offlineMs: z.number().nonnegative().nullable().default(null),
  endedAt: z.number(),
  missed: z.number().int().nonnegative(),
  recovered: z.number().int().nonnegative(),
  /** Known to exist, and not to be had. */
  lost: z.number().int().nonnegative(),
});
export type OutageReport = z.infer<typeof OutageReport>;

/** A chat that a route reads and that the account cannot read any more. */
export const ClosedSource = z.object({
  /** Marked id. */
  chat: z.string().max(32),
  title: shown(140),
  /** `CHANNEL_PRIVATE` and the like. */
  reason: shown(120),
});
export type ClosedSource = z.infer<typeof ClosedSource>;

/** A chat that a route reads and that is much quieter than usual. The server was asked before it is said. */
export const QuietSource = z.object({
  chat: z.string().max(32),
  title: shown(140),
  /** Of the newest message; milliseconds since the epoch. */
  silentSince: z.number(),
  /** Usual time between two messages. */
  rhythmMs: z.number(),
  /** Newer messages that the server had and had not pushed. They are fetched. */
  found: z.number().int().nonnegative(),
  /** The server has newer ones that it does not give. */
  withheld: z.boolean(),
});
export type QuietSource = z.infer<typeof QuietSource>;

/** How the chats are doing that the routes of a worker read. */
export const SourcesStatus = z.object({
  /** When the quiet ones were asked for last; null: not yet since the process started, so `quiet` says nothing. */
  checkedAt: z.number().nullable(),
  /** Chats that can be read. */
  readable: z.number().int().nonnegative(),
  closed: firstOf(ClosedSource, 20),
  quiet: firstOf(QuietSource, 20),
});
export type SourcesStatus = z.infer<typeof SourcesStatus>;

/** A wait that Telegram asked for, for a call that reads. Milliseconds since the epoch. */
export const ReadingWait = z.object({
  /** As in Telegram's documentation, such as `updates.getDifference`. */
  method: shown(60),
  until: z.number(),
});

/** What a worker may send; waits are Telegram's (docs/safety.md). Times are milliseconds since the epoch. */
export const SendBudget = z.object({
  perMinute: z.number(),
  /** Messages that may go out at once. */
  tokens: z.number().int(),
  /** Until when Telegram lets it send nothing. */
  waitUntil: z.number().nullable(),
  /** Until when the rate is halved after three waits in an hour. */
  halvedUntil: z.number().nullable(),
  /** Why it sends nothing until an admin resumes (`PEER_FLOOD`), or null. */
  stopped: shown(120).nullable(),
});

/** The way of a worker to Telegram. */
export const WayStatus = z.object({
  /** Without user, password and secret, such as `socks5://•••@host:1080`; null: direct. */
  shown: shown(300).nullable(),
  /** Its own, not the one of its host. */
  own: z.boolean(),
  /** What only this process may read is sealed to this key. */
  sealTo: z.string().max(100),
});
export type WayStatus = z.infer<typeof WayStatus>;

/** What a worker tells about its own connection; times are milliseconds since the epoch. */
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
  /** Chats that let this account in no more, or of which messages cannot be had. */
  closedChats: z.number().int().nonnegative().exactOptional(),
  sources: SourcesStatus.exactOptional(),
  /** The longest wait of its reading calls; what is pushed comes all the same. */
  readingWait: ReadingWait.nullable().exactOptional(),
  way: WayStatus.exactOptional(),
});
export type LinkStatus = z.infer<typeof LinkStatus>;

/** Of a worker that has had no connection yet. */
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

/** A supervisor writes every status anew this often, also when nothing changed. Milliseconds. */
export const STATUS_REFRESH_MS = 10_000;
/** A status that is older than this was written by a supervisor that is gone, or that Redis cannot hear. Milliseconds. */
export const STATUS_STALE_MS = 30_000;

/** How a worker's session file is doing. Since its process started; durations in milliseconds. */
export const StorageStatus = z.object({
  /** How often a lock was not free at once (waited more than 10 ms). */
  lockWaits: z.number().int().nonnegative(),
  longestWaitMs: z.number().nonnegative(),
  /** Of the last 5 min. */
  waitP95Ms: z.number().nonnegative(),
  longestHoldMs: z.number().nonnegative(),
  walBytes: z.number().int().nonnegative(),
  /** When the journal was last moved into the file; milliseconds since the epoch. */
  checkpointAt: z.number().nullable(),
  /** Another connection was in the way of that. */
  checkpointBusy: z.boolean(),
});
export type StorageStatus = z.infer<typeof StorageStatus>;

/** Who else has a worker's session file open, as far as admins see it. */
export const HolderSummary = z.object({
  pid: z.number().int(),
  /** Secrets hidden; null when the system does not tell. */
  command: shown(200).nullable(),
  user: shown(64).nullable(),
  state: z.enum(["running", "stopped", "zombie", "unknown"]),
  /** Milliseconds since the epoch. */
  since: z.number().nullable(),
  /** Started by this host's supervisor: it may be stopped from the chat. */
  ours: z.boolean(),
});
export type HolderSummary = z.infer<typeof HolderSummary>;

/** The live status of one worker: written by its supervisor alone, read by everybody. */
export const WorkerStatus = z.object({
  v: z.literal(1),
  worker: WorkerIdField,
  host: HostIdField,
  state: WorkerState,
  /** Since when the worker is in `state`. */
  since: z.number(),
  pid: z.number().int().nullable(),
  startedAt: z.number().nullable(),
  /** Crashes that count now, and how many are allowed in the window. */
  crashes: z.number().int().nonnegative(),
  crashLimit: z.number().int().positive(),
  nextTryAt: z.number().nullable(),
  fault: Fault.nullable(),
  /** Counters over all runs of this worker on its host: they survive restarts. */
  link: LinkStatus.nullable(),
  /** Of the process that runs now: how late its event loop is, and how much memory it has. */
  vitals: z.object({ loopLagMs: z.number(), rssBytes: z.number() }).nullable().optional(),
  /** Absent until its process has opened the session file. */
  storage: StorageStatus.optional(),
  /** While the state is BROKEN or NEEDS_LOGIN: putting the golden copy back may help, because its key is another one. */
  restoreHelps: z.boolean().optional(),
  /** While the state is LOCKED, as far as it is known. */
  holder: HolderSummary.optional(),
  /** While its host seems to have no network: the worker that tries the way out for all; the others wait for it. */
  prober: WorkerIdField.exactOptional(),
  /** Absent from hosts of an older version. */
  rules: RulesStatus.exactOptional(),
  updatedAt: z.number(),
  /** In Redis only: `updatedAt` by the clock of Redis. Who reads it gets `updatedAt` by the own clock. */
  toldAt: z.number().exactOptional(),
});
export type WorkerStatus = z.infer<typeof WorkerStatus>;

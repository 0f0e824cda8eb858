import { z } from "zod";
import { Fault } from "./error-class.ts";
import { ChatRef, KnownChat, KnownTopic, Route, RouteId } from "./routes.ts";
import { firstOf, shown } from "./shown.ts";
import { OwnRules } from "./worker-rules.ts";
import { AccountSummary, HolderSummary, WorkerIdField } from "./worker-status.ts";

/**
 * The admin who sent a command: kept with every command, shown on cards, written to the audit log.
 */
export const Asker = z.object({ id: z.string().max(20), name: z.string().max(64) });
export type Asker = z.infer<typeof Asker>;

/**
 * Send time and validity of a job by the clock of Redis, so that clocks of other hosts do not
 * matter.
 */
export const Sent = z.object({
  /** Milliseconds since the epoch, by the clock of Redis (`TIME`). */
  at: z.number(),
  goodForMs: z.number().nonnegative(),
});
export type Sent = z.infer<typeof Sent>;

const asked = {
  v: z.literal(1),
  /** Unique; also the job id, so that one press makes one job. */
  id: z.string().regex(/^[a-z0-9-]{8,64}$/),
  askedBy: Asker,
  askedAt: z.number(),
  /**
   * A command taken later than this is dropped and answered with `expired`. Milliseconds since the
   * epoch by the sender's clock; with `sent`, the consumer converts it to its own clock.
   */
  deadlineAt: z.number(),
  /** Absent from senders of version 0.1, and when Redis did not report its time. */
  sent: Sent.exactOptional(),
};

const base = { ...asked, worker: WorkerIdField };

/** Actions on many workers at once. `maintenance` stops them and marks the stop as intended. */
export const BulkAction = z.enum(["start", "stop", "restart", "maintenance"]);
export type BulkAction = z.infer<typeof BulkAction>;

/** Id of a session backup, unique within its worker. */
const CopyId = z.string().regex(/^[A-Za-z0-9.-]{1,60}$/);

const MoveId = z.string().regex(/^[a-z0-9-]{8,40}$/);

/** One backup of a session, as admins see it. */
export const BackupCopy = z.object({
  id: CopyId,
  kind: z.enum(["backup", "golden", "trash"]),
  reason: shown(30),
  /** Milliseconds since the epoch. */
  at: z.number(),
  bytes: z.number(),
  /** True = opened and found intact just now; otherwise `problem` says why not. */
  verified: z.boolean(),
  problem: shown(30).nullable(),
  /**
   * True = it has the session's auth key, so that it cannot restore a login that is gone. Null = no
   * session to compare with.
   */
  sameKey: z.boolean().nullable(),
});
export type BackupCopy = z.infer<typeof BackupCopy>;

/**
 * One login of an account, as Telegram → Settings → Devices shows it. Times are milliseconds since
 * the epoch.
 */
export const Device = z.object({
  /** True for this session itself. */
  current: z.boolean(),
  device: shown(100),
  app: shown(100),
  country: shown(60),
  activeAt: z.number(),
});
export type Device = z.infer<typeof Device>;

/**
 * One finding of a host's doctor, in English, as on its command line. `hint` = worth knowing, not
 * wrong.
 */
export const DoctorFinding = z.object({
  level: z.enum(["problem", "hint"]),
  what: shown(500),
  todo: shown(500),
});
export type DoctorFinding = z.infer<typeof DoctorFinding>;

/** What a command means besides its payload: said here, once for each. */
export interface CommandFacts {
  /** Its outcome stands on the worker's card until another one does. */
  readonly onCard: boolean;
  /** The state that the worker is to be in afterwards; null = it stays as it is. */
  readonly desired: "running" | "stopped" | null;
}

const QUIET: CommandFacts = { onCard: false, desired: null };
const ON_CARD: CommandFacts = { onCard: true, desired: null };
const RUNS: CommandFacts = { onCard: true, desired: "running" };
const STOPS: CommandFacts = { onCard: true, desired: "stopped" };
const LOGIN: CommandFacts = { onCard: false, desired: "running" };

const FACTS = new Map<string, CommandFacts>();

/** One command: its kind, its facts, its payload. */
function defineCommand<K extends string, S extends z.ZodRawShape>(
  kind: K,
  facts: CommandFacts,
  payload: S,
) {
  FACTS.set(kind, facts);
  return z.object({ ...payload, kind: z.literal(kind) });
}

/** Commands that the supervisor of a host carries out. */
export const HostCommand = z.discriminatedUnion("kind", [
  defineCommand("start", RUNS, base),
  defineCommand("stop", STOPS, base),
  defineCommand("restart", RUNS, base),
  defineCommand("maintenance", { onCard: false, desired: "stopped" }, base),
  defineCommand("who", ON_CARD, base),
  /** Retries at once whatever the worker is waiting to retry. */
  defineCommand("retry", RUNS, base),
  /**
   * Ends the process `pid` if it holds the session file open and belongs to this host's supervisor;
   * refuses any other process.
   */
  defineCommand("stop-holder", ON_CARD, { ...base, pid: z.number().int().positive() }),
  /** Answered by `backups`. */
  defineCommand("backups", QUIET, base),
  /** For a worker without a process; a running worker gets its own command. */
  defineCommand("backup", ON_CARD, base),
  /** A verified copy when the session changed since the last one; without a process only. */
  defineCommand("copy", QUIET, base),
  /**
   * Begins an archive of the host's data folder; the row of the host says how it went. `worker` is
   * any worker of the host.
   */
  defineCommand("archive", QUIET, base),
  /** Only for a worker without a process. */
  defineCommand("restore", ON_CARD, { ...base, copy: CopyId }),
  /** Replaces the worker's own restart rules; without any, it follows the fleet's. */
  defineCommand("rules", ON_CARD, { ...base, rules: OwnRules }),
  /**
   * Reports every risk to the sessions of this host and changes nothing. `worker` is any worker of
   * the host.
   */
  defineCommand("doctor", QUIET, base),
  /**
   * For a host that lost its host.db; each is answered by `record`, and `worker` is any worker of
   * the host. `look`: what the latest usable archive would bring. `take`: takes it over from the
   * archive of this time. `leave`: the new record stays as it is, and the loss is over.
   */
  defineCommand("record.look", QUIET, base),
  defineCommand("record.take", QUIET, { ...base, at: z.number() }),
  defineCommand("record.leave", QUIET, base),
  defineCommand("log", QUIET, { ...base, lines: z.number().int().min(1).max(200) }),
  /**
   * Acts on many workers of one host, in the given order. With `canary` the first one must come
   * online before the others are touched. Answered by `bulk.progress` events only; the last one has
   * a final phase. `deadlineAt` is the latest start.
   */
  defineCommand("bulk", QUIET, {
    ...asked,
    action: BulkAction,
    workers: z.array(WorkerIdField).min(1).max(10_000),
    canary: z.boolean(),
  }),
  /**
   * Ends a bulk command after the current worker; the others stay as they are. Answered by its last
   * `bulk.progress`.
   */
  defineCommand("bulk.cancel", QUIET, { ...asked, bulk: z.string().max(64) }),
  /**
   * Ends the supervisor with `START_AGAIN_EXIT_CODE`, after its workers in order, so that what
   * keeps it starts the code on disk. Ignored where nothing keeps it. Answered by the `run` of the
   * host's row.
   */
  defineCommand("start-again", QUIET, { ...asked, run: z.string().max(40) }),
  /** Stops the worker and moves its session file to the vault, verified; it can be restored. */
  defineCommand("remove-session", STOPS, base),
  /**
   * A move to another host, at its old one: stops the worker for good, and leaves a verified copy
   * of all its files in Redis, sealed, under the name of the move. Twice is as good as once.
   */
  defineCommand("move.pack", QUIET, { ...base, move: MoveId }),
  /** At the new host: takes that copy, checks it, puts it in place. Starts nothing. */
  defineCommand("move.unpack", QUIET, { ...base, move: MoveId }),
  /** At the old host, when the worker runs on the new one: its files go to the trash of the vault. */
  defineCommand("move.clear", QUIET, { ...base, move: MoveId }),
  /** At the new host, when the move goes back: stops what is there, and takes it out of use. */
  defineCommand("move.drop", QUIET, { ...base, move: MoveId }),
  /** Stops the worker and removes it from this host's list. Its files stay. */
  defineCommand("forget", ON_CARD, base),
]);
export type HostCommand = z.infer<typeof HostCommand>;

/** Ciphertext for one login attempt; see `sealed.ts`. */
export const Sealed = z.object({
  ephemeral: z.string().max(100),
  nonce: z.string().max(40),
  box: z.string().max(4000),
});
export type Sealed = z.infer<typeof Sealed>;

const login = { ...base, loginId: z.string().max(64) };

/** Commands that a worker process carries out. Phone, code and password are sealed. */
export const WorkerCommand = z.discriminatedUnion("kind", [
  defineCommand("check", ON_CARD, base),
  defineCommand("backup", ON_CARD, base),
  /** A verified copy when the session changed since the last one. */
  defineCommand("copy", QUIET, base),
  /** Lifts the stop that Telegram set on sending (`PEER_FLOOD`). Flood waits stay. */
  defineCommand("resume-sending", ON_CARD, base),
  /** Sets the worker's own proxy, sealed to the key in its status; null = the proxy of its host. */
  defineCommand("proxy", ON_CARD, { ...base, sealed: Sealed.nullable() }),
  /** Whether another host takes the worker over when this one is lost (ADR 18). */
  defineCommand("float", ON_CARD, { ...base, on: z.boolean() }),
  /** Lists the devices that are logged in to this account. */
  defineCommand("devices", QUIET, base),
  /** Logs this session out at Telegram, after a verified backup. */
  defineCommand("logout", ON_CARD, base),
  defineCommand("login.begin", LOGIN, login),
  defineCommand("login.phone", LOGIN, { ...login, sealed: Sealed }),
  /**
   * `fresh`: the code that was sent is of no use any more, so one is asked for also when there is
   * no other way to send it.
   */
  defineCommand("login.resend", LOGIN, { ...login, fresh: z.literal(true).exactOptional() }),
  defineCommand("login.code", LOGIN, { ...login, sealed: Sealed }),
  defineCommand("login.password", LOGIN, { ...login, sealed: Sealed }),
  defineCommand("login.cancel", LOGIN, login),
  /** Accepts the account although it differs from the one before. */
  defineCommand("login.keep", LOGIN, login),
  /** Shows what a route would do with the latest messages of its sources. */
  defineCommand("relay.dry", QUIET, { ...base, route: Route }),
  /**
   * Lists the account's chats, newest first, and the topics of a forum, for the choice in a new
   * route.
   */
  defineCommand("relay.chats", QUIET, base),
  defineCommand("relay.topics", QUIET, { ...base, chat: ChatRef }),
  /** Which of these are no chat of the account. */
  defineCommand("relay.find", QUIET, { ...base, chats: z.array(ChatRef).min(1).max(50) }),
  /**
   * Fetches old messages for a route: the latest `last`, or those since a time (milliseconds since
   * the epoch).
   */
  defineCommand("relay.fill", QUIET, {
    ...base,
    route: RouteId,
    last: z.number().int().positive().max(2000),
  }),
  defineCommand("relay.fill-since", QUIET, {
    ...base,
    route: RouteId,
    since: z.number().nonnegative(),
  }),
  defineCommand("relay.stop-fill", QUIET, base),
  /** Retries or drops the messages set aside on a route. */
  defineCommand("relay.retry", QUIET, { ...base, route: RouteId }),
  defineCommand("relay.drop", QUIET, { ...base, route: RouteId }),
  /** Retries a parked or blocked route at once. */
  defineCommand("relay.wake", QUIET, { ...base, route: RouteId }),
  /**
   * Logs in by QR code: codes arrive as `login.progress` events, sealed to `publicKey`, until one
   * is scanned.
   */
  defineCommand("login.qr", LOGIN, { ...login, publicKey: z.string().max(100) }),
  /**
   * Inspects a session of another program, which is sealed in Redis under the login's name
   * (`parcelKey`). Does not use it yet.
   */
  defineCommand("login.session", LOGIN, login),
  /** Uses the inspected session; its old program must have stopped for good. */
  defineCommand("login.adopt", LOGIN, login),
]);
export type WorkerCommand = z.infer<typeof WorkerCommand>;

/** Kind of every command. */
export type CommandKind = HostCommand["kind"] | WorkerCommand["kind"];

/** The kinds of commands with these facts. */
export function commandsWith(is: (facts: CommandFacts) => boolean): CommandKind[] {
  return [...FACTS].flatMap(([kind, facts]) => (is(facts) ? [kind as CommandKind] : []));
}

/** State of a login after a step. Data for the wizard; contains no secret. */
export const LoginStep = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("began"),
    publicKey: z.string(),
    knownPhoneMasked: z.string().nullable(),
    expiresAt: z.number(),
  }),
  z.object({
    kind: z.literal("code-sent"),
    via: z.string(),
    length: z.number().int().positive(),
    nextVia: z.string().nullable(),
    resendAt: z.number().nullable(),
    expiresAt: z.number(),
  }),
  z.object({ kind: z.literal("wrong-code"), triesLeft: z.number().int() }),
  z.object({ kind: z.literal("code-expired") }),
  z.object({ kind: z.literal("password-needed"), hint: z.string().nullable() }),
  z.object({ kind: z.literal("wrong-password"), triesLeft: z.number().int() }),
  /**
   * Logged in as another account than before; `login.keep` accepts it, `login.cancel` logs it out.
   */
  z.object({ kind: z.literal("changed"), account: AccountSummary, before: AccountSummary }),
  z.object({ kind: z.literal("done"), account: AccountSummary }),
  z.object({
    kind: z.literal("refused"),
    reason: z.string(),
    fault: Fault.nullable(),
    waitS: z.number().nullable(),
    final: z.boolean(),
    /** The worker that already has this session or account. */
    who: shown(100).exactOptional(),
  }),
  z.object({ kind: z.literal("cancelled") }),
  /** A QR code to show until the next one comes. */
  z.object({ kind: z.literal("qr"), sealed: Sealed, expiresAt: z.number() }),
  /** A session of another program that can be used. */
  z.object({
    kind: z.literal("session-found"),
    /** Such as `telethon-file`. */
    format: z.string().max(30),
    /** Null = unknown until its first connection. */
    userId: z.string().max(20).nullable(),
    /** True = updates continue where the other program stopped. */
    resumes: z.boolean(),
    /** The API id that it was made with, when it is known and differs from ours. */
    otherApiId: z.number().nullable(),
  }),
  /** The session belongs to this worker now; the first connection verifies the account. */
  z.object({ kind: z.literal("session-taken"), userId: z.string().max(20).nullable() }),
]);
export type LoginStep = z.infer<typeof LoginStep>;

/**
 * A source that is no chat of the account, and the marked id that was probably meant; null = not
 * known.
 */
export const UnknownChat = z.object({ ref: ChatRef, meant: ChatRef.nullable() });
export type UnknownChat = z.infer<typeof UnknownChat>;

/** What a lost host.db gets from an archive; names of workers are sorted. */
export const RecordGain = z.object({
  /** Workers that get restart rules of their own. */
  rules: z.number(),
  /** Exits of the past. */
  exits: z.number(),
  /** Workers that run only because of the loss: they are stopped. */
  stops: firstOf(WorkerIdField, 1000),
  /** Workers with a session here that the new record does not have, and that ran: they start. */
  starts: firstOf(WorkerIdField, 1000),
  /** The same, but they were stopped: they come back to the list. */
  adds: firstOf(WorkerIdField, 1000),
});
export type RecordGain = z.infer<typeof RecordGain>;

/** Result of a command. Every command gets exactly one. */
export const CommandOutcome = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("done"), text: shown(4000).optional() }),
  /** Programs that have the session file open; `hidden` = the system hides those of other users. */
  z.object({
    kind: z.literal("holders"),
    holders: firstOf(HolderSummary, 50),
    hidden: z.boolean(),
  }),
  z.object({ kind: z.literal("login"), step: LoginStep }),
  z.object({ kind: z.literal("backups"), copies: firstOf(BackupCopy, 100) }),
  z.object({ kind: z.literal("devices"), devices: firstOf(Device, 100) }),
  z.object({ kind: z.literal("log"), lines: z.array(z.string()) }),
  /** What a lost host.db gets, or got, from an archive. */
  z.object({
    kind: z.literal("record"),
    /** When the archive was made, in milliseconds since the epoch; null = there is no usable one. */
    at: z.number().nullable(),
    /** False = this host lost no host.db, or the loss is over. */
    isLost: z.boolean(),
    brings: RecordGain,
    /** Later archives that cannot be used, with an error code. */
    useless: firstOf(z.object({ at: z.number(), code: shown(60) }), 10),
  }),
  z.object({ kind: z.literal("doctor"), findings: firstOf(DoctorFinding, 100) }),
  z.object({ kind: z.literal("chats"), chats: firstOf(KnownChat, 100) }),
  z.object({ kind: z.literal("topics"), chat: ChatRef, topics: firstOf(KnownTopic, 100) }),
  z.object({ kind: z.literal("unknown-chats"), chats: firstOf(UnknownChat, 50) }),
  z.object({
    kind: z.literal("dry"),
    lines: z.array(z.object({ text: shown(200), verdict: shown(40) })),
  }),
  z.object({ kind: z.literal("failed"), code: z.string(), message: shown(500) }),
  z.object({ kind: z.literal("expired") }),
]);
export type CommandOutcome = z.infer<typeof CommandOutcome>;

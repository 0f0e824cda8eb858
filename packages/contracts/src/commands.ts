import { z } from "zod";
import { Fault } from "./error-class.ts";
import { ChatRef, KnownChat, KnownTopic, Route, RouteId } from "./routes.ts";
import { firstOf, shown } from "./shown.ts";
import { OwnRules } from "./worker-rules.ts";
import { AccountSummary, HolderSummary, WorkerIdField } from "./worker-status.ts";

/** Who pressed: kept with every command, shown on cards, written to the audit. */
export const Asker = z.object({ id: z.string().max(20), name: z.string().max(64) });
export type Asker = z.infer<typeof Asker>;

/** When something went into Redis, and how long it is good for from then on: no clock but the one of Redis has a say. */
export const Sent = z.object({
  /** By the clock of Redis (`TIME`), in milliseconds since the epoch. */
  at: z.number(),
  goodForMs: z.number().nonnegative(),
});
export type Sent = z.infer<typeof Sent>;

const asked = {
  v: z.literal(1),
  /** Unique; also the job id, so one press is one job. */
  id: z.string().regex(/^[a-z0-9-]{8,64}$/),
  askedBy: Asker,
  askedAt: z.number(),
  /**
   * A command that is taken up later than this is dropped and answered with `expired`. Milliseconds since the epoch, by the clock of who asks; with `sent`, its
   * consumer turns it into one by its own clock.
   */
  deadlineAt: z.number(),
  /** Absent from senders of version 0.1, and when Redis did not say what time it is. */
  sent: Sent.exactOptional(),
};

const base = { ...asked, worker: WorkerIdField };

/** What can be asked of many workers at once. `maintenance` stops them, and says that it is on purpose. */
export const BulkAction = z.enum(["start", "stop", "restart", "maintenance"]);
export type BulkAction = z.infer<typeof BulkAction>;

/** Names a copy of a session within its worker. */
const CopyId = z.string().regex(/^[A-Za-z0-9.-]{1,60}$/);

/** One copy of a session, as admins see it. */
export const BackupCopy = z.object({
  id: CopyId,
  kind: z.enum(["backup", "golden", "trash"]),
  reason: shown(30),
  /** Milliseconds since the epoch. */
  at: z.number(),
  bytes: z.number(),
  /** Opened and found whole just now; else `problem` says why not. */
  verified: z.boolean(),
  problem: shown(30).nullable(),
  /** It has the same key as the session: if the login is gone, it cannot bring it back. Null when there is nothing to compare. */
  sameKey: z.boolean().nullable(),
});
export type BackupCopy = z.infer<typeof BackupCopy>;

/** One login of an account, as Telegram → Settings → Devices shows it. Times are milliseconds since the epoch. */
export const Device = z.object({
  /** This session itself. */
  current: z.boolean(),
  device: shown(100),
  app: shown(100),
  country: shown(60),
  activeAt: z.number(),
});
export type Device = z.infer<typeof Device>;

/** What the doctor of a host found, in English, as on its command line. `hint` = not wrong, but worth knowing. */
export const DoctorFinding = z.object({
  level: z.enum(["problem", "hint"]),
  what: shown(500),
  todo: shown(500),
});
export type DoctorFinding = z.infer<typeof DoctorFinding>;

/** Commands that the supervisor of a host carries out. */
export const HostCommand = z.discriminatedUnion("kind", [
  z.object({ ...base, kind: z.literal("start") }),
  z.object({ ...base, kind: z.literal("stop") }),
  z.object({ ...base, kind: z.literal("restart") }),
  z.object({ ...base, kind: z.literal("maintenance") }),
  z.object({ ...base, kind: z.literal("who") }),
  /** Tries at once what the worker waits with. */
  z.object({ ...base, kind: z.literal("retry") }),
  /** Ends the process `pid` if it still has the session file open and is ours; anything else is refused. */
  z.object({ ...base, kind: z.literal("stop-holder"), pid: z.number().int().positive() }),
  /** Answered by `backups`. */
  z.object({ ...base, kind: z.literal("backups") }),
  /** Of a worker without a process; a running one is asked itself. */
  z.object({ ...base, kind: z.literal("backup") }),
  /** Only for a worker without a process. */
  z.object({ ...base, kind: z.literal("restore"), copy: CopyId }),
  /** Restart rules of its own in place of those it had; none: it follows the fleet's. */
  z.object({ ...base, kind: z.literal("rules"), rules: OwnRules }),
  /** Looks for everything that a session of this host can be lost by, and changes nothing. `worker` is any of the host. */
  z.object({ ...base, kind: z.literal("doctor") }),
  z.object({ ...base, kind: z.literal("log"), lines: z.number().int().min(1).max(200) }),
  /**
   * Many workers of one host, in the order given. With `canary` the first one must come up before the others are touched.
   * Answered by `bulk.progress` events alone; the last one has a final phase. `deadlineAt` is the latest begin.
   */
  z.object({
    ...asked,
    kind: z.literal("bulk"),
    action: BulkAction,
    workers: z.array(WorkerIdField).min(1).max(10_000),
    canary: z.boolean(),
  }),
  /** Ends a bulk command after the worker in hand; the others stay as they are. Answered by its last `bulk.progress`. */
  z.object({ ...asked, kind: z.literal("bulk.cancel"), bulk: z.string().max(64) }),
  /** Stops the worker and takes its session out of use: the file goes to the vault, checked, and can be put back. */
  z.object({ ...base, kind: z.literal("remove-session") }),
  /** Stops the worker and takes it off this host's list. Its files stay. */
  z.object({ ...base, kind: z.literal("forget") }),
]);
export type HostCommand = z.infer<typeof HostCommand>;

/** Ciphertext for one login attempt; see `sealed.ts`. */
export const Sealed = z.object({ ephemeral: z.string().max(100), nonce: z.string().max(40), box: z.string().max(4000) });
export type Sealed = z.infer<typeof Sealed>;

const login = { ...base, loginId: z.string().max(64) };

/** Commands that a worker process carries out itself. Phone, code and password travel sealed. */
export const WorkerCommand = z.discriminatedUnion("kind", [
  z.object({ ...base, kind: z.literal("check") }),
  z.object({ ...base, kind: z.literal("backup") }),
  /** An admin wants it to send again that Telegram had stopped (`PEER_FLOOD`). Waits stay. */
  z.object({ ...base, kind: z.literal("resume-sending") }),
  /** Another way to Telegram for this worker, sealed to the key in its status; null: the one of its host. */
  z.object({ ...base, kind: z.literal("proxy"), sealed: Sealed.nullable() }),
  /** Every device that is logged in to this account. */
  z.object({ ...base, kind: z.literal("devices") }),
  /** Ends this session's login at Telegram, after a verified copy. */
  z.object({ ...base, kind: z.literal("logout") }),
  z.object({ ...login, kind: z.literal("login.begin") }),
  z.object({ ...login, kind: z.literal("login.phone"), sealed: Sealed }),
  /** `anew`: the code that was sent is of no use any more, so one is asked for also when there is no other way to send it. */
  z.object({ ...login, kind: z.literal("login.resend"), anew: z.literal(true).exactOptional() }),
  z.object({ ...login, kind: z.literal("login.code"), sealed: Sealed }),
  z.object({ ...login, kind: z.literal("login.password"), sealed: Sealed }),
  z.object({ ...login, kind: z.literal("login.cancel") }),
  /** The account is another one than before, and wanted. */
  z.object({ ...login, kind: z.literal("login.keep") }),
  /** What a route would do with the latest messages of its sources. */
  z.object({ ...base, kind: z.literal("relay.dry"), route: Route }),
  /** The chats of the account, newest first, and the topics of one: what a new route is made of. */
  z.object({ ...base, kind: z.literal("relay.chats") }),
  z.object({ ...base, kind: z.literal("relay.topics"), chat: ChatRef }),
  /** Which of these are no chat of the account. */
  z.object({ ...base, kind: z.literal("relay.find"), chats: z.array(ChatRef).min(1).max(50) }),
  /** Fetch old messages for a route: the last so many, or those since a time (milliseconds since the epoch). */
  z.object({ ...base, kind: z.literal("relay.fill"), route: RouteId, last: z.number().int().positive().max(2000) }),
  z.object({ ...base, kind: z.literal("relay.fill-since"), route: RouteId, since: z.number().nonnegative() }),
  z.object({ ...base, kind: z.literal("relay.stop-fill") }),
  /** What was set aside on a route: try again, or give up. */
  z.object({ ...base, kind: z.literal("relay.retry"), route: RouteId }),
  z.object({ ...base, kind: z.literal("relay.drop"), route: RouteId }),
  /** A parked or blocked route is tried at once. */
  z.object({ ...base, kind: z.literal("relay.wake"), route: RouteId }),
  /** Log in by QR code: codes come as `login.progress` events, sealed to `publicKey`, until one is scanned. */
  z.object({ ...login, kind: z.literal("login.qr"), publicKey: z.string().max(100) }),
  /** Look at a session of another program: sealed, under the login's name, in Redis (`parcelKey`). Nothing is used yet. */
  z.object({ ...login, kind: z.literal("login.session") }),
  /** Use the session that was looked at: its old program has stopped for ever. */
  z.object({ ...login, kind: z.literal("login.adopt") }),
]);
export type WorkerCommand = z.infer<typeof WorkerCommand>;

/** Every verb a command can have. */
export type CommandKind = HostCommand["kind"] | WorkerCommand["kind"];

/** Where a login stands after a step. Data for the wizard; holds no secret. */
export const LoginStep = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("began"), publicKey: z.string(), knownPhoneMasked: z.string().nullable(), expiresAt: z.number() }),
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
  /** Logged in as another account than before; `login.keep` keeps it, `login.cancel` logs it out again. */
  z.object({ kind: z.literal("changed"), account: AccountSummary, before: AccountSummary }),
  z.object({ kind: z.literal("done"), account: AccountSummary }),
  z.object({
    kind: z.literal("refused"),
    reason: z.string(),
    fault: Fault.nullable(),
    waitS: z.number().nullable(),
    final: z.boolean(),
    /** The worker that has this session or account already. */
    who: shown(100).exactOptional(),
  }),
  z.object({ kind: z.literal("cancelled") }),
  /** A QR code to show, until the next one comes. */
  z.object({ kind: z.literal("qr"), sealed: Sealed, expiresAt: z.number() }),
  /** A session of another program that may be used. */
  z.object({
    kind: z.literal("session-found"),
    /** Such as `telethon-file`. */
    format: z.string().max(30),
    /** Null: its first connection tells. */
    userId: z.string().max(20).nullable(),
    /** Updates go on where the other program stopped. */
    resumes: z.boolean(),
    /** The application that it was made with, when that is known and another one than ours. */
    otherApiId: z.number().nullable(),
  }),
  /** It is this worker's now; the first connection verifies the account. */
  z.object({ kind: z.literal("session-taken"), userId: z.string().max(20).nullable() }),
]);
export type LoginStep = z.infer<typeof LoginStep>;

/** A source that is no chat of the account, and the marked id that was probably meant; null = not known. */
export const UnknownChat = z.object({ ref: ChatRef, meant: ChatRef.nullable() });
export type UnknownChat = z.infer<typeof UnknownChat>;

/** How a command ended. Every command gets exactly one. */
export const CommandOutcome = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("done"), text: shown(4000).optional() }),
  /** Programs that have the session file open; `hidden`: those of other users cannot be seen. */
  z.object({ kind: z.literal("holders"), holders: firstOf(HolderSummary, 50), hidden: z.boolean() }),
  z.object({ kind: z.literal("login"), step: LoginStep }),
  z.object({ kind: z.literal("backups"), copies: firstOf(BackupCopy, 100) }),
  z.object({ kind: z.literal("devices"), devices: firstOf(Device, 100) }),
  z.object({ kind: z.literal("log"), lines: z.array(z.string()) }),
  z.object({ kind: z.literal("doctor"), findings: firstOf(DoctorFinding, 100) }),
  z.object({ kind: z.literal("chats"), chats: firstOf(KnownChat, 100) }),
  z.object({ kind: z.literal("topics"), chat: ChatRef, topics: firstOf(KnownTopic, 100) }),
  z.object({ kind: z.literal("unknown-chats"), chats: firstOf(UnknownChat, 50) }),
  z.object({ kind: z.literal("dry"), lines: z.array(z.object({ text: shown(200), verdict: shown(40) })) }),
  z.object({ kind: z.literal("failed"), code: z.string(), message: shown(500) }),
  z.object({ kind: z.literal("expired") }),
]);
export type CommandOutcome = z.infer<typeof CommandOutcome>;

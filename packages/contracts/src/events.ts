import { z } from "zod";
import { BulkAction, CommandOutcome, LoginStep } from "./commands.ts";
import { Fault } from "./error-class.ts";
import { shown } from "./shown.ts";
import {
  HostIdField,
  OutageReport,
  WorkerIdField,
  WorkerState,
  WorkerStatus,
} from "./worker-status.ts";

const base = {
  v: z.literal(1),
  /** Unique; also the job id. The bot handles an id once. */
  id: z.string().regex(/^[A-Za-z0-9.-]{1,80}$/),
  at: z.number(),
  host: HostIdField,
};

/** Decision of the restart policy after an exit. */
export const RestartDecision = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("restart"),
    delayMs: z.number(),
    attempt: z.number().int(),
    limit: z.number().int(),
  }),
  z.object({ kind: z.literal("retry"), delayMs: z.number() }),
  z.object({ kind: z.literal("gave-up"), attempts: z.number().int(), windowMs: z.number() }),
  z.object({ kind: z.literal("park") }),
  /** Only a login helps. */
  z.object({ kind: z.literal("login") }),
  z.object({ kind: z.literal("none") }),
]);
export type RestartDecision = z.infer<typeof RestartDecision>;

/** An unrequested end of a worker process, as its supervisor observed it. */
export const ExitReport = z.object({
  pid: z.number().int(),
  uptimeMs: z.number(),
  exitCode: z.number().int().nullable(),
  signal: z.string().nullable(),
  firstErrorLine: shown(300).nullable(),
  fault: Fault,
  decision: RestartDecision,
  /** `start` = it ended before it was ready (S0-08). */
  phase: z.enum(["start", "run"]).optional(),
});
export type ExitReport = z.infer<typeof ExitReport>;

/**
 * Phase of a bulk command. `canary` and `rest` are under way. Final: `done` (see `failed`),
 * `canary-failed` (the first worker did not come online; the others were not touched), `expired`
 * (the command arrived too late), `stopped` (the host was stopped meanwhile).
 */
export const BulkPhase = z.enum(["canary", "rest", "done", "canary-failed", "expired", "stopped"]);
export type BulkPhase = z.infer<typeof BulkPhase>;

/** A session file that works with a problem (S3-17 to S3-20). */
export const StorageProblem = z.discriminatedUnion("kind", [
  /** One wait for the lock took more than 10 s. */
  z.object({ kind: z.literal("slow-wait"), operation: shown(100), tookMs: z.number() }),
  /** The 95th percentile of the waits of 5 min is over 1 s. */
  z.object({ kind: z.literal("waits-long"), p95Ms: z.number() }),
  /** The journal exceeds 64 MB; `holder` is the process that may prevent a checkpoint. */
  z.object({ kind: z.literal("wal-large"), walBytes: z.number(), holder: shown(300).nullable() }),
  z.object({ kind: z.literal("checkpoint-failed"), message: shown(500) }),
]);
export type StorageProblem = z.infer<typeof StorageProblem>;

/**
 * A job of the fleet's queues that a process refused, and the reason: unsigned, wrongly signed, too
 * old, not JSON, or already carried out.
 */
export const JobRefusal = z.object({
  queue: z.string().max(80),
  why: z.enum(["unsigned", "wrong-signature", "too-old", "unreadable", "again"]),
  times: z.number().int().positive(),
});
export type JobRefusal = z.infer<typeof JobRefusal>;

/** Why messages are lost. */
export const LossReason = z.enum(["too-many", "unreadable"]);
export type LossReason = z.infer<typeof LossReason>;

/**
 * A problem of a host itself; its workers keep running. `-written-back` and `-set-aside` report one
 * repair and clear with the next check. `sessions-idle` = session files without a worker on this
 * host. `record-set-aside` and `record-missing` last while a backup can be taken over.
 */
export const HostTrouble = z.enum([
  "key-written-back",
  "key-changed",
  "key-damaged",
  "key-unwritable",
  "folder-gone",
  "record-deleted",
  "record-set-aside",
  "record-missing",
  "record-unwritable",
  "sessions-idle",
  "disk-full",
  "clock-apart",
]);
export type HostTrouble = z.infer<typeof HostTrouble>;

/** Events of hosts and workers for the bot. Delivered at least once, in order per host. */
export const FleetEvent = z.discriminatedUnion("kind", [
  z.object({ ...base, kind: z.literal("host.started"), workers: z.array(WorkerStatus) }),
  z.object({
    ...base,
    kind: z.literal("worker.state"),
    worker: WorkerIdField,
    previous: WorkerState,
    /**
     * Since when it was in that state, in milliseconds since the epoch. Hosts up to version 0.1 do
     * not tell.
     */
    previousSince: z.number().exactOptional(),
    status: WorkerStatus,
    /** The event of the worker's state machine that caused it. */
    cause: shown(80).optional(),
  }),
  z.object({ ...base, kind: z.literal("worker.exited"), worker: WorkerIdField, exit: ExitReport }),
  /** null = over: not seen for 5 min. */
  z.object({
    ...base,
    kind: z.literal("worker.storage"),
    worker: WorkerIdField,
    problem: StorageProblem.nullable(),
  }),
  /**
   * Messages exist and cannot be fetched. `outage` = the report on all messages of the outage, if
   * there was one.
   */
  z.object({
    ...base,
    kind: z.literal("worker.lost"),
    worker: WorkerIdField,
    lost: z.number().int().positive(),
    /**
     * `too-many` = more messages of one chat than the worker fetches; `unreadable` = this version
     * cannot parse them.
     */
    why: LossReason,
    outage: OutageReport.nullable(),
  }),
  /** `detail` = paths, names and reasons, without secrets. */
  z.object({
    ...base,
    kind: z.literal("host.trouble"),
    trouble: HostTrouble,
    over: z.boolean(),
    detail: z.string().max(600),
    /**
     * For a lost record: when the backup was made that it can be taken over from, in milliseconds
     * since the epoch.
     */
    backupAt: z.number().exactOptional(),
  }),
  /** A process of this host refused jobs. */
  z.object({ ...base, kind: z.literal("jobs.refused"), ...JobRefusal.shape }),
  z.object({
    ...base,
    kind: z.literal("command.done"),
    worker: WorkerIdField,
    command: z.string(),
    outcome: CommandOutcome,
  }),
  /** A step of a login for which no command is waiting. */
  z.object({
    ...base,
    kind: z.literal("login.progress"),
    worker: WorkerIdField,
    login: z.string().max(64),
    step: LoginStep,
  }),
  z.object({
    ...base,
    kind: z.literal("bulk.progress"),
    command: z.string(),
    action: BulkAction,
    phase: BulkPhase,
    total: z.number().int().positive(),
    /** Workers that have reached the requested state. */
    done: z.array(WorkerIdField),
    failed: z.array(z.object({ worker: WorkerIdField, code: shown(120), message: shown(500) })),
    /** The worker being changed now, or null. */
    current: WorkerIdField.nullable(),
  }),
]);
export type FleetEvent = z.infer<typeof FleetEvent>;

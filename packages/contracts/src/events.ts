import { z } from "zod";
import { CommandOutcome } from "./commands.ts";
import { Fault } from "./error-class.ts";
import { HostIdField, WorkerIdField, WorkerState, WorkerStatus } from "./worker-status.ts";

const base = {
  v: z.literal(1),
  /** Unique; also the job id. The bot handles an id once. */
  id: z.string().regex(/^[A-Za-z0-9.-]{1,80}$/),
  at: z.number(),
  host: HostIdField,
};

/** What the restart policy decided after an exit. */
export const RestartDecision = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("restart"), delayMs: z.number(), attempt: z.number().int(), limit: z.number().int() }),
  z.object({ kind: z.literal("retry"), delayMs: z.number() }),
  z.object({ kind: z.literal("gave-up"), attempts: z.number().int(), windowMs: z.number() }),
  z.object({ kind: z.literal("park") }),
  z.object({ kind: z.literal("none") }),
]);
export type RestartDecision = z.infer<typeof RestartDecision>;

/** A worker process that ended without being asked to, as observed by its supervisor. */
export const ExitReport = z.object({
  pid: z.number().int(),
  uptimeMs: z.number(),
  exitCode: z.number().int().nullable(),
  signal: z.string().nullable(),
  firstErrorLine: z.string().max(300).nullable(),
  fault: Fault,
  decision: RestartDecision,
});
export type ExitReport = z.infer<typeof ExitReport>;

/** What hosts and workers tell the bot. Delivered at least once, in order per host. */
export const FleetEvent = z.discriminatedUnion("kind", [
  z.object({ ...base, kind: z.literal("host.started"), workers: z.array(WorkerStatus) }),
  z.object({ ...base, kind: z.literal("worker.state"), worker: WorkerIdField, previous: WorkerState, status: WorkerStatus }),
  z.object({ ...base, kind: z.literal("worker.exited"), worker: WorkerIdField, exit: ExitReport }),
  z.object({ ...base, kind: z.literal("command.done"), worker: WorkerIdField, command: z.string(), outcome: CommandOutcome }),
]);
export type FleetEvent = z.infer<typeof FleetEvent>;

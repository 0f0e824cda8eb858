import { z } from "zod";
import { Fault } from "./error-class.ts";
import { REPORTED_STATES } from "./worker-states.ts";
import { LinkStatus, StorageStatus } from "./worker-status.ts";

/** Messages of a worker process over its IPC channel. */
export const WorkerToSupervisor = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready") }),
  z.object({
    kind: z.literal("status"),
    state: z.enum(REPORTED_STATES),
    fault: Fault.nullable(),
    link: LinkStatus,
  }),
  /**
   * `loopLagMs` = longest delay of the event loop since the last heartbeat; `cpuMs` = processor
   * time used so far, user and system.
   */
  z.object({
    kind: z.literal("heartbeat"),
    loopLagMs: z.number(),
    rssBytes: z.number(),
    cpuMs: z.number(),
  }),
  /** State of the session file; sent on change. */
  z.object({ kind: z.literal("storage"), storage: StorageStatus }),
  /** Sent right before an exit that the worker chose; it overrides the exit code. */
  z.object({ kind: z.literal("fatal"), fault: Fault }),
]);
export type WorkerToSupervisor = z.infer<typeof WorkerToSupervisor>;

/**
 * Messages of a supervisor over the same channel. `hold` = do not connect before `go`: another
 * worker probes the network.
 */
export const SupervisorToWorker = z.object({
  kind: z.literal("network"),
  order: z.enum(["hold", "go"]),
});
export type SupervisorToWorker = z.infer<typeof SupervisorToWorker>;

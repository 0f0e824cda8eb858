import { z } from "zod";
import { Fault } from "./error-class.ts";
import { LinkStatus, StorageStatus, WorkerState } from "./worker-status.ts";

/** Messages of a worker process over its IPC channel. */
export const WorkerToSupervisor = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready") }),
  z.object({
    kind: z.literal("status"),
    state: WorkerState.extract([
      "STARTING",
      "RUNNING",
      "CATCHING_UP",
      "DEGRADED",
      "RECONNECTING",
      "FLOOD",
      "NEEDS_LOGIN",
      "LOGGING_IN",
      "LOCKED",
      "BANNED",
    ]),
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

/** States that a worker reports; only its supervisor knows the others. */
export type ReportedState = Extract<WorkerToSupervisor, { kind: "status" }>["state"];

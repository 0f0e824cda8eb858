import { z } from "zod";
import { Fault } from "./error-class.ts";
import { LinkStatus, StorageStatus, WorkerState } from "./worker-status.ts";

/** What a worker process reports over its IPC channel. */
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
  /** `loopLagMs`: longest delay of the event loop since the last one; `cpuMs`: processor time used so far, user and system. */
  z.object({ kind: z.literal("heartbeat"), loopLagMs: z.number(), rssBytes: z.number(), cpuMs: z.number() }),
  /** How the session file is doing; sent when that changed. */
  z.object({ kind: z.literal("storage"), storage: StorageStatus }),
  /** Sent just before an exit that the worker chose: the reason counts, not the exit code. */
  z.object({ kind: z.literal("fatal"), fault: Fault }),
]);
export type WorkerToSupervisor = z.infer<typeof WorkerToSupervisor>;

/** What a supervisor says over the same channel. `hold`: no further try to connect before `go`; another worker looks whether there is a network. */
export const SupervisorToWorker = z.object({ kind: z.literal("network"), order: z.enum(["hold", "go"]) });
export type SupervisorToWorker = z.infer<typeof SupervisorToWorker>;

/** States a worker can report by itself; the others are known only to its supervisor. */
export type ReportedState = Extract<WorkerToSupervisor, { kind: "status" }>["state"];

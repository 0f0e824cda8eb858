import type {
  Fault,
  RestartDecision,
  RestartRules,
  WorkerState,
  WorkerStatus,
} from "@flotilla/contracts";
import type { Clock, HostId, WorkerId } from "@flotilla/kernel";
import type { RefusedEvent } from "../policy/worker-life.ts";
import type { HostDb } from "../record/host-db.ts";
import type { LogSink } from "./log-sink.ts";
import type { SessionFacts } from "./session-news.ts";
import type { StartWindow } from "./start-window.ts";
import { DEFAULT_VITAL_LIMITS, type VitalLimits } from "./vital-signs.ts";
import type { WorkerExit, WorkerProgram } from "./worker-process.ts";

/** A state, and since when; milliseconds since the epoch. */
export interface StateSince {
  readonly state: WorkerState;
  readonly since: number;
}

/** Callbacks of a managed worker. */
export interface ManagedWorkerHooks {
  /** The state changed because of `cause`, or only its details (`changed` is false). */
  status(status: WorkerStatus, previous: StateSince, changed: boolean, cause: string): void;
  /** The process ended without a request. */
  exited(exit: WorkerExit, fault: Fault, decision: RestartDecision, phase: "start" | "run"): void;
  /** An event was impossible in this state: a bug. The state did not change. */
  refused(event: RefusedEvent): void;
}

export interface ManagedWorkerDeps {
  readonly id: WorkerId;
  readonly host: HostId;
  readonly program: WorkerProgram;
  readonly db: HostDb;
  readonly log: LogSink;
  readonly clock: Clock;
  /** Read at each decision, so that changed settings apply at once. */
  readonly rules: () => RestartRules;
  readonly limits: WorkerLimits;
  readonly session: SessionFacts;
  readonly hooks: ManagedWorkerHooks;
  /** Limits how many automatic restarts run at once. Absent: no limit. */
  readonly window?: Pick<StartWindow, "take">;
}

/** Limits and grace periods of a worker process; times in milliseconds. */
export interface WorkerLimits extends VitalLimits {
  /** Milliseconds between SIGTERM and SIGKILL (invariant 13). */
  readonly graceMs: number;
  /** Grace period in milliseconds of a process that hangs. */
  readonly stuckGraceMs: number;
  /** Milliseconds between two probes of a broken session file. */
  readonly lookMs: number;
}

/** Invariant 13. A process that hangs hardly reacts to SIGTERM. */
export const DEFAULT_WORKER_LIMITS: WorkerLimits = {
  ...DEFAULT_VITAL_LIMITS,
  graceMs: 15_000,
  stuckGraceMs: 500,
  lookMs: 30_000,
};

/** `ended`: the process exited before it was ready, or waits for its locked session. */
export type StartResult =
  | { readonly kind: "ready" }
  | { readonly kind: "ended"; readonly fault: Fault };

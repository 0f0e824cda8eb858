import type { Fault, RestartDecision, RestartRules, WorkerState, WorkerStatus } from "@flotilla/contracts";
import type { Clock, HostId, WorkerId } from "@flotilla/kernel";
import type { RefusedEvent } from "../policy/worker-life.ts";
import type { HostDb } from "../record/host-db.ts";
import type { LogSink } from "./log-sink.ts";
import type { SessionFacts } from "./session-news.ts";
import type { StartWindow } from "./start-window.ts";
import type { VitalLimits } from "./vital-signs.ts";
import type { WorkerExit, WorkerProgram } from "./worker-process.ts";

/** A state, and since when; milliseconds since the epoch. */
export interface StateSince {
  readonly state: WorkerState;
  readonly since: number;
}

/** What a worker's owner hears about. */
export interface ManagedWorkerHooks {
  /** The visible state changed because of `cause`, or only its details (`changed` false). */
  status(status: WorkerStatus, previous: StateSince, changed: boolean, cause: string): void;
  /** The process ended unasked. */
  exited(exit: WorkerExit, fault: Fault, decision: RestartDecision, phase: "start" | "run"): void;
  /** Something happened that cannot happen in this state: a bug, and nothing was changed. */
  refused(event: RefusedEvent): void;
}

/** Parts of a managed worker. */
export interface ManagedWorkerDeps {
  readonly id: WorkerId;
  readonly host: HostId;
  readonly program: WorkerProgram;
  readonly db: HostDb;
  readonly log: LogSink;
  readonly clock: Clock;
  /** Asked at each decision, so that a change of the settings counts at once. */
  readonly rules: () => RestartRules;
  readonly limits: WorkerLimits;
  readonly session: SessionFacts;
  readonly hooks: ManagedWorkerHooks;
  /** Restarts that come by themselves wait here for their place; absent: none waits. */
  readonly window?: Pick<StartWindow, "take">;
}

/** How long things may take. */
export interface WorkerLimits extends VitalLimits {
  /** From SIGTERM to SIGKILL (invariant 13). */
  readonly graceMs: number;
  /** The same for a process that hangs: it is not expected to listen. */
  readonly stuckGraceMs: number;
  /** Between two looks at a session file that could not be used. */
  readonly lookMs: number;
}

/** How a start ended. */
export type StartResult = { readonly kind: "ready" } | { readonly kind: "ended"; readonly fault: Fault };

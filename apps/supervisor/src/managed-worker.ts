import type {
  Fault,
  LinkStatus,
  ReportedState,
  RestartDecision,
  WorkerState,
  WorkerStatus,
  WorkerToSupervisor,
} from "@flotilla/contracts";
import { countingCrashes, decideRestart, faultOfExit, type RestartRules } from "@flotilla/domain";
import type { Clock, HostId, WorkerId } from "@flotilla/kernel";
import type { HostDb } from "./host-db.ts";
import type { LogSink } from "./log-sink.ts";
import { type WorkerExit, WorkerProcess, type WorkerProgram } from "./worker-process.ts";

/** What a worker's process is doing, as its supervisor knows it. Changed by `#enter` alone. */
type Phase =
  /** No process, and none wanted. */
  | { readonly kind: "stopped"; readonly why: "STOPPED" | "MAINTENANCE" }
  /** A process runs; `reported` is its own word for its state. */
  | { readonly kind: "up"; readonly process: WorkerProcess; readonly reported: ReportedState }
  /** The process was asked to end. */
  | { readonly kind: "stopping"; readonly process: WorkerProcess }
  /** No process until `until`: after a crash, or while somebody else has the session. */
  | {
      readonly kind: "waiting";
      readonly until: number;
      readonly why: "BACKOFF" | "LOCKED" | "IN_USE";
      readonly timer: NodeJS.Timeout;
    }
  /** No process until a person acts. */
  | { readonly kind: "parked"; readonly why: "GAVE_UP" | "BANNED" | "NEEDS_LOGIN" };

/** What a worker's owner hears about. */
export interface ManagedWorkerHooks {
  /** The visible state changed, or only its details (`changed` false). */
  status(status: WorkerStatus, previous: WorkerState, changed: boolean): void;
  /** The process ended unasked. */
  exited(exit: WorkerExit, fault: Fault, decision: RestartDecision): void;
}

/** Parts of a managed worker. */
export interface ManagedWorkerDeps {
  readonly id: WorkerId;
  readonly host: HostId;
  readonly program: WorkerProgram;
  readonly db: HostDb;
  readonly log: LogSink;
  readonly clock: Clock;
  readonly rules: RestartRules;
  readonly limits: StopLimits;
  readonly hooks: ManagedWorkerHooks;
}

/** How long things may take. */
export interface StopLimits {
  /** From SIGTERM to SIGKILL (invariant 13). */
  readonly graceMs: number;
  /** Without a heartbeat for so long a process counts as stuck and is replaced. */
  readonly heartbeatMs: number;
}

/** How a start ended. */
export type StartResult = { readonly kind: "ready" } | { readonly kind: "ended"; readonly fault: Fault };

/** Keeps one worker as it is wanted: the only thing that starts and stops its process, one at a time. */
export class ManagedWorker {
  readonly #deps: ManagedWorkerDeps;
  #phase: Phase = { kind: "stopped", why: "STOPPED" };
  #since: number;
  #fault: Fault | null = null;
  #link: LinkStatus | null = null;
  #startedAt: number | null = null;
  #shown: WorkerState = "STOPPED";
  #started: PromiseWithResolvers<StartResult> | null = null;
  #heartbeat: NodeJS.Timeout | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: ManagedWorkerDeps) {
    this.#deps = deps;
    this.#since = deps.clock.now();
  }

  /** Starts the process unless it runs. Resolves when it says that it is ready, or ended before. */
  start(): Promise<StartResult> {
    return this.#inTurn(() => this.#spawn());
  }

  /** Ends the process: SIGTERM, SIGKILL after the grace time. Resolves when the kernel reported the exit. */
  stop(why: "STOPPED" | "MAINTENANCE" = "STOPPED"): Promise<void> {
    return this.#inTurn(() => this.#end(why));
  }

  /** Stops, then starts: never two processes at once. */
  restart(): Promise<StartResult> {
    return this.#inTurn(async () => {
      await this.#end();
      return await this.#spawn();
    });
  }

  /** The status that everybody may see. */
  status(): WorkerStatus {
    const { id, host, clock, db, rules } = this.#deps;
    const phase = this.#phase;
    return {
      v: 1,
      worker: id,
      host,
      state: visibleState(phase),
      since: this.#since,
      pid: phase.kind === "up" || phase.kind === "stopping" ? phase.process.pid : null,
      startedAt: phase.kind === "up" ? this.#startedAt : null,
      crashes: countingCrashes(db.history(id), clock.now(), rules).length,
      crashLimit: rules.crashLimit,
      nextTryAt: phase.kind === "waiting" ? phase.until : (this.#link?.nextTryAt ?? null),
      fault: this.#fault,
      link: this.#link,
      updatedAt: clock.now(),
    };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  async #spawn(): Promise<StartResult> {
    if (this.#phase.kind === "up") return { kind: "ready" };
    if (this.#phase.kind === "waiting") clearTimeout(this.#phase.timer);
    const started = Promise.withResolvers<StartResult>();
    this.#started = started;
    const process = new WorkerProcess(this.#deps.id, this.#deps.program, this.#deps.log, (message) =>
      this.#hear(process, message),
    );
    this.#startedAt = this.#deps.clock.now();
    this.#enter({ kind: "up", process, reported: "STARTING" }, null);
    this.#watchHeartbeat(process);
    void process.exited.then((exit) => this.#onExit(process, exit));
    return await started.promise;
  }

  async #end(why: "STOPPED" | "MAINTENANCE" = "STOPPED"): Promise<void> {
    const phase = this.#phase;
    if (phase.kind === "stopped" && phase.why === why) return;
    if (phase.kind === "waiting") clearTimeout(phase.timer);
    if (phase.kind === "up") {
      this.#enter({ kind: "stopping", process: phase.process }, null);
      phase.process.kill("SIGTERM");
      const force = setTimeout(() => phase.process.kill("SIGKILL"), this.#deps.limits.graceMs);
      await phase.process.exited;
      clearTimeout(force);
    }
    this.#enter({ kind: "stopped", why }, null);
  }

  #hear(process: WorkerProcess, message: WorkerToSupervisor): void {
    if (this.#phase.kind !== "up" || this.#phase.process !== process) return;
    if (message.kind === "ready") this.#started?.resolve({ kind: "ready" });
    if (message.kind === "heartbeat") this.#watchHeartbeat(process);
    if (message.kind !== "status") return;
    this.#link = message.link;
    this.#enter({ kind: "up", process, reported: message.state }, message.fault);
  }

  #watchHeartbeat(process: WorkerProcess): void {
    clearTimeout(this.#heartbeat);
    const { heartbeatMs } = this.#deps.limits;
    const fault: Fault = {
      class: "STUCK",
      code: "no-heartbeat",
      message: `No sign of life for ${Math.round(heartbeatMs / 1000)} s.`,
    };
    this.#heartbeat = setTimeout(() => process.killStuck(fault), heartbeatMs);
    this.#heartbeat.unref();
  }

  #onExit(process: WorkerProcess, exit: WorkerExit): void {
    const phase = this.#phase;
    if ((phase.kind !== "up" && phase.kind !== "stopping") || phase.process !== process) return;
    clearTimeout(this.#heartbeat);
    if (phase.kind === "stopping") return;
    const fault = faultOfExit(exit, exit.announced, exit.stderrTail);
    const { db, id, clock, rules, hooks } = this.#deps;
    const now = clock.now();
    db.recordExit(id, { at: now, uptimeMs: exit.uptimeMs, class: fault.class, exitCode: exit.exitCode, signal: exit.signal });
    const decision = decideRestart(db.history(id), now, rules);
    this.#follow(decision, fault, now);
    hooks.exited(exit, fault, decision);
    this.#started?.resolve({ kind: "ended", fault });
  }

  #follow(decision: RestartDecision, fault: Fault, now: number): void {
    if (decision.kind === "restart" || decision.kind === "retry") {
      const timer = setTimeout(() => void this.start(), decision.delayMs);
      timer.unref();
      const why = fault.class === "SESSION_LOCKED" ? "LOCKED" : fault.class === "IN_USE" ? "IN_USE" : "BACKOFF";
      this.#enter({ kind: "waiting", until: now + decision.delayMs, why, timer }, fault);
      return;
    }
    const why = fault.class === "BANNED" ? "BANNED" : fault.class === "AUTH_DEAD" ? "NEEDS_LOGIN" : "GAVE_UP";
    this.#enter({ kind: "parked", why }, fault);
  }

  #enter(phase: Phase, fault: Fault | null): void {
    this.#phase = phase;
    this.#fault = fault;
    const state = visibleState(phase);
    const previous = this.#shown;
    if (state !== previous) this.#since = this.#deps.clock.now();
    this.#shown = state;
    this.#deps.hooks.status(this.status(), previous, state !== previous);
  }
}

function visibleState(phase: Phase): WorkerState {
  switch (phase.kind) {
    case "stopped":
      return phase.why;
    case "up":
      return phase.reported;
    case "stopping":
      return "STOPPING";
    case "waiting":
      return phase.why;
    case "parked":
      return phase.why;
    default:
      return phase satisfies never;
  }
}

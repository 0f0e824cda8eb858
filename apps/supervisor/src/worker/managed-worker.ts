import type {
  CommandOutcome,
  Fault,
  SupervisorToWorker,
  WorkerStatus,
  WorkerToSupervisor,
} from "@flotilla/contracts";
import { countingCrashes, decideRestart, STATE_TABLE } from "@flotilla/contracts";
import { Moment, SerialQueue } from "@flotilla/kernel";
import { processIdentity } from "@flotilla/os";
import { faultOfExit } from "../policy/exit-fault.ts";
import { rulesStatus } from "../policy/own-rules.ts";
import {
  type LifeEvent,
  NOT_STARTED,
  type StoppedAs,
  transition,
  type WorkerLife,
} from "../policy/worker-life.ts";
import { AccountStats } from "./account-stats.ts";
import { BrokenFileProbe } from "./broken-file-probe.ts";
import type { ManagedWorkerDeps, StartResult } from "./managed-worker-deps.ts";
import { NextStart } from "./next-start.ts";
import { SessionNews } from "./session-news.ts";
import { VitalSigns } from "./vital-signs.ts";
import { type WorkerExit, WorkerProcess } from "./worker-process.ts";

/** One process from its start to its end. */
interface Run {
  readonly process: WorkerProcess;
  readonly vitals: VitalSigns;
  readonly startedAt: Moment;
  readonly started: PromiseWithResolvers<StartResult>;
  ready: boolean;
  /** Runs since the process announced a fatal fault; ends it when the process stays. */
  lastWords: NodeJS.Timeout | undefined;
}

/**
 * Keeps one worker in its desired state. The only code that starts and stops its process, one at a
 * time, and the only writer of its state. Every change goes through `transition`.
 */
export class ManagedWorker {
  readonly #deps: ManagedWorkerDeps;
  readonly #stats: AccountStats;
  readonly #news: SessionNews;
  readonly #probe: BrokenFileProbe;
  #life: WorkerLife = NOT_STARTED;
  #run: Run | null = null;
  readonly #next: NextStart;
  #since: Moment;
  #fault: Fault | null = null;
  readonly #turns = new SerialQueue();
  #stopAsked: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(deps: ManagedWorkerDeps) {
    this.#deps = deps;
    this.#since = new Moment(deps.clock);
    this.#next = new NextStart(() => this.start(), deps.window);
    this.#stats = new AccountStats(deps.id, deps.db, deps.clock);
    this.#news = new SessionNews(deps.session, (ours) => {
      const status = this.status();
      deps.hooks.status(status, status, ours, "holder");
    });
    this.#probe = new BrokenFileProbe(
      deps.session.path,
      deps.limits.lookMs,
      () => void this.start(),
    );
  }

  /** Shows the worker as STARTING, not STOPPED, until its turn to start comes (field fault K3). */
  expectStart(): void {
    this.#next.isExpected = true;
  }

  /** Starts the process unless it runs. Resolves when it is ready or ended before that. */
  async start(): Promise<StartResult> {
    return await this.#started(async () => this.#spawn());
  }

  /**
   * Ends a back-off: starts the process at once. Does nothing when it runs or when an admin stopped
   * it.
   */
  async retry(): Promise<StartResult> {
    const { state } = this.#life;
    if (STATE_TABLE[state].isStopped) return { kind: "ready" };
    return await this.start();
  }

  /** Runs `work` without a process and keeps any from starting; fails when a process runs. */
  whileDown(work: () => CommandOutcome): Promise<CommandOutcome> {
    const message = "The worker runs. Stop it first (⏹ Stop), then try again.";
    return this.#turns.run(async () =>
      this.#run ? { kind: "failed", code: "worker-runs", message } : work(),
    );
  }

  /** SIGTERM, then SIGKILL after the grace period. Resolves when the kernel reported the exit. */
  stop(as: StoppedAs = "STOPPED"): Promise<void> {
    this.#stopAsked.resolve();
    return this.#turns.run(async () => {
      this.#stopAsked = Promise.withResolvers();
      await this.#end(as);
    });
  }

  /** Stops, then starts. Two processes never run at once. */
  async restart(): Promise<StartResult> {
    return await this.#started(async () => {
      await this.#end("STOPPED");
      return this.#spawn();
    });
  }

  /** SIGKILL to a process that is ending. */
  hurry(): void {
    if (this.#life.process === "ending") this.#run?.process.kill();
  }

  /** Sends a message to the process, if there is one. */
  say(message: SupervisorToWorker): void {
    this.#run?.process.say(message);
  }

  status(): WorkerStatus {
    const { id, host, clock, db } = this.#deps;
    const [life, run, rules, link] = [
      this.#life,
      this.#run,
      this.#deps.rules(),
      this.#stats.total(),
    ];
    return {
      v: 1,
      worker: id,
      host,
      state: this.#next.isExpected && life.state === "STOPPED" ? "STARTING" : life.state,
      since: this.#since.at,
      pid: run?.process.pid ?? null,
      startedAt: life.process === "up" ? (run?.startedAt.at ?? null) : null,
      crashes: countingCrashes(db.history(id), clock.now(), rules).length,
      crashLimit: rules.crashLimit,
      nextTryAt: "until" in life ? life.until + this.#since.jumpedMs : (link?.nextTryAt ?? null),
      fault: this.#fault,
      link,
      vitals: run?.vitals.last ?? null,
      ...this.#news.status(),
      rules: rulesStatus(rules, db.ownRules(id)),
      updatedAt: clock.now(),
    };
  }

  /** Holds its turn until the process is ready or a stop comes, which must not wait for a start. */
  async #started(begin: () => Promise<Run>): Promise<StartResult> {
    const run = await this.#turns.run(async () => {
      const begun = await begin();
      await Promise.race([begun.started.promise, this.#stopAsked.promise]);
      return begun;
    });
    return await run.started.promise;
  }

  #spawn(): Run {
    if (this.#run) return this.#run;
    this.#next.forget();
    const { id, program, log, clock, limits, db } = this.#deps;
    const onMessage = (message: WorkerToSupervisor): void => this.#hear(run, message);
    const process = new WorkerProcess({ worker: id, program, log, clock, onMessage });
    const vitals = new VitalSigns(process.pid, limits, clock, (fault) => {
      process.endFor(fault, fault.class === "STUCK" ? limits.stuckGraceMs : limits.graceMs);
    });
    const run: Run = {
      process,
      vitals,
      startedAt: new Moment(clock),
      started: Promise.withResolvers(),
      ready: false,
      lastWords: undefined,
    };
    this.#run = run;
    const identity = processIdentity(process.pid);
    if (identity) db.addChild(id, identity);
    this.#apply({ kind: "spawned" }, null, "started");
    void process.exited.then((exit) => this.#onExit(run, exit));
    return run;
  }

  async #end(as: StoppedAs): Promise<void> {
    const wasExpected = this.#next.isExpected;
    this.#next.forget();
    const run = this.#run;
    if (!run && this.#life.state === as)
      return wasExpected
        ? this.#deps.hooks.status(
            this.status(),
            { state: "STARTING", since: this.#since.at },
            true,
            "stop wanted",
          )
        : undefined;
    this.#apply({ kind: "stop-wanted", as }, null, "stop wanted");
    if (!run) return;
    run.vitals.stop();
    await run.process.end(this.#deps.limits.graceMs);
  }

  #hear(run: Run, message: WorkerToSupervisor): void {
    if (this.#run !== run || this.#life.process !== "up") return;
    if (message.kind === "heartbeat") run.vitals.heard(message);
    if (message.kind === "ready") {
      run.ready = true;
      run.started.resolve({ kind: "ready" });
    }
    if (message.kind === "fatal") this.#expectEnd(run, message.fault);
    if (message.kind === "storage") this.#news.heard(message.storage);
    if (message.kind !== "status") return;
    this.#stats.heard(message.link);
    this.#apply(
      { kind: "reported", state: message.state },
      message.fault,
      message.fault?.code ?? "reported",
    );
    // The process keeps waiting for the lock; the start is answered at once with the reason.
    if (message.state === "LOCKED" && message.fault)
      run.started.resolve({ kind: "ended", fault: message.fault });
  }

  /** Ends a process that stays after a fatal fault: it would block the session for the next one. */
  #expectEnd(run: Run, fault: Fault): void {
    const { graceMs, stuckGraceMs } = this.#deps.limits;
    run.lastWords ??= setTimeout(() => run.process.endFor(fault, stuckGraceMs), graceMs).unref();
  }

  #onExit(run: Run, exit: WorkerExit): void {
    const { db, id } = this.#deps;
    run.vitals.stop();
    clearTimeout(run.lastWords);
    db.removeChild(exit.pid);
    this.#stats.endRun();
    this.#run = null;
    if (this.#life.process === "ending") {
      this.#apply({ kind: "ended" }, null, "stopped");
      run.started.resolve({ kind: "ended", fault: STOPPED });
      return;
    }
    const fault = faultOfExit(exit, exit.announced, exit.stderrTail, exit.oomKilled);
    const now = this.#deps.clock.now();
    db.recordExit(id, {
      at: now,
      uptimeMs: exit.uptimeMs,
      class: fault.class,
      exitCode: exit.exitCode,
      signal: exit.signal,
    });
    const decision = decideRestart(db.history(id), now, this.#deps.rules());
    this.#apply(
      { kind: "exited", class: fault.class, decision, now },
      fault,
      `exited: ${fault.code}`,
    );
    if (decision.kind === "restart" || decision.kind === "retry") this.#next.in(decision.delayMs);
    this.#deps.hooks.exited(exit, fault, decision, run.ready ? "run" : "start");
    run.started.resolve({ kind: "ended", fault });
  }

  #apply(event: LifeEvent, fault: Fault | null, cause: string): void {
    const { hooks, clock } = this.#deps;
    const next = transition(this.#life, event);
    if ("refused" in next) {
      hooks.refused(next);
      return;
    }
    const previous = { state: this.#life.state, since: this.#since.at };
    this.#life = next;
    this.#fault = fault;
    if (next.state !== previous.state) this.#since = new Moment(clock);
    this.#news.entered(next.state, this.#run?.process.pid ?? null);
    this.#probe.entered(next.state, fault);
    hooks.status(this.status(), previous, next.state !== previous.state, cause.slice(0, 80));
  }
}

const STOPPED: Fault = {
  class: "CRASH",
  code: "stopped",
  message: "It was stopped before it was ready.",
};

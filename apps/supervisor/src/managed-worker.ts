import type { CommandOutcome, Fault, SupervisorToWorker, WorkerStatus, WorkerToSupervisor } from "@flotilla/contracts";
import {
  countingCrashes,
  decideRestart,
  faultOfExit,
  type LifeEvent,
  live,
  NOT_STARTED,
  rulesStatus,
  type StoppedAs,
  type WorkerLife,
} from "@flotilla/domain";
import { Moment } from "@flotilla/kernel";
import { processIdentity } from "@flotilla/sqlite";
import { AccountStats } from "./account-stats.ts";
import type { ManagedWorkerDeps, StartResult } from "./managed-worker-deps.ts";
import { NextStart } from "./next-start.ts";
import { SecondLook } from "./second-look.ts";
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
  /** It said that it cannot go on: then it has to be gone soon. */
  lastWords: NodeJS.Timeout | undefined;
}

/**
 * Keeps one worker as it is wanted: the only thing that starts and stops its process, one at a time, and the only writer of
 * its state. Every change goes through the state machine of the domain.
 */
export class ManagedWorker {
  readonly #deps: ManagedWorkerDeps;
  readonly #stats: AccountStats;
  readonly #news: SessionNews;
  readonly #look: SecondLook;
  #life: WorkerLife = NOT_STARTED;
  #run: Run | null = null;
  readonly #next: NextStart;
  #since: Moment;
  #fault: Fault | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #stopAsked: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(deps: ManagedWorkerDeps) {
    this.#deps = deps;
    this.#since = new Moment(deps.clock);
    this.#next = new NextStart(() => this.start(), deps.window);
    this.#stats = new AccountStats(deps.id, deps.db, deps.clock);
    this.#news = new SessionNews(deps.session, (ours) => deps.hooks.status(this.status(), this.#life.state, ours, "holder"));
    this.#look = new SecondLook(deps.session.path, deps.limits.lookMs, () => void this.start());
  }

  /** It is wanted, and its turn comes: until then it is starting, and not stopped by anybody (field fault K3). */
  expectStart(): void {
    this.#next.isExpected = true;
  }

  /** Starts the process unless it runs. Resolves when it says that it is ready, or ended before. */
  async start(): Promise<StartResult> {
    return await this.#started(async () => this.#spawn());
  }

  /** Tries at once what is waited with. A process that runs is left alone, a worker that shall not run stays stopped. */
  async retry(): Promise<StartResult> {
    const { state } = this.#life;
    return state === "STOPPED" || state === "MAINTENANCE" ? { kind: "ready" } : await this.start();
  }

  /** Runs `work` while there is no process and none can start. Refuses while there is one. */
  whileDown(work: () => CommandOutcome): Promise<CommandOutcome> {
    const message = "The worker runs. Stop it first (⏹ Stop), then try again.";
    return this.#inTurn(async () => (this.#run ? { kind: "failed", code: "worker-runs", message } : work()));
  }

  /** Ends the process: SIGTERM, SIGKILL after the grace time. Resolves when the kernel reported the exit. */
  stop(as: StoppedAs = "STOPPED"): Promise<void> {
    this.#stopAsked.resolve();
    return this.#inTurn(async () => {
      this.#stopAsked = Promise.withResolvers();
      await this.#end(as);
    });
  }

  /** Stops, then starts: never two processes at once. */
  async restart(): Promise<StartResult> {
    return await this.#started(async () => {
      await this.#end("STOPPED");
      return this.#spawn();
    });
  }

  /** SIGKILL for a process that was asked to end: somebody is in a hurry. */
  hurry(): void {
    if (this.#life.process === "ending") this.#run?.process.kill("SIGKILL");
  }

  /** Says something to its process, if there is one. */
  say(message: SupervisorToWorker): void {
    this.#run?.process.say(message);
  }

  /** The status that everybody may see. */
  status(): WorkerStatus {
    const { id, host, clock, db } = this.#deps;
    const [life, run, rules, link] = [this.#life, this.#run, this.#deps.rules(), this.#stats.total()];
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

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** The next in turn waits until the process is ready, except for a stop: that must not wait for a start that hangs. */
  async #started(begin: () => Promise<Run>): Promise<StartResult> {
    const run = await this.#inTurn(async () => {
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
    const process = new WorkerProcess(id, program, log, (message) => this.#hear(run, message));
    const vitals = new VitalSigns(process.pid, limits, (fault) => {
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
      return wasExpected ? this.#deps.hooks.status(this.status(), "STARTING", true, "stop wanted") : undefined;
    this.#apply({ kind: "stop-wanted", as }, null, "stop wanted");
    if (!run) return;
    run.vitals.stop();
    run.process.kill("SIGTERM");
    const force = setTimeout(() => run.process.kill("SIGKILL"), this.#deps.limits.graceMs);
    await run.process.exited;
    clearTimeout(force);
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
    this.#apply({ kind: "reported", state: message.state }, message.fault, message.fault?.code ?? "reported");
    // It waits and goes on trying: whoever asked for the start hears at once why it takes so long.
    if (message.state === "LOCKED" && message.fault) run.started.resolve({ kind: "ended", fault: message.fault });
  }

  /** Who said its last words and stays all the same keeps its session from the next one: it is ended like one that hangs, only later. */
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
    db.recordExit(id, { at: now, uptimeMs: exit.uptimeMs, class: fault.class, exitCode: exit.exitCode, signal: exit.signal });
    const decision = decideRestart(db.history(id), now, this.#deps.rules());
    this.#apply({ kind: "exited", class: fault.class, decision, now }, fault, `exited: ${fault.code}`);
    if (decision.kind === "restart" || decision.kind === "retry") this.#next.in(decision.delayMs);
    this.#deps.hooks.exited(exit, fault, decision, run.ready ? "run" : "start");
    run.started.resolve({ kind: "ended", fault });
  }

  #apply(event: LifeEvent, fault: Fault | null, cause: string): void {
    const { hooks, clock } = this.#deps;
    const next = live(this.#life, event);
    if ("refused" in next) {
      hooks.refused(next);
      return;
    }
    const previous = this.#life.state;
    this.#life = next;
    this.#fault = fault;
    if (next.state !== previous) this.#since = new Moment(clock);
    this.#news.entered(next.state, this.#run?.process.pid ?? null);
    this.#look.entered(next.state, fault);
    hooks.status(this.status(), previous, next.state !== previous, cause.slice(0, 80));
  }
}

const STOPPED: Fault = { class: "CRASH", code: "stopped", message: "It was stopped before it was ready." };

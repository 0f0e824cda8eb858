import { join } from "node:path";
import type {
  CommandOutcome,
  Fault,
  FleetEvent,
  HostCommand,
  RestartDecision,
  WorkerState,
  WorkerStatus,
} from "@flotilla/contracts";
import type { RestartRules } from "@flotilla/domain";
import type { Clock, HostId, WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { findHolders, processIdentity } from "@flotilla/sqlite";
import { type BulkCommand, carryOutBulk } from "./bulk.ts";
import { holdersText } from "./holders-text.ts";
import type { HostDb } from "./host-db.ts";
import { LogSink } from "./log-sink.ts";
import { ManagedWorker, type StartResult, type StopLimits } from "./managed-worker.ts";
import type { WorkerExit, WorkerProgram } from "./worker-process.ts";

/** Parts of a fleet. */
export interface FleetDeps {
  readonly host: HostId;
  readonly db: HostDb;
  readonly clock: Clock;
  readonly program: WorkerProgram;
  readonly rules: RestartRules;
  readonly limits: StopLimits;
  readonly sessionDir: string;
  /** Folder for the workers' logs. */
  readonly logDir: string;
  readonly log: Logger;
  readonly publish: (event: FleetEvent) => void;
  readonly writeStatus: (status: WorkerStatus) => void;
  readonly newId: () => string;
}

/** What is to be done to one worker, whoever asked and when. */
type Wish =
  | Pick<Exclude<HostCommand, { kind: "bulk" | "log" }>, "kind" | "worker">
  | Pick<LogCommand, "kind" | "worker" | "lines">;
type LogCommand = Extract<HostCommand, { kind: "log" }>;

interface Entry {
  readonly worker: ManagedWorker;
  readonly log: LogSink;
}

type Body<E> = E extends FleetEvent ? Omit<E, "v" | "id" | "at" | "host"> : never;

/** All workers of this host: carries out commands and tells what happens. */
export class Fleet {
  readonly #deps: FleetDeps;
  readonly #stopping = new AbortController();
  readonly #workers = new Map<WorkerId, Entry>();

  constructor(deps: FleetDeps) {
    this.#deps = deps;
  }

  /** Starts what shall run, one after the other in the order of adding; a broken one delays nobody. */
  async startDesired(): Promise<void> {
    const wanted = this.#deps.db.workers();
    for (const { id, desired } of wanted) {
      const { worker } = this.#find(id);
      if (desired === "maintenance") await worker.stop("MAINTENANCE");
    }
    this.#tell({ kind: "host.started", workers: this.statuses() });
    this.refreshStatuses();
    await Promise.all(wanted.filter(({ desired }) => desired === "running").map(({ id }) => this.#find(id).worker.start()));
  }

  /** Statuses of all workers of this host. */
  statuses(): WorkerStatus[] {
    return [...this.#workers.values()].map(({ worker }) => worker.status());
  }

  /** Writes the status of every worker again. */
  refreshStatuses(): void {
    for (const status of this.statuses()) this.#deps.writeStatus(status);
  }

  /** Ends every worker, in parallel. They are wanted again at the next start. */
  async stopAll(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#workers.values()].map(({ worker }) => worker.stop()));
    for (const { log } of this.#workers.values()) log.close();
  }

  /** Carries out one command and publishes its outcome. Never throws. */
  async carryOut(command: HostCommand): Promise<void> {
    const { clock, log } = this.#deps;
    const expired = clock.now() > command.deadlineAt;
    if (command.kind === "bulk") return await this.#bulk(command, expired);
    const outcome: CommandOutcome = expired ? { kind: "expired" } : await this.#perform(command);
    log.info({ command: command.kind, worker: command.worker, by: command.askedBy.id, outcome: outcome.kind }, "command done");
    this.#tell({ kind: "command.done", worker: command.worker, command: command.id, outcome });
  }

  async #bulk(command: BulkCommand, expired: boolean): Promise<void> {
    const { id, action, workers, canary, askedBy } = command;
    this.#deps.log.info({ command: "bulk", action, workers: workers.length, canary, by: askedBy.id, expired }, "bulk command");
    if (expired) {
      const none = { total: workers.length, done: [], failed: [], current: null };
      return this.#tell({ kind: "bulk.progress", command: id, action, phase: "expired", ...none });
    }
    await carryOutBulk(command, {
      perform: (verb, worker) => this.#perform({ kind: verb, worker }),
      tell: (progress) => this.#tell(progress),
      stopping: this.#stopping.signal,
    });
  }

  async #perform(command: Wish): Promise<CommandOutcome> {
    const { log } = this.#deps;
    try {
      return await this.#carryOut(command, this.#find(command.worker));
    } catch (error) {
      log.error({ err: error, worker: command.worker }, "command failed");
      return {
        kind: "failed",
        code: "host-error",
        message: error instanceof Error ? error.message.slice(0, 400) : "unknown error",
      };
    }
  }

  async #carryOut(command: Wish, entry: Entry): Promise<CommandOutcome> {
    const { db, clock } = this.#deps;
    const { kind, worker: id } = command;
    switch (kind) {
      case "start":
      case "restart":
        db.setDesired(id, "running", clock.now());
        db.forgetExits(id);
        return outcomeOf(await (kind === "start" ? entry.worker.start() : entry.worker.restart()));
      case "stop":
      case "maintenance":
        db.setDesired(id, kind === "stop" ? "stopped" : "maintenance", clock.now());
        await entry.worker.stop(kind === "stop" ? "STOPPED" : "MAINTENANCE");
        return { kind: "done" };
      case "who":
        return { kind: "done", text: await this.#whoHolds(id) };
      case "log":
        return { kind: "log", lines: entry.log.tail(command.lines) };
      default:
        return kind satisfies never;
    }
  }

  async #whoHolds(id: WorkerId): Promise<string> {
    const known = this.statuses().flatMap(({ pid }) => (pid === null ? [] : (processIdentity(pid) ?? [])));
    return holdersText(await findHolders(join(this.#deps.sessionDir, `${id}.session`), { known }));
  }

  #find(id: WorkerId): Entry {
    const known = this.#workers.get(id);
    if (known) return known;
    const { host, program, db, clock, rules, limits, logDir } = this.#deps;
    const log = new LogSink(join(logDir, `${id}.log`));
    const hooks = {
      status: (status: WorkerStatus, previous: WorkerState, changed: boolean) => this.#onStatus(status, previous, changed),
      exited: (exit: WorkerExit, fault: Fault, decision: RestartDecision) => this.#onExited(id, exit, fault, decision),
    };
    const entry = { worker: new ManagedWorker({ id, host, program, db, log, clock, rules, limits, hooks }), log };
    this.#workers.set(id, entry);
    return entry;
  }

  #onStatus(status: WorkerStatus, previous: WorkerState, changed: boolean): void {
    this.#deps.writeStatus(status);
    if (!changed) return;
    this.#deps.log.info({ worker: status.worker, state: status.state, previous, cause: status.fault?.code }, "worker state");
    this.#tell({ kind: "worker.state", worker: status.worker, previous, status });
  }

  #onExited(worker: WorkerId, exit: WorkerExit, fault: Fault, decision: RestartDecision): void {
    this.#deps.log.warn(
      { worker, pid: exit.pid, exitCode: exit.exitCode, signal: exit.signal, class: fault.class, decision: decision.kind },
      "worker ended unasked",
    );
    const { pid, exitCode, signal, firstErrorLine } = exit;
    this.#tell({
      kind: "worker.exited",
      worker,
      exit: { pid, exitCode, signal, firstErrorLine, uptimeMs: Math.round(exit.uptimeMs), fault, decision },
    });
  }

  #tell(body: Body<FleetEvent>): void {
    const { newId, clock, host, publish } = this.#deps;
    publish({ v: 1, id: newId(), at: clock.now(), host, ...body } as FleetEvent);
  }
}

function outcomeOf(result: StartResult): CommandOutcome {
  if (result.kind === "ready") return { kind: "done" };
  return { kind: "failed", code: result.fault.code, message: result.fault.message };
}

import { join } from "node:path";
import {
  ERROR_TABLE,
  type ExitReport,
  type FleetEvent,
  type RestartRules,
  type SupervisorToWorker,
  stateIcon,
  type WorkerStatus,
} from "@flotilla/contracts";
import { type Clock, type HostId, sleep, type WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { withOwnRules } from "../policy/own-rules.ts";
import type { HostDb } from "../record/host-db.ts";
import { LogSink } from "../worker/log-sink.ts";
import { ManagedWorker } from "../worker/managed-worker.ts";
import type {
  ManagedWorkerHooks,
  StateSince,
  WorkerLimits,
} from "../worker/managed-worker-deps.ts";
import { StartWindow } from "../worker/start-window.ts";
import type { WorkerExit, WorkerProgram } from "../worker/worker-process.ts";
import { HostNetwork } from "./host-network.ts";
import type { SessionService } from "./session-service.ts";
import { endStaleProcesses } from "./stale-processes.ts";

/** Settings of a {@link Fleet} that never change. */
export interface FleetSettings {
  readonly host: HostId;
  readonly program: WorkerProgram;
  readonly rules: RestartRules;
  readonly limits: WorkerLimits;
  /**
   * Milliseconds between two starts when this host starts: spreads the logins. 0 starts all at
   * once.
   */
  readonly spacingMs: number;
  readonly dataDir: string;
  /** Folder for the workers' logs. */
  readonly logDir: string;
}

export interface FleetDeps extends FleetSettings {
  readonly db: HostDb;
  readonly sessions: SessionService;
  readonly clock: Clock;
  readonly log: Logger;
  readonly publish: (event: FleetEvent) => void;
  readonly writeStatus: (status: WorkerStatus) => void;
  readonly removeStatus: (worker: WorkerId) => void;
  readonly newId: () => string;
  /** Sorts the workers to start. Absent: creation order. */
  readonly order?: (workers: readonly WorkerId[]) => Promise<readonly WorkerId[]>;
}

export interface Entry {
  readonly worker: ManagedWorker;
  readonly log: LogSink;
}

/** Least time between two workers that reconnect when the network is back. */
const SPACING_MS = 500;
/** Longest wait for a worker to be ready before the next one starts. */
const READY_MS = 10_000;

/** A fleet event without the fields that {@link Fleet.tell} adds. */
export type Body<E> = E extends FleetEvent ? Omit<E, "v" | "id" | "at" | "host"> : never;

/** All workers of this host: starts the ones that are desired, publishes their events. */
export class Fleet {
  readonly #deps: FleetDeps;
  readonly #stopping = new AbortController();
  readonly #workers = new Map<WorkerId, Entry>();
  readonly #network: HostNetwork;
  readonly #window = new StartWindow();

  constructor(deps: FleetDeps) {
    this.#deps = deps;
    const say = (id: WorkerId, message: SupervisorToWorker): void =>
      this.#workers.get(id)?.worker.say(message);
    const spacingMs = Math.max(SPACING_MS, deps.spacingMs);
    this.#network = new HostNetwork({
      spacingMs,
      log: deps.log,
      say,
      changed: () => this.refreshStatuses(),
    });
  }

  /** Ends worker processes that an earlier supervisor left running. Call before any start. */
  async cleanUp(): Promise<void> {
    const stale = await endStaleProcesses(this.#deps.db, this.#deps.dataDir);
    if (stale.length > 0)
      this.#deps.log.warn(
        { workers: stale },
        "⚠️ ended processes that an earlier supervisor left behind",
      );
  }

  /**
   * Starts every worker whose desired state is "running", relay senders before their readers,
   * otherwise in creation order. The next one starts when the last one is ready, has ended or
   * took 10 s.
   */
  async startDesired(): Promise<void> {
    const wanted = this.#deps.db.workers();
    for (const { id, desired } of wanted) {
      const { worker } = this.find(id);
      if (desired === "maintenance") await worker.stop("MAINTENANCE");
    }
    const running = wanted.filter(({ desired }) => desired === "running").map(({ id }) => id);
    for (const id of running) this.find(id).worker.expectStart();
    this.tell({ kind: "host.started", workers: this.statuses() });
    await this.bringUp(running);
  }

  /** Starts workers as {@link startDesired} does. */
  async bringUp(ids: readonly WorkerId[]): Promise<void> {
    for (const id of ids) this.find(id).worker.expectStart();
    this.refreshStatuses();
    await this.#startInOrder((await this.#deps.order?.(ids)) ?? ids);
  }

  async #startInOrder(ids: readonly WorkerId[]): Promise<void> {
    const { spacingMs } = this.#deps;
    const stopping = this.#stopping.signal;
    if (spacingMs === 0)
      return void (await Promise.all(
        ids.filter((id) => this.#isWanted(id)).map((id) => this.find(id).worker.start()),
      ));
    for (const [index, id] of ids.entries()) {
      if (index > 0) await sleep(spacingMs, stopping).catch(() => {});
      if (stopping.aborted) return;
      // Until its turn it may have been stopped, or another host may have it.
      if (!this.#isWanted(id)) continue;
      const started = this.find(id).worker.start();
      await Promise.race([started, sleep(READY_MS, stopping).catch(() => {})]);
    }
  }

  #isWanted(id: WorkerId): boolean {
    return this.#deps.db.workers().some((row) => row.id === id && row.desired === "running");
  }

  /** Aborted when this host ends. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  statuses(): WorkerStatus[] {
    return [...this.#workers.values()].map(({ worker }) => this.#seen(worker.status()));
  }

  /** Adds what only the host knows: which worker probes the network for this one. */
  #seen(status: WorkerStatus): WorkerStatus {
    const prober = this.#network.proberFor(status.worker);
    return prober === null ? status : { ...status, prober };
  }

  /** Writes the status of every worker again. */
  refreshStatuses(): void {
    for (const status of this.statuses()) this.#deps.writeStatus(status);
  }

  /** Ends all workers in parallel. Their desired state stays: the next supervisor starts them. */
  async stopAll(): Promise<void> {
    this.#stopping.abort();
    this.#network.close();
    await Promise.all([...this.#workers.values()].map(({ worker }) => worker.stop()));
    for (const { log } of this.#workers.values()) log.close();
  }

  /** SIGKILL to every worker process that is ending. */
  hurry(): void {
    for (const { worker } of this.#workers.values()) worker.hurry();
  }

  /** Drops a stopped worker and removes its status. */
  forget(id: WorkerId): void {
    this.#workers.get(id)?.log.close();
    this.#workers.delete(id);
    this.#network.forget(id);
    this.#deps.removeStatus(id);
  }

  has(id: WorkerId): boolean {
    return this.#workers.has(id) || this.#deps.db.workers().some((worker) => worker.id === id);
  }

  /** The worker of that name; created when this host does not have it. */
  find(id: WorkerId): Entry {
    const known = this.#workers.get(id);
    if (known) return known;
    const { host, program, db, clock, limits, logDir, sessions } = this.#deps;
    const log = new LogSink(join(logDir, `${id}.log`));
    const hooks = {
      status: (...told) => this.#safely(() => this.#onStatus(...told)),
      exited: (exit, fault, decision, phase) =>
        this.#safely(() => this.#onExited(id, exit, { fault, decision, phase })),
      refused: (event) =>
        this.#deps.log.error(
          { worker: id, state: event.state, event: event.event },
          "impossible event",
        ),
    } satisfies ManagedWorkerHooks;
    const rules = (): RestartRules => withOwnRules(this.#deps.rules, db.ownRules(id));
    const session = sessions.factsOf(id);
    const entry = {
      worker: new ManagedWorker({
        id,
        host,
        program,
        db,
        log,
        clock,
        rules,
        limits,
        session,
        hooks,
        window: this.#window,
      }),
      log,
    };
    this.#workers.set(id, entry);
    return entry;
  }

  /** A report that fails must not end the supervision of processes. */
  #safely(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#deps.log.error({ err: error }, "a report of a worker failed");
    }
  }

  #onStatus(
    status: WorkerStatus,
    { state: previous, since: previousSince }: StateSince,
    changed: boolean,
    cause: string,
  ): void {
    this.#network.look(status);
    this.#deps.writeStatus(this.#seen(status));
    if (!changed) return;
    this.#deps.log.info(
      { worker: status.worker, state: status.state, previous, cause },
      `${stateIcon(status.state)} worker state`,
    );
    this.tell({
      kind: "worker.state",
      worker: status.worker,
      previous,
      previousSince,
      status,
      cause,
    });
  }

  #onExited(
    worker: WorkerId,
    exit: WorkerExit,
    judged: Pick<ExitReport, "fault" | "decision" | "phase">,
  ): void {
    const { pid, exitCode, signal, firstErrorLine } = exit;
    const { fault, decision, phase } = judged;
    this.#deps.log.warn(
      {
        worker,
        pid,
        exitCode,
        signal,
        class: fault.class,
        code: fault.code,
        phase,
        decision: decision.kind,
      },
      `${ERROR_TABLE[fault.class].icon} worker ended unasked`,
    );
    const uptimeMs = Math.round(exit.uptimeMs);
    this.tell({
      kind: "worker.exited",
      worker,
      exit: { pid, exitCode, signal, firstErrorLine, uptimeMs, ...judged },
    });
  }

  /** Publishes an event with the host, a new id and the time. */
  tell(body: Body<FleetEvent>): void {
    const { newId, clock, host, publish } = this.#deps;
    publish({ v: 1, id: newId(), at: clock.now(), host, ...body } as FleetEvent);
  }
}

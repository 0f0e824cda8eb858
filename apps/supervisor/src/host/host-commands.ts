import type { CommandOutcome, HostCommand } from "@flotilla/contracts";
import type { Clock, WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import type { Entry, Fleet } from "../fleet/fleet.ts";
import { attempt, type SessionService } from "../fleet/session-service.ts";
import type { HostDb } from "../record/host-db.ts";
import type { StartResult } from "../worker/managed-worker-deps.ts";
import { type BulkCommand, type BulkProgress, carryOutBulk } from "./bulk.ts";
import type { Mover } from "./mover.ts";
import type { OwnProgram } from "./own-program.ts";
import type { RecordRescue } from "./record-rescue.ts";
import type { Of, WorkerRequest } from "./worker-request.ts";

export interface HostCommandDeps {
  readonly fleet: Fleet;
  readonly db: HostDb;
  readonly clock: Clock;
  readonly log: Logger;
  readonly sessions: SessionService;
  readonly doctor: () => Promise<CommandOutcome>;
  readonly mover: Mover;
  /** No other host takes the worker over any more. Throws AppError `redis-away`. */
  readonly dropStandby: (worker: WorkerId) => Promise<void>;
  readonly program: Pick<OwnProgram, "startAgain">;
  /** Begins an archive of this host; false = one is being made. */
  readonly beginArchive: () => boolean;
  readonly record: Pick<RecordRescue, "look" | "take" | "leave">;
}

/** Commands that only read: their outcome is not kept, and a redelivered job reads again. */
const LOOKS = ["log", "who", "backups", "doctor", "record.look"] as const;
type Look = (typeof LOOKS)[number];

/** The archive that is being made is as good as another one. */
const ARCHIVE_RUNS: CommandOutcome = { kind: "done", text: "An archive is being made already." };

/** Carries out commands for this host: each at most once, each with one outcome (invariant 10). */
export class HostCommands {
  readonly #deps: HostCommandDeps;
  readonly #inHand = new Map<string, Promise<void>>();
  /** Bulk commands under way, by id. */
  readonly #bulks = new Map<string, AbortController>();

  constructor(deps: HostCommandDeps) {
    this.#deps = deps;
  }

  /**
   * Carries out one command and publishes its outcome. Never throws. A redelivered command is
   * answered with the outcome of the first delivery.
   */
  async carryOut(command: HostCommand): Promise<void> {
    const running = this.#inHand.get(command.id) ?? this.#carryOutOnce(command);
    this.#inHand.set(command.id, running);
    await running.finally(() => this.#inHand.delete(command.id));
  }

  /**
   * Publishes a failed outcome for a command without retries left, such as one that crashes the
   * host.
   */
  giveUp(command: HostCommand, error: Error): void {
    this.#deps.log.error({ command: command.kind, id: command.id, err: error }, "command given up");
    const failure = {
      code: "given-up",
      message: "The host could not carry this out: it was tried three times.",
    };
    if (command.kind === "bulk") {
      const failed = command.workers.map((worker) => ({ worker, ...failure }));
      this.#bulkOver(command, "done", failed);
    } else if (command.kind !== "bulk.cancel" && command.kind !== "start-again")
      this.#done(command, { kind: "failed", ...failure });
  }

  async #carryOutOnce(command: HostCommand): Promise<void> {
    const { clock, log, db } = this.#deps;
    const expired = clock.now() > command.deadlineAt;
    if (command.kind === "bulk") return await this.#bulk(command, expired);
    if (command.kind === "bulk.cancel") return this.#bulks.get(command.bulk)?.abort();
    if (command.kind === "start-again") return this.#startAgain(command, expired);
    const before = db.outcomeOf(command.id);
    const outcome: CommandOutcome =
      before ?? (expired ? { kind: "expired" } : await this.#perform(command, command.id));
    log.info(
      {
        command: command.kind,
        worker: command.worker,
        by: command.askedBy.id,
        outcome: outcome.kind,
      },
      "command done",
    );
    if (!LOOKS.some((kind) => kind === command.kind))
      db.keepOutcome(command.id, outcome, clock.now());
    this.#done(command, outcome);
  }

  /** A job that comes once more finds another run: it ends nothing. */
  #startAgain({ run, askedBy }: Of<"start-again">, expired: boolean): void {
    const isTaken = !expired && this.#deps.program.startAgain(run);
    this.#deps.log.info(
      { command: "start-again", by: askedBy.id, expired, isTaken },
      "command done",
    );
  }

  #done(
    command: Exclude<HostCommand, { kind: "bulk" | "bulk.cancel" | "start-again" }>,
    outcome: CommandOutcome,
  ): void {
    this.#deps.fleet.tell({
      kind: "command.done",
      worker: command.worker,
      command: command.id,
      outcome,
    });
  }

  async #bulk(command: BulkCommand, expired: boolean): Promise<void> {
    const { id, action, workers, canary, askedBy } = command;
    this.#deps.log.info(
      { command: "bulk", action, workers: workers.length, canary, by: askedBy.id, expired },
      "bulk command",
    );
    if (expired) return this.#bulkOver(command, "expired", []);
    const cancelled = new AbortController();
    this.#bulks.set(id, cancelled);
    await carryOutBulk(command, {
      // The outcome of each worker is kept separately: a redelivered bulk resumes where it stopped.
      perform: (verb, worker) => this.#part(`${id}.${worker}`, { kind: verb, worker }),
      tell: (progress) => this.#deps.fleet.tell(progress),
      stopping: AbortSignal.any([this.#deps.fleet.stopping, cancelled.signal]),
    }).finally(() => this.#bulks.delete(id));
  }

  #bulkOver(
    { id, action, workers }: BulkCommand,
    phase: "done" | "expired",
    failed: BulkProgress["failed"],
  ): void {
    const where = { action, phase, total: workers.length, done: [], failed, current: null };
    this.#deps.fleet.tell({ kind: "bulk.progress", command: id, ...where });
  }

  async #part(id: string, request: WorkerRequest): Promise<CommandOutcome> {
    const { db, clock } = this.#deps;
    const before = db.outcomeOf(id);
    if (before) return before;
    const outcome = await this.#perform(request, id);
    if (!this.#deps.fleet.stopping.aborted) db.keepOutcome(id, outcome, clock.now());
    return outcome;
  }

  async #perform(command: WorkerRequest, id: string): Promise<CommandOutcome> {
    const { log, fleet, sessions } = this.#deps;
    const { worker, kind } = command;
    // A wrong name must leave no row, no log and no process. Only a start creates a worker.
    const isNew = kind === "start" || kind === "move.unpack" || isOfRecord(command);
    if (!isNew && !fleet.has(worker) && !sessions.has(worker)) {
      if (kind === "move.clear" || kind === "move.drop") return { kind: "done" };
      if (kind !== "forget") return unknown(worker);
      fleet.forget(worker);
      return { kind: "done" };
    }
    try {
      if (isOfRecord(command)) return await this.#ofRecord(command, id);
      return await this.#carryOut(command, fleet.find(worker));
    } catch (error) {
      log.error({ err: error, worker: command.worker }, "command failed");
      return {
        kind: "failed",
        code: "host-error",
        message: error instanceof Error ? error.message.slice(0, 400) : "unknown error",
      };
    }
  }

  /** A host without its record may not know the worker of the command. */
  async #ofRecord(command: RecordRequest, id: string): Promise<CommandOutcome> {
    const { record } = this.#deps;
    switch (command.kind) {
      case "record.look":
        return await record.look();
      case "record.take":
        return await record.take(command.at, id);
      case "record.leave":
        return record.leave();
      default:
        return command satisfies never;
    }
  }

  async #carryOut(
    command: Exclude<WorkerRequest, RecordRequest>,
    entry: Entry,
  ): Promise<CommandOutcome> {
    const { db, clock, sessions } = this.#deps;
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
      case "forget":
        await entry.worker.stop();
        await this.#deps.dropStandby(id);
        db.remove(id);
        this.#deps.fleet.forget(id);
        return { kind: "done" };
      case "remove-session":
        db.setDesired(id, "stopped", clock.now());
        await entry.worker.stop();
        await this.#deps.dropStandby(id);
        return await entry.worker.whileDown(() => attempt(() => sessions.remove(id)));
      case "who":
      case "backups":
      case "doctor":
      case "log":
        return await this.#look(command, entry);
      case "rules":
        return this.#keepRules(command);
      case "retry":
        return outcomeOf(await entry.worker.retry());
      case "stop-holder":
        return await this.#stopHolder(command, entry);
      case "backup":
        return await entry.worker.whileDown(() => attempt(() => sessions.backup(id)));
      case "copy":
        return await entry.worker.whileDown(() => attempt(() => sessions.copyChanged(id)));
      case "archive":
        return this.#deps.beginArchive() ? { kind: "done" } : ARCHIVE_RUNS;
      case "move.pack":
      case "move.unpack":
      case "move.clear":
      case "move.drop":
        return await this.#deps.mover.carryOut(command, entry);
      case "restore":
        return await this.#restore(command, entry);
      default:
        return kind satisfies never;
    }
  }

  async #look(
    command: Extract<WorkerRequest, { kind: Exclude<Look, "record.look"> }>,
    entry: Entry,
  ): Promise<CommandOutcome> {
    const { sessions, doctor } = this.#deps;
    const { worker: id } = command;
    switch (command.kind) {
      case "who":
        return await sessions.who(id);
      case "backups":
        return { kind: "backups", copies: sessions.copies(id) };
      case "doctor":
        return await doctor();
      case "log":
        return { kind: "log", lines: entry.log.tail(command.lines) };
      default:
        return command satisfies never;
    }
  }

  /** Retries the worker at once. Stops a holder that is another worker of this host for good. */
  async #stopHolder(
    { worker: id, pid }: Pick<Of<"stop-holder">, "worker" | "pid">,
    entry: Entry,
  ): Promise<CommandOutcome> {
    const { db, clock, sessions, fleet } = this.#deps;
    const outcome = await sessions.stopHolder(id, pid, async (held) => {
      const other = fleet.statuses().find((status) => status.pid === held);
      if (!other) return false;
      db.setDesired(other.worker, "stopped", clock.now());
      await fleet.find(other.worker).worker.stop();
      return true;
    });
    if (outcome.kind === "done") void entry.worker.retry();
    return outcome;
  }

  #keepRules({ worker, rules }: Pick<Of<"rules">, "worker" | "rules">): CommandOutcome {
    const { db, clock, fleet } = this.#deps;
    db.keepOwnRules(worker, rules, clock.now());
    fleet.refreshStatuses();
    return { kind: "done" };
  }

  async #restore(
    { worker: id, copy }: Pick<Of<"restore">, "worker" | "copy">,
    entry: Entry,
  ): Promise<CommandOutcome> {
    const { db, sessions } = this.#deps;
    const outcome = await entry.worker.whileDown(() => attempt(() => sessions.restore(id, copy)));
    const wanted = db.workers().find((worker) => worker.id === id)?.desired === "running";
    if (outcome.kind === "done" && wanted) void entry.worker.start();
    return outcome;
  }
}

type RecordRequest = Extract<WorkerRequest, { kind: `record.${string}` }>;

function isOfRecord(command: WorkerRequest): command is RecordRequest {
  return command.kind.startsWith("record.");
}

function unknown(worker: WorkerId): CommandOutcome {
  return {
    kind: "failed",
    code: "no-such-worker",
    message: `This host knows no worker "${worker}". Press ▶️ Start to have it here.`,
  };
}

function outcomeOf(result: StartResult): CommandOutcome {
  if (result.kind === "ready") return { kind: "done" };
  return { kind: "failed", code: result.fault.code, message: result.fault.message };
}

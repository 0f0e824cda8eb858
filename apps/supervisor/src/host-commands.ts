import { join } from "node:path";
import type { CommandOutcome, HostCommand } from "@flotilla/contracts";
import type { Clock, WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { findHolders, processIdentity } from "@flotilla/sqlite";
import { type BulkCommand, type BulkProgress, carryOutBulk } from "./bulk.ts";
import type { Entry, Fleet } from "./fleet.ts";
import { holdersText } from "./holders-text.ts";
import type { HostDb } from "./host-db.ts";
import type { StartResult } from "./managed-worker.ts";

/** Parts of {@link HostCommands}. */
export interface HostCommandDeps {
  readonly fleet: Fleet;
  readonly db: HostDb;
  readonly clock: Clock;
  readonly log: Logger;
  readonly sessionDir: string;
}

/** What is to be done to one worker, whoever asked and when. */
type Wish =
  | Pick<Exclude<HostCommand, { kind: "bulk" | "log" }>, "kind" | "worker">
  | Pick<LogCommand, "kind" | "worker" | "lines">;
type LogCommand = Extract<HostCommand, { kind: "log" }>;

/** Carries out what admins ask of this host: each command once, and each with an answer (invariant 10). */
export class HostCommands {
  readonly #deps: HostCommandDeps;
  readonly #inHand = new Map<string, Promise<void>>();

  constructor(deps: HostCommandDeps) {
    this.#deps = deps;
  }

  /**
   * Carries out one command and publishes its outcome. Never throws. The same command again, because its job came a second
   * time, is answered with the outcome that it had, or will have.
   */
  async carryOut(command: HostCommand): Promise<void> {
    const running = this.#inHand.get(command.id) ?? this.#carryOutOnce(command);
    this.#inHand.set(command.id, running);
    await running.finally(() => this.#inHand.delete(command.id));
  }

  /** A command that cannot be carried out, such as one that took this process down with it each time: says so. */
  giveUp(command: HostCommand, error: Error): void {
    this.#deps.log.error({ command: command.kind, id: command.id, err: error }, "command given up");
    const failure = { code: "given-up", message: "The host could not carry this out: it was tried three times." };
    if (command.kind === "bulk") {
      const failed = command.workers.map((worker) => ({ worker, ...failure }));
      this.#bulkOver(command, "done", failed);
    } else this.#done(command, { kind: "failed", ...failure });
  }

  async #carryOutOnce(command: HostCommand): Promise<void> {
    const { clock, log, db } = this.#deps;
    const expired = clock.now() > command.deadlineAt;
    if (command.kind === "bulk") return await this.#bulk(command, expired);
    const before = db.outcomeOf(command.id);
    const outcome: CommandOutcome = before ?? (expired ? { kind: "expired" } : await this.#perform(command));
    log.info({ command: command.kind, worker: command.worker, by: command.askedBy.id, outcome: outcome.kind }, "command done");
    if (command.kind !== "log" && command.kind !== "who") db.keepOutcome(command.id, outcome, clock.now());
    this.#done(command, outcome);
  }

  #done(command: Exclude<HostCommand, { kind: "bulk" }>, outcome: CommandOutcome): void {
    this.#deps.fleet.tell({ kind: "command.done", worker: command.worker, command: command.id, outcome });
  }

  async #bulk(command: BulkCommand, expired: boolean): Promise<void> {
    const { id, action, workers, canary, askedBy } = command;
    this.#deps.log.info({ command: "bulk", action, workers: workers.length, canary, by: askedBy.id, expired }, "bulk command");
    if (expired) return this.#bulkOver(command, "expired", []);
    await carryOutBulk(command, {
      // Each worker's part is kept by itself: a bulk that comes again goes on where it was.
      perform: (verb, worker) => this.#part(`${id}.${worker}`, { kind: verb, worker }),
      tell: (progress) => this.#deps.fleet.tell(progress),
      stopping: this.#deps.fleet.stopping,
    });
  }

  #bulkOver({ id, action, workers }: BulkCommand, phase: "done" | "expired", failed: BulkProgress["failed"]): void {
    const where = { action, phase, total: workers.length, done: [], failed, current: null };
    this.#deps.fleet.tell({ kind: "bulk.progress", command: id, ...where });
  }

  async #part(id: string, wish: Wish): Promise<CommandOutcome> {
    const { db, clock } = this.#deps;
    const before = db.outcomeOf(id);
    if (before) return before;
    const outcome = await this.#perform(wish);
    if (!this.#deps.fleet.stopping.aborted) db.keepOutcome(id, outcome, clock.now());
    return outcome;
  }

  async #perform(command: Wish): Promise<CommandOutcome> {
    const { log } = this.#deps;
    try {
      return await this.#carryOut(command, this.#deps.fleet.find(command.worker));
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
    const known = this.#deps.fleet.statuses().flatMap(({ pid }) => (pid === null ? [] : (processIdentity(pid) ?? [])));
    return holdersText(await findHolders(join(this.#deps.sessionDir, `${id}.session`), { known }));
  }
}

function outcomeOf(result: StartResult): CommandOutcome {
  if (result.kind === "ready") return { kind: "done" };
  return { kind: "failed", code: result.fault.code, message: result.fault.message };
}

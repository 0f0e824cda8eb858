import type {
  CommandOutcome,
  LinkStatus,
  OwnRules,
  PastExit,
  RecordGain,
  RecordLoss,
} from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { type ProcessIdentity, processIdentity } from "@flotilla/os";
import type { KeptEvents } from "@flotilla/queue";
import { gainOf, merged } from "./loss.ts";
import { RecordFile, type RecordTrouble } from "./record-file.ts";
import type { Child, Desired, HostMemory, KeptExit } from "./rows.ts";

export type { Child, Desired } from "./rows.ts";

/** Exits kept per worker, more than any rule counts. No age limit: a clock may be wrong. */
const KEPT_EXITS = 200;
/** Outcomes kept for redelivered commands; a job is not redelivered after this many others. */
const KEPT_OUTCOMES = 5000;

/**
 * The workers of this host, their exits and command outcomes: kept in memory and written to
 * `host.db`. Writes never throw, so that a full disk stops no process; `trouble` reports it. Held
 * exclusively: a second supervisor cannot open it.
 */
export class HostDb {
  readonly #file: RecordFile;
  readonly #memory: HostMemory;
  #tookKnown = false;

  /** Throws AppError `sqlite-locked` when another supervisor runs here; see {@link RecordFile}. */
  constructor(path: string) {
    this.#file = new RecordFile(path);
    this.#memory = this.#file.memory;
  }

  /** True when the file never had a worker at opening: it is new or was lost. */
  get isNew(): boolean {
    return this.#file.isNew;
  }

  get path(): string {
    return this.#file.path;
  }

  /** The current problem of the file, or null. */
  trouble(): RecordTrouble | null {
    return this.#file.trouble();
  }

  /** Calls `listen` when a file that failed to open opens later; its workers are then known. */
  whenFound(listen: () => void): void {
    this.#file.whenFound(listen);
  }

  /** Whether the path still leads to the open file. */
  stillThere(): "ok" | "deleted" | "replaced" {
    return this.#file.stillThere();
  }

  /** Copies the whole database into a new file. Throws AppError `sqlite-*`. */
  rescueTo(target: string): void {
    this.#file.rescueTo(target);
  }

  /** Workers in creation order. */
  workers(): { id: WorkerId; desired: Desired }[] {
    return [...this.#memory.workers]
      .toSorted(([a, one], [b, other]) => one.addedAt - other.addedAt || (a < b ? -1 : 1))
      .map(([id, { desired }]) => ({ id, desired }));
  }

  /** Sets the desired state; adds a new worker. `now`: milliseconds since the epoch. */
  setDesired(id: WorkerId, desired: Desired, now: number): void {
    this.#memory.workers.set(id, {
      desired,
      addedAt: this.#memory.workers.get(id)?.addedAt ?? now,
    });
    this.#file.changed({ of: "worker", id });
  }

  /** The loss of the record before this one, until it was decided about; null = there is none. */
  loss(): RecordLoss | null {
    return this.#memory.loss;
  }

  /** Whether this process found the loss. */
  get isLossFresh(): boolean {
    return this.#tookKnown || this.#file.wasDamaged;
  }

  /**
   * Adds workers that run only because the record was lost, with the desired state "running".
   * `now`: milliseconds since the epoch.
   */
  takeKnown(ids: readonly WorkerId[], now: number): void {
    this.#tookKnown = true;
    const { workers, loss } = this.#memory;
    const detail = this.path;
    const begun = loss ?? { kind: "record-missing", at: now, detail, started: [], changed: [] };
    for (const [index, id] of ids.entries())
      workers.set(id, { desired: "running", addedAt: now + index });
    this.#memory.loss = { ...begun, started: [...ids] };
    this.#file.kept(...ids.map((id) => ({ of: "worker", id }) as const), {
      of: "loss",
      id: "loss",
    });
  }

  /**
   * What an earlier record would bring to this one. `idle`: sessions without a worker, which it may
   * bring back.
   */
  gainFrom(found: HostMemory, idle: readonly string[]): RecordGain {
    return gainOf(this.#memory, merged(this.#memory, found, idle));
  }

  /** Takes over what {@link gainFrom} says, in one transaction; the loss is over then. */
  takeOver(found: HostMemory, idle: readonly string[]): RecordGain {
    const memory = this.#memory;
    const next = merged(memory, found, idle);
    const gain = gainOf(memory, next);
    const { workers, exits, rules, stats, outcomes } = next;
    for (const [id, row] of workers) memory.workers.set(id, row);
    for (const [id, row] of exits) memory.exits.set(id, row.slice(-KEPT_EXITS));
    for (const [id, row] of rules) memory.rules.set(id, row);
    for (const [id, row] of stats) memory.stats.set(id, row);
    memory.outcomes.clear();
    for (const [id, row] of [...outcomes].slice(-KEPT_OUTCOMES)) memory.outcomes.set(id, row);
    memory.fleet = next.fleet;
    memory.loss = null;
    this.#file.kept(
      ...[...workers.keys()].flatMap(
        (id) =>
          [
            { of: "worker", id },
            { of: "exits", id, adds: false },
            { of: "rules", id },
            { of: "stats", id },
          ] as const,
      ),
      ...[...outcomes.keys()].map((id) => ({ of: "outcome", id }) as const),
      { of: "fleet", id: "fleet" },
      { of: "loss", id: "loss" },
    );
    return gain;
  }

  /** The record stays as it is; the loss is over. */
  endLoss(): void {
    this.#memory.loss = null;
    this.#file.kept({ of: "loss", id: "loss" });
  }

  /** Writes all changes that `work` makes in one transaction. */
  together(work: () => void): void {
    this.#file.together(work);
  }

  /** Removes a worker with its exits, rules and statistics. */
  remove(id: WorkerId): void {
    const { workers, exits, rules, stats } = this.#memory;
    for (const map of [workers, exits, rules, stats]) map.delete(id);
    this.#file.changed(
      { of: "worker", id },
      { of: "exits", id, adds: false },
      { of: "rules", id },
      { of: "stats", id },
    );
  }

  /** Records an unrequested exit. */
  recordExit(id: WorkerId, exit: KeptExit): void {
    this.#memory.exits.set(id, [...(this.#memory.exits.get(id) ?? []), exit].slice(-KEPT_EXITS));
    this.#file.changed({ of: "exits", id, adds: true });
  }

  /** Past exits, oldest first. */
  history(id: WorkerId): PastExit[] {
    return [...(this.#memory.exits.get(id) ?? [])];
  }

  /** Resets the crash count, when an admin presses Restart or Start. */
  forgetExits(id: WorkerId): void {
    this.#memory.exits.delete(id);
    this.#file.changed({ of: "exits", id, adds: false });
  }

  /** The worker's overrides of the restart rules. */
  ownRules(id: WorkerId): OwnRules {
    return this.#memory.rules.get(id) ?? {};
  }

  /** Sets the worker's overrides; adds the worker as stopped when it is new. */
  keepOwnRules(id: WorkerId, rules: OwnRules, now: number): void {
    if (!this.#memory.workers.has(id)) this.setDesired(id, "stopped", now);
    this.#memory.rules.set(id, rules);
    this.#file.changed({ of: "rules", id });
  }

  /** Statistics of the account over all runs, or null. */
  stats(id: WorkerId): LinkStatus | null {
    return this.#memory.stats.get(id) ?? null;
  }

  keepStats(id: WorkerId, link: LinkStatus): void {
    this.#memory.stats.set(id, link);
    this.#file.changed({ of: "stats", id });
  }

  /** Records a started process with its identity, so that the next supervisor can recognise it. */
  addChild(
    worker: WorkerId,
    identity: ProcessIdentity,
    supervisor = processIdentity(process.pid),
  ): void {
    this.#memory.children.set(identity.pid, {
      ...identity,
      worker,
      supervisor: supervisor ?? null,
    });
    this.#file.changed({ of: "child", id: identity.pid });
  }

  /** Call when the kernel reported the exit. */
  removeChild(pid: number): void {
    this.#memory.children.delete(pid);
    this.#file.changed({ of: "child", id: pid });
  }

  /** Processes without a reported exit. */
  children(): Child[] {
    return [...this.#memory.children.values()];
  }

  /** The outcome of a command that this host carried out, or null. */
  outcomeOf(command: string): CommandOutcome | null {
    return this.#memory.outcomes.get(command)?.outcome ?? null;
  }

  /** Keeps the outcome of a command: a redelivered job is answered with it. */
  keepOutcome(command: string, outcome: CommandOutcome, now: number): void {
    const { outcomes } = this.#memory;
    outcomes.set(command, { at: now, outcome });
    const old = [...outcomes.keys()].slice(0, Math.max(0, outcomes.size - KEPT_OUTCOMES));
    for (const id of old) outcomes.delete(id);
    this.#file.changed(...[command, ...old].map((id) => ({ of: "outcome" as const, id })));
  }

  /** The outbox of events that Redis does not have yet. */
  keptEvents(): KeptEvents {
    const { events } = this.#memory;
    const changed = (ids: Iterable<string>): void =>
      this.#file.changed(...[...ids].map((id) => ({ of: "event" as const, id })));
    return {
      all: () => [...events.values()],
      add: (event) => {
        events.set(event.id, event);
        changed([event.id]);
      },
      remove: ({ id }) => {
        if (events.delete(id)) changed([id]);
      },
      replace: (all) => {
        const before = [...events.keys()];
        events.clear();
        for (const event of all) events.set(event.id, event);
        changed(new Set([...before, ...events.keys()]));
      },
    };
  }

  /** The fleet of this host and its name there, or null. Stored as JSON; the reader parses it. */
  fleet(): unknown {
    return this.#memory.fleet;
  }

  keepFleet(fleet: object): void {
    this.#memory.fleet = fleet;
    this.#file.changed({ of: "fleet", id: "fleet" });
  }

  close(): void {
    this.#file.close();
  }
}

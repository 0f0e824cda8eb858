import type { CommandOutcome, LinkStatus, OwnRules, PastExit } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { type ProcessIdentity, processIdentity } from "@flotilla/os";
import type { KeptEvents } from "@flotilla/queue";
import { RecordFile, type RecordTrouble } from "./record-file.ts";
import type { Child, Desired, HostMemory, KeptExit } from "./rows.ts";

export type { Child, Desired } from "./rows.ts";

/** More than any rule counts. Kept by number and not by age: a clock that was wrong once must not make them vanish. */
const KEPT_EXITS = 200;
/** A job does not come again after so many others. */
const KEPT_OUTCOMES = 5000;

/**
 * What this host runs, and how its workers ended: in memory, and written to `host.db` as long as that works. No write of it ever fails: a disk that is
 * full decides over no process (`trouble` tells). Held exclusively: a second supervisor cannot open it.
 */
export class HostDb {
  readonly #file: RecordFile;
  readonly #memory: HostMemory;

  /** Throws AppError `sqlite-locked` when another supervisor of this data folder runs, and what else {@link RecordFile} throws. */
  constructor(path: string) {
    this.#file = new RecordFile(path);
    this.#memory = this.#file.memory;
  }

  /** It held no worker when it was opened: it is new, or it was lost. */
  get isNew(): boolean {
    return this.#file.isNew;
  }

  /** Where it is written to. */
  get path(): string {
    return this.#file.path;
  }

  /** What is wrong with its file now, or null. */
  trouble(): RecordTrouble | null {
    return this.#file.trouble();
  }

  /** `listen` is called when a file that could not be opened at first could be: workers that it held are known from now on. */
  whenFound(listen: () => void): void {
    this.#file.whenFound(listen);
  }

  /** Whether the path still leads to its file. */
  stillThere(): "ok" | "deleted" | "replaced" {
    return this.#file.stillThere();
  }

  /** Writes all of it into a new file. Throws AppError `sqlite-*`. */
  rescueTo(target: string): void {
    this.#file.rescueTo(target);
  }

  /** Workers in the order in which they were added. */
  workers(): { id: WorkerId; desired: Desired }[] {
    return [...this.#memory.workers]
      .toSorted(([a, one], [b, other]) => one.addedAt - other.addedAt || (a < b ? -1 : 1))
      .map(([id, { desired }]) => ({ id, desired }));
  }

  /** Adds the worker when it is new. */
  setDesired(id: WorkerId, desired: Desired, now: number): void {
    this.#memory.workers.set(id, { desired, addedAt: this.#memory.workers.get(id)?.addedAt ?? now });
    this.#file.changed({ of: "worker", id });
  }

  /** Takes a worker off the list, with all that is known of it. */
  remove(id: WorkerId): void {
    const { workers, exits, rules, stats } = this.#memory;
    for (const map of [workers, exits, rules, stats]) map.delete(id);
    this.#file.changed({ of: "worker", id }, { of: "exits", id, adds: false }, { of: "rules", id }, { of: "stats", id });
  }

  /** Records an unexpected exit. */
  recordExit(id: WorkerId, exit: KeptExit): void {
    this.#memory.exits.set(id, [...(this.#memory.exits.get(id) ?? []), exit].slice(-KEPT_EXITS));
    this.#file.changed({ of: "exits", id, adds: true });
  }

  /** Past exits, in the order in which they were recorded. */
  history(id: WorkerId): PastExit[] {
    return [...(this.#memory.exits.get(id) ?? [])];
  }

  /** An admin pressed Restart or Start: the count begins anew. */
  forgetExits(id: WorkerId): void {
    this.#memory.exits.delete(id);
    this.#file.changed({ of: "exits", id, adds: false });
  }

  /** Restart rules that the worker has of its own. */
  ownRules(id: WorkerId): OwnRules {
    return this.#memory.rules.get(id) ?? {};
  }

  /** Keeps restart rules for a worker, which is added, stopped, when it is new. */
  keepOwnRules(id: WorkerId, rules: OwnRules, now: number): void {
    if (!this.#memory.workers.has(id)) this.setDesired(id, "stopped", now);
    this.#memory.rules.set(id, rules);
    this.#file.changed({ of: "rules", id });
  }

  /** What is known of an account over all runs, or null. */
  stats(id: WorkerId): LinkStatus | null {
    return this.#memory.stats.get(id) ?? null;
  }

  /** Keeps the statistics of an account. */
  keepStats(id: WorkerId, link: LinkStatus): void {
    this.#memory.stats.set(id, link);
    this.#file.changed({ of: "stats", id });
  }

  /** Writes down a process that was started here, so that the next supervisor can tell it from others with its pid. */
  addChild(worker: WorkerId, identity: ProcessIdentity, supervisor = processIdentity(process.pid)): void {
    this.#memory.children.set(identity.pid, { ...identity, worker, supervisor: supervisor ?? null });
    this.#file.changed({ of: "child", id: identity.pid });
  }

  /** The kernel reported its end. */
  removeChild(pid: number): void {
    this.#memory.children.delete(pid);
    this.#file.changed({ of: "child", id: pid });
  }

  /** Processes whose end was never reported. */
  children(): Child[] {
    return [...this.#memory.children.values()];
  }

  /** How a command ended that was carried out here, or null. */
  outcomeOf(command: string): CommandOutcome | null {
    return this.#memory.outcomes.get(command)?.outcome ?? null;
  }

  /** Keeps how a command ended: when its job comes again, it is answered and not done again. */
  keepOutcome(command: string, outcome: CommandOutcome, now: number): void {
    const { outcomes } = this.#memory;
    outcomes.set(command, { at: now, outcome });
    const old = [...outcomes.keys()].slice(0, Math.max(0, outcomes.size - KEPT_OUTCOMES));
    for (const id of old) outcomes.delete(id);
    this.#file.changed(...[command, ...old].map((id) => ({ of: "outcome" as const, id })));
  }

  /** Keeps events that Redis has not got yet. */
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

  /** The fleet of this host, or null. Stored as JSON; the reader parses it. */
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

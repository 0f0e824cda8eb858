import type { Copies, Copy } from "@flotilla/archive";
import type { CommandOutcome, RecordGain, RecordLoss } from "@flotilla/contracts";
import type { Clock, WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import type { Fleet } from "../fleet/fleet.ts";
import type { HostDb } from "../record/host-db.ts";
import type { HostMemory } from "../record/rows.ts";

/** Parts of {@link RecordRescue}. */
export interface RecordRescueDeps {
  readonly db: HostDb;
  readonly fleet: Pick<Fleet, "find" | "bringUp" | "refreshStatuses">;
  /** Archives of this data folder. */
  readonly copies: Copies<HostMemory>;
  /** Names of session files that belong to no worker and may get one. */
  readonly idleSessions: () => readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** A loss to tell of; `backupAt`: the archive that it can be taken over from, if there is one. */
export interface ToldLoss {
  readonly trouble: RecordLoss["kind"];
  readonly detail: string;
  readonly backupAt: number | null;
}

const NO_GAIN: RecordGain = { rules: 0, exits: 0, stops: [], starts: [], adds: [] };

/**
 * What an archive brings back to a host that lost its host.db. The supervisor keeps its new
 * record; what is taken over joins it, and nothing is restarted for it.
 */
export class RecordRescue {
  readonly #deps: RecordRescueDeps;
  /** The usable archive; undefined while none was looked for. */
  #backupAt: number | null | undefined;

  constructor(deps: RecordRescueDeps) {
    this.#deps = deps;
  }

  /** What there is to tell now; null = nothing, or nothing that an owner can do. */
  told(): ToldLoss | null {
    const { db } = this.#deps;
    const [loss, backupAt] = [db.loss(), this.#backupAt];
    if (loss === null || backupAt === null) return null;
    // One that an earlier start told of is told once more with what can be done about it.
    if (backupAt === undefined && !db.isLossFresh) return null;
    return { trouble: loss.kind, detail: loss.detail, backupAt: backupAt ?? null };
  }

  /** Whether there is an archive of this data folder, of any time and use. */
  hasArchives(): boolean {
    return this.#deps.copies.list().length > 0;
  }

  /** Looks for the archive if a record was lost. */
  async search(): Promise<void> {
    const { db, log } = this.#deps;
    const loss = db.loss();
    if (loss === null) return;
    const { useless } = await this.#best(loss);
    for (const { path, code } of useless)
      log.warn({ path, code }, "an archive from before the loss cannot be used");
  }

  /** What the latest usable archive would bring as things are now. */
  async look(): Promise<CommandOutcome> {
    const { db, copies, idleSessions } = this.#deps;
    const loss = db.loss();
    if (loss === null) return this.#outcome(null, NO_GAIN);
    copies.lookAgain();
    const { good, useless } = await this.#best(loss);
    const brings = good === null ? NO_GAIN : db.gainFrom(good.facts, idleSessions());
    return this.#outcome(good?.at ?? null, brings, useless);
  }

  /**
   * Takes over from the archive of this time. The record and the outcome of the command `id` are
   * written at once: killed before that, nothing has happened; a command that comes again after it
   * is answered with its outcome.
   */
  async take(at: number, id: string): Promise<CommandOutcome> {
    const { db, copies, idleSessions, clock, log } = this.#deps;
    const loss = db.loss();
    if (loss === null)
      return failed("record-not-lost", "This host has its host.db: there is nothing to take over.");
    const copy = at < loss.at ? await copies.at(at) : null;
    if (copy?.state !== "good")
      return failed("record-no-copy", `The backup cannot be used (${copy?.code ?? "gone"}).`);
    const idle = idleSessions();
    const outcome = this.#outcome(at, db.gainFrom(copy.facts, idle));
    db.together(() => {
      db.takeOver(copy.facts, idle);
      db.keepOutcome(id, outcome, clock.now());
    });
    log.warn({ at, brings: outcome.brings }, "host.db: an archive was taken over");
    await this.#carryOut(outcome.brings);
    return outcome;
  }

  /** The record stays as it is. */
  leave(): CommandOutcome {
    this.#deps.db.endLoss();
    return { kind: "done" };
  }

  async #best(loss: RecordLoss): ReturnType<Copies<HostMemory>["latest"]> {
    const { db, copies, idleSessions } = this.#deps;
    const best = await copies.latest(loss.at);
    const isOfUse = best.good && hasGain(db.gainFrom(best.good.facts, idleSessions()));
    this.#backupAt = best.good && isOfUse ? best.good.at : null;
    return best;
  }

  #outcome(
    at: number | null,
    brings: RecordGain,
    useless: readonly Copy<HostMemory>[] = [],
  ): Extract<CommandOutcome, { kind: "record" }> {
    const isLost = this.#deps.db.loss() !== null;
    const codes = useless.flatMap((each) =>
      each.state === "useless" ? [{ at: each.at, code: each.code }] : [],
    );
    return { kind: "record", at, isLost, brings, useless: codes };
  }

  /** Processes follow the record. A supervisor that is killed here starts by the record. */
  async #carryOut({ stops, starts }: RecordGain): Promise<void> {
    const { fleet, log } = this.#deps;
    fleet
      .bringUp(starts)
      .catch((error: unknown) => log.error({ err: error }, "start of the workers failed"));
    await Promise.all(stops.map((id) => this.#stop(id)));
    fleet.refreshStatuses();
  }

  async #stop(id: WorkerId): Promise<void> {
    const { db, fleet } = this.#deps;
    const desired = db.workers().find((worker) => worker.id === id)?.desired;
    if (desired === undefined || desired === "running") return;
    await fleet.find(id).worker.stop(desired === "stopped" ? "STOPPED" : "MAINTENANCE");
  }
}

function hasGain({ rules, exits, stops, starts, adds }: RecordGain): boolean {
  return rules + exits + stops.length + starts.length + adds.length > 0;
}

function failed(code: string, message: string): CommandOutcome {
  return { kind: "failed", code, message };
}

import { type Asker, type HostBackup, type HostRow, STATE_TABLE } from "@flotilla/contracts";
import type { Clock } from "@flotilla/kernel";
import type { Answers } from "../workers/answers.ts";
import type { Bulk } from "../workers/bulk-run.ts";
import type { BulkStore } from "../workers/bulk-store.ts";
import type { CommandStore } from "../workers/command-store.ts";
import type { AskResult, Commands } from "../workers/commands.ts";
import type { Views } from "../workers/views.ts";
import type { WorkerRow, WorkerStore } from "../workers/worker-store.ts";
import { BY_SCHEDULE, type ScheduleId } from "./kinds.ts";
import type { Part, RunRow, ScheduleRow } from "./schedule-store.ts";

/** Archives of a data folder that has a bot and no supervisor. */
export interface OwnBackups {
  /** Begins an archive; false = one is being made. */
  begin(): boolean;
  status(): HostBackup;
}

/** What the work of a schedule is done with. */
export interface WorkDeps {
  readonly clock: Clock;
  readonly commands: Commands;
  readonly commandLog: CommandStore;
  readonly answers: Answers;
  readonly workers: WorkerStore;
  readonly views: Views;
  readonly knownHosts: { all(): readonly HostRow[] };
  readonly bulk: Bulk;
  readonly bulks: BulkStore;
  /** Null: a supervisor looks after the folder of the bot. */
  readonly ownBackups: () => OwnBackups | null;
}

/** What one schedule does. Every step may be done twice: the bot may die between any two. */
export interface Work {
  /** So many parts are under way at once. */
  readonly atOnce: number;
  /** What there is to do, by key. */
  readonly plan: (deps: WorkDeps, row: ScheduleRow, by: Asker) => readonly string[];
  /** Begins a part, or looks how far it has come; the same part = nothing new. */
  readonly step: (deps: WorkDeps, part: Part, run: RunRow) => Promise<readonly Part[]>;
}

/** Key of the folder of the bot: no host has such a name. */
export const OWN_FOLDER = "#bot";

/** BACKUP_COMMAND has an hour, and the archive itself takes minutes. */
const ARCHIVE_MS = 2.5 * 3_600_000;

const archive: Work = {
  atOnce: Number.POSITIVE_INFINITY,
  plan: (deps, _row, by) => {
    const byHand = (host: string): boolean => backupOf(deps, host)?.everyMs === null;
    const hosts = oneOfEach(deps).filter(({ host }) => by.id !== BY_SCHEDULE.id || !byHand(host));
    const own = deps.ownBackups() ? [OWN_FOLDER] : [];
    return [...hosts.map(({ host }) => host), ...own];
  },
  step: async (deps, part, run) => {
    const backup = backupOf(deps, part.key);
    if (part.state === "waiting") {
      const before = backup?.triedAt ?? null;
      if (part.key === OWN_FOLDER) {
        deps.ownBackups()?.begin();
        return [{ ...part, state: "asked", before }];
      }
      return [{ ...(await askOne(deps, part, run, "archive")), before }];
    }
    if (backup && backup.triedAt !== null && backup.triedAt !== part.before)
      return [ended(part, backup.problem?.message ?? null)];
    const refusal = part.key === OWN_FOLDER ? null : refusalOf(deps, part);
    if (refusal !== null) return [ended(part, refusal)];
    const isOver = Math.abs(deps.clock.now() - run.begunAt) > ARCHIVE_MS;
    return [isOver ? ended(part, "It ended without a result.") : part];
  },
};

const copies: Work = {
  // Each opens and reads a whole session: the disk has other work.
  atOnce: 4,
  plan: (deps) => deps.workers.all().flatMap(({ id, hostGone }) => (hostGone ? [] : id)),
  step: async (deps, part, run) => {
    if (part.state === "asked") return [answerOf(deps, part)];
    const worker = deps.workers.find(part.key);
    if (!worker) return [ended(part, null, "gone")];
    const by = { asker: run.by, id: part.id };
    return [begun(part, await deps.commands.copy(worker.id, deps.views.runs(worker.id), by))];
  },
};

const check: Work = {
  atOnce: Number.POSITIVE_INFINITY,
  plan: (deps) => oneOfEach(deps).map(({ host }) => host),
  step: async (deps, part, run) => {
    if (part.state === "waiting") return [await askOne(deps, part, run, "doctor")];
    const found = answerOf(deps, part);
    // Findings are kept in memory: a bot that was restarted meanwhile asks once more.
    const isLost = found.state === "done" && deps.answers.findingsOf(part.id) === null;
    if (isLost && !part.id.endsWith("-b"))
      return [{ ...part, state: "waiting", id: `${part.id}-b` }];
    return [found];
  },
};

const restart: Work = {
  atOnce: 1,
  plan: (deps, { tag }) => (toRestart(deps, tag).length > 0 ? [tag || "*"] : []),
  step: async (deps, part, { by }) => {
    if (part.state === "waiting") {
      const tag = part.key === "*" ? "" : part.key;
      await deps.bulk.begin("restart", toRestart(deps, tag), by, part.id);
      return [{ ...part, state: "asked" }];
    }
    const row = deps.bulks.find(part.id);
    if (!row) return [ended(part, "It is not known any more.")];
    const reports = Object.values(row.hosts);
    if (reports.some(({ over }) => !over)) return [part];
    const failed = reports.flatMap((report) => report.failed);
    const told = new Set([
      ...failed.map(({ worker }) => worker),
      ...reports.flatMap(({ done }) => done),
    ]);
    // After a failed trial the others were left alone.
    const left = row.workers.filter((worker) => !told.has(worker));
    return [
      ...reports.flatMap(({ done }) => done.map((key) => ended({ ...part, key }, null))),
      ...failed.map(({ worker, message }) => ended({ ...part, key: worker }, message)),
      ...left.map((key) => ended({ ...part, key }, "It was left as it was.")),
    ];
  },
};

/** What each schedule does. */
export const WORK: Readonly<Record<ScheduleId, Work>> = { archive, copies, check, restart };

/** Running workers of a tag, without those that are in the middle of a login. */
function toRestart({ workers, views }: WorkDeps, tag: string): WorkerRow[] {
  return workers.all().filter(({ id, tags }) => {
    const state = views.lastStatus(id)?.state;
    if (!state || (tag !== "" && !tags.includes(tag))) return false;
    return !STATE_TABLE[state].isStopped && state !== "LOGGING_IN";
  });
}

/** A worker of each host: commands for a host name one of its workers. */
function oneOfEach({ workers }: WorkDeps): WorkerRow[] {
  const there = workers.all().filter(({ hostGone }) => !hostGone);
  return [...new Map(there.map((row) => [row.host, row])).values()];
}

function backupOf({ knownHosts, ownBackups }: WorkDeps, host: string): HostBackup | null {
  if (host === OWN_FOLDER) return ownBackups()?.status() ?? null;
  return knownHosts.all().find((row) => row.host === host)?.backup ?? null;
}

async function askOne(
  deps: WorkDeps,
  part: Part,
  run: RunRow,
  verb: "archive" | "doctor",
): Promise<Part> {
  const worker = oneOfEach(deps).find(({ host }) => host === part.key)?.id;
  if (!worker) return ended(part, null, "gone");
  return begun(part, await deps.commands.askHost(verb, worker, run.by, part.id));
}

/** One that another press asked for meanwhile is as good. */
function begun(part: Part, result: AskResult): Part {
  if (result.kind === "failed") return ended(part, "The command could not be sent.");
  return { ...part, state: "asked", id: result.id };
}

function refusalOf({ commandLog }: WorkDeps, { id }: Part): string | null {
  const command = commandLog.find(id);
  if (!command || command.state === "asked" || command.state === "done") return null;
  return command.result ?? "There was no answer.";
}

function answerOf(deps: WorkDeps, part: Part): Part {
  const refusal = refusalOf(deps, part);
  if (refusal !== null) return ended(part, refusal);
  const command = deps.commandLog.find(part.id);
  return command?.state === "done" ? ended(part, null, command.result ?? "") : part;
}

function ended(part: Part, problem: string | null, said = ""): Part {
  return { ...part, state: problem === null ? "done" : "failed", said: problem ?? said };
}

import {
  type HostProgram,
  type HostRow,
  isSameProgram,
  type KeptBy,
  type ProgramVersion,
  STATUS_STALE_MS,
} from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import type { FleetView, WorkerView } from "../workers/view.ts";
import type { LeftOut, Step } from "./roll.ts";

/** What the bot knows of its own process. */
export interface OwnBot {
  /** Unique for this start. */
  readonly run: string;
  readonly keptBy: KeptBy | null;
  /** False = the code on disk is another than the one that runs, and needs packages that are absent. */
  isStartable(): boolean;
}

/** What a rolling restart would do. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly leftOut: readonly LeftOut[];
}

type Hosts = readonly HostRow[];

/**
 * A trial with one worker, then host after host, then the bot. A host whose disk has other code
 * than it runs gets another supervisor; else its workers are restarted one by one. What has no
 * process stays as it is.
 */
export function planRoll(view: Pick<FleetView, "workers" | "now">, rows: Hosts, bot: OwnBot): Plan {
  const there = view.workers.filter(({ hostGone }) => !hostGone);
  const hosts = [...new Set(there.map(({ host }) => host))].toSorted();
  const plans = hosts.map((host) => planOf(host, view, rows));
  const parts = plans.flatMap((each) => (each.step ? [each.step] : []));
  const trial = trialOf(view, parts);
  const tried = trial?.kind === "trial" ? trial.worker : null;
  const steps = parts.flatMap((step): Step[] => {
    if (step.kind !== "workers") return [step];
    const workers = step.workers.filter((worker) => worker !== tried);
    return workers.length === 0 ? [] : [{ ...step, workers }];
  });
  const why = botLeftOut(bot);
  const last: Step[] = why === null ? [{ ...WAITING, kind: "bot", run: bot.run }] : [];
  return {
    steps: [...(trial ? [trial] : []), ...steps, ...last],
    leftOut: [
      ...plans.flatMap((each) => (each.leftOut ? [each.leftOut] : [])),
      ...(why === null ? [] : [{ host: null, why }]),
    ],
  };
}

const WAITING = { state: "waiting", at: 0 } as const;

interface HostPlan {
  readonly step: Step | null;
  readonly leftOut: LeftOut | null;
}

function planOf(host: HostId, view: Pick<FleetView, "workers" | "now">, rows: Hosts): HostPlan {
  const workers = view.workers.filter((worker) => worker.host === host && hasProcess(worker));
  const row = rows.find((each) => each.host === host);
  const without = (why: LeftOut["why"]): HostPlan => ({ step: null, leftOut: { host, why } });
  if (!row || view.now - row.at > STATUS_STALE_MS) return without("silent");
  if (workers.some(({ status }) => status?.state === "LOGGING_IN")) return without("login");
  const { program } = row;
  const to = program && newOnDisk(program);
  const names = workers.map(({ id }) => id);
  const one: Step = { ...WAITING, kind: "workers", host, workers: names };
  if (!to) return { step: one, leftOut: program ? null : { host, why: "older" } };
  if (!program.isInstalled) return without("not-installed");
  if (program.keptBy === null) return without("not-kept");
  const { run, keptBy, runs: from } = program;
  const before = workers.map(({ id, status }) => ({
    worker: id,
    startedAt: status?.startedAt ?? null,
  }));
  const step: Step = {
    ...WAITING,
    kind: "supervisor",
    host,
    run,
    keptBy,
    from,
    to,
    workers: before,
    backAt: null,
  };
  return { step, leftOut: null };
}

/** The code on disk, when it is another than the one that runs. */
function newOnDisk({ runs, onDisk }: HostProgram): ProgramVersion | null {
  return onDisk !== null && !isSameProgram(runs, onDisk) ? onDisk : null;
}

function hasProcess({ status, staleSince }: WorkerView): boolean {
  return status !== null && staleSince === null && status.pid !== null;
}

/** A worker that runs well, of the first host that has one; null = there is none to try. */
function trialOf({ workers }: Pick<FleetView, "workers">, steps: readonly Step[]): Step | null {
  for (const step of steps) {
    if (step.kind === "bot" || step.kind === "trial") continue;
    const found = workers.find(
      ({ host, status, staleSince }) =>
        host === step.host && staleSince === null && status?.state === "RUNNING",
    );
    if (found)
      return { ...WAITING, kind: "trial", host: step.host, worker: found.id, wellSince: null };
  }
  return null;
}

function botLeftOut(bot: OwnBot): LeftOut["why"] | null {
  if (bot.keptBy === null) return "not-kept";
  return bot.isStartable() ? null : "not-installed";
}

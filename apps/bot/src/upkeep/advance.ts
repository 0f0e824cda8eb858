import { type HostRow, STATE_TABLE, STATUS_STALE_MS, type WorkerStatus } from "@flotilla/contracts";
import type { HostId, WorkerId } from "@flotilla/kernel";
import type { BulkRow } from "../workers/bulk-store.ts";
import { commandOf, type Roll, type RollProblem, type Step, stepInHand } from "./roll.ts";

/** The fleet as a rolling restart sees it. Times in milliseconds since the epoch. */
export interface World {
  readonly now: number;
  /** When this process began to look: waits begin there once more after a restart of the bot. */
  readonly since: number;
  /** The run of this bot. */
  readonly botRun: string;
  readonly status: (worker: WorkerId) => WorkerStatus | null;
  readonly row: (host: HostId) => HostRow | null;
  readonly bulk: (id: string) => BulkRow | null;
  /** Whether no message was lost since it began. */
  readonly isLossFree: (roll: Roll) => boolean;
}

/** The trial worker must run for this time before the others follow. */
export const TRIAL_STABLE_MS = 10_000;
/** Within this time it must run. */
const TRIAL_MS = 120_000;
/** A supervisor may be away for this time: 20 s to end, 45 s to be ready, and a report. */
const SUPERVISOR_MS = 90_000;
/** A worker of a host may take this time, on top of a minute for all. */
const PER_WORKER_MS = 60_000;
const BOT_MS = 60_000;

/** Brings a rolling restart as far as the world allows. Pure: the same when there is nothing new. */
export function advance(roll: Roll, world: World): Roll {
  if (roll.end) return roll;
  const hand = stepInHand(roll);
  if (!hand) return ended(roll, world, "done");
  const { n, step } = hand;
  if (step.state === "waiting") {
    if (roll.stopping) return ended(roll, world, "stopped");
    return withStep(roll, n, { ...step, state: "begun", at: world.now });
  }
  const verdict = judge(roll, n, step, world);
  if (verdict.kind === "wait") return verdict.step ? withStep(roll, n, verdict.step) : roll;
  const failed = [...roll.failed, ...verdict.failed];
  const state = verdict.kind === "done" ? "done" : "failed";
  const next = withStep({ ...roll, failed }, n, { ...step, state, at: world.now });
  return verdict.kind === "done" ? next : ended(next, world, "failed", verdict.why);
}

type Failed = Roll["failed"];
type Verdict =
  | { readonly kind: "wait"; readonly step?: Step }
  | { readonly kind: "done"; readonly failed: Failed }
  | { readonly kind: "failed"; readonly why: RollProblem; readonly failed: Failed };

const WAIT: Verdict = { kind: "wait" };
const DONE: Verdict = { kind: "done", failed: [] };
const failure = (why: RollProblem, failed: Failed = []): Verdict => ({
  kind: "failed",
  why,
  failed,
});

function withStep(roll: Roll, n: number, step: Step): Roll {
  return { ...roll, steps: roll.steps.map((each, index) => (index === n ? step : each)) };
}

function ended(
  roll: Roll,
  { now, isLossFree }: World,
  how: NonNullable<Roll["end"]>["how"],
  why: RollProblem | null = null,
): Roll {
  return { ...roll, end: { at: now, how, why, isLossFree: isLossFree(roll) } };
}

function judge(roll: Roll, n: number, step: Step, world: World): Verdict {
  switch (step.kind) {
    case "trial":
      return judgeTrial(roll, n, step, world);
    case "workers":
      return judgeWorkers(roll, n, step, world);
    case "supervisor":
      return judgeSupervisor(step, world);
    case "bot":
      if (world.botRun !== step.run) return DONE;
      return waited(step.at, world) > BOT_MS ? failure("bot-same") : WAIT;
    default:
      return step satisfies never;
  }
}

type Of<K extends Step["kind"]> = Extract<Step, { kind: K }>;

/** Milliseconds since `at`, or since this process looks, if that is less. */
function waited(at: number, { now, since }: World): number {
  return now - Math.max(at, since);
}

function judgeTrial(roll: Roll, n: number, step: Of<"trial">, world: World): Verdict {
  const late = waited(step.at, world) > TRIAL_MS;
  const report = world.bulk(commandOf(roll, n))?.hosts[step.host];
  if (!report?.over) return late ? failure("no-answer") : WAIT;
  if (!report.done.includes(step.worker)) return failure("trial-failed", failuresOf(report));
  const status = world.status(step.worker);
  const isWell = status !== null && isBack(status);
  if (step.wellSince === null) {
    if (status?.state === "RUNNING")
      return { kind: "wait", step: { ...step, wellSince: world.now } };
    return late ? failure("trial-not-running", [notBack(step.worker, status)]) : WAIT;
  }
  if (!isWell) return failure("trial-fell", [notBack(step.worker, status)]);
  return waited(step.wellSince, world) >= TRIAL_STABLE_MS ? DONE : WAIT;
}

function judgeWorkers(roll: Roll, n: number, step: Of<"workers">, world: World): Verdict {
  const report = world.bulk(commandOf(roll, n))?.hosts[step.host];
  const limit = PER_WORKER_MS * (1 + step.workers.length);
  if (!report?.over) return waited(step.at, world) > limit ? failure("no-answer") : WAIT;
  const failed = failuresOf(report);
  if (report.phase === "canary-failed") return failure("none-came", failed);
  const wasCut = report.phase !== "done" && !roll.stopping;
  if (wasCut) return failure("no-answer", failed);
  const noneCame = report.done.length === 0 && failed.length > 0;
  return noneCame ? failure("none-came", failed) : { kind: "done", failed };
}

function judgeSupervisor(step: Of<"supervisor">, world: World): Verdict {
  const row = world.row(step.host);
  const isHeard = row !== null && world.now - row.at <= STATUS_STALE_MS;
  if (step.backAt === null) {
    if (isHeard && row.program && row.program.run !== step.run)
      return { kind: "wait", step: { ...step, backAt: world.now } };
    if (waited(step.at, world) <= SUPERVISOR_MS) return WAIT;
    return failure(isHeard ? "supervisor-same" : "supervisor-away");
  }
  const left = step.workers.filter(({ worker, startedAt }) => {
    const status = world.status(worker);
    return status === null || status.startedAt === startedAt || !isBack(status);
  });
  if (left.length === 0) return DONE;
  if (waited(step.backAt, world) <= PER_WORKER_MS + 5000 * step.workers.length) return WAIT;
  const failed = left.map(({ worker }) => notBack(worker, world.status(worker)));
  return left.length === step.workers.length
    ? failure("none-came", failed)
    : { kind: "done", failed };
}

/** Telegram answers it, or it is as it was before: what only an admin ends is no matter of a restart. */
function isBack({ state }: WorkerStatus): boolean {
  const { online, needs } = STATE_TABLE[state];
  return (online === "yes" && needs !== "admin") || state === "NEEDS_LOGIN" || state === "BANNED";
}

function notBack(worker: WorkerId, status: WorkerStatus | null): Failed[number] {
  const code = status?.fault?.code ?? "not-running";
  return { worker, code, message: status?.fault?.message ?? status?.state ?? "" };
}

function failuresOf(report: BulkRow["hosts"][string]): Failed {
  return report.failed.map(({ worker, code, message }) => ({
    worker: worker as WorkerId,
    code,
    message,
  }));
}

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Fault, RestartDecision, WorkerState } from "@flotilla/contracts";
import { DEFAULT_RESTART_RULES, type RestartRules } from "@flotilla/contracts";
import { type Clock, parseHostId, parseWorkerId, systemClock } from "@flotilla/kernel";
import { testDir } from "@flotilla/testkit";
import { onTestFinished } from "vitest";
import { HostDb } from "../src/record/host-db.ts";
import { LogSink } from "../src/worker/log-sink.ts";
import { ManagedWorker } from "../src/worker/managed-worker.ts";
import type { StateSince, WorkerLimits } from "../src/worker/managed-worker-deps.ts";
import type { StartWindow } from "../src/worker/start-window.ts";
import { DEFAULT_VITAL_LIMITS } from "../src/worker/vital-signs.ts";
import type { WorkerExit } from "../src/worker/worker-process.ts";

/** Main file of a worker without Telegram. */
export const CHILD = fileURLToPath(new URL("fixtures/child.ts", import.meta.url));
export const ID = parseWorkerId("news_1");
export const RULES: RestartRules = {
  ...DEFAULT_RESTART_RULES,
  crashDelayMs: 20,
  lockedDelaysMs: [20],
  jitter: 0,
};
export const LIMITS: WorkerLimits = {
  ...DEFAULT_VITAL_LIMITS,
  graceMs: 5000,
  stuckGraceMs: 100,
  lookMs: 20,
};

interface Options {
  readonly plan?: string;
  readonly rules?: RestartRules;
  readonly limits?: Partial<WorkerLimits>;
  readonly nodeFlags?: readonly string[];
  readonly window?: Pick<StartWindow, "take">;
  readonly clock?: Clock;
}

interface Told {
  readonly exit: WorkerExit;
  readonly fault: Fault;
  readonly decision: RestartDecision;
  readonly phase: "start" | "run";
}

/** The pid of a worker's process. Throws without one: signalling pid 0 ends the whole test run. */
export function pidOf(worker: ManagedWorker): number {
  const { pid, state } = worker.status();
  if (!pid) throw new Error(`the worker has no process (${state})`);
  return pid;
}

/** A worker with a real process, its database and its log in a folder of the test. */
export async function managed({
  plan = "stay",
  rules = RULES,
  limits = {},
  nodeFlags = [],
  window,
  clock = systemClock,
}: Options = {}) {
  const dir = await testDir("supervisor-");
  const journal = `${dir}/journal`;
  const session = `${dir}/news_1.session`;
  writeFileSync(journal, "");
  const db = new HostDb(`${dir}/host.db`);
  const log = new LogSink(`${dir}/news_1.log`);
  const states: WorkerState[] = [];
  /** Each change: the state before, since when it was that, and since when it is another. */
  const changes: { readonly before: StateSince; readonly at: number }[] = [];
  const told: Told[] = [];
  db.setDesired(ID, "running", Date.now());
  const worker = new ManagedWorker({
    id: ID,
    host: parseHostId("host-a"),
    program: { file: CHILD, env: { PLAN: plan, JOURNAL: journal, SESSION: session }, nodeFlags },
    db,
    log,
    clock,
    rules: () => rules,
    limits: { ...LIMITS, ...limits },
    ...(window ? { window } : {}),
    session: { path: session, holder: async () => null, restoreHelps: () => false },
    hooks: {
      status: (status, before, changed) => {
        if (!changed) return;
        states.push(status.state);
        changes.push({ before: { state: before.state, since: before.since }, at: status.since });
      },
      exited: (exit, fault, decision, phase) => void told.push({ exit, fault, decision, phase }),
      refused: (event) => {
        throw new Error(`${event.event} in ${event.state}`);
      },
    },
  });
  onTestFinished(async () => {
    await worker.stop();
    log.close();
    db.close();
  });
  const starts = (): number =>
    readFileSync(journal, "utf8")
      .split("\n")
      .filter((line) => line.endsWith("started")).length;
  return {
    worker,
    states,
    changes,
    told,
    db,
    log,
    starts,
    session,
    journal: () => readFileSync(journal, "utf8"),
    dir,
  };
}

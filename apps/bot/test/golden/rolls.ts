import type { HostRow } from "@flotilla/contracts";
import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import type { OwnBot } from "../../src/upkeep/plan.ts";
import { type Roll, RollProblem, type Step } from "../../src/upkeep/roll.ts";
import { ASKER, HOST, NOW } from "../support.ts";

const FAR = parseHostId("host-b");
const FROM = { version: "1.0.0", commit: "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678" };
const TO = { version: "1.1.0", commit: "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567" };
const [NEWS, SPORT] = [parseWorkerId("news_1"), parseWorkerId("sport_2")];

/** What the host of the golden fleet says: its disk has newer code than it runs. */
export const ROLL_ROWS: readonly HostRow[] = [
  {
    host: HOST,
    hosts: "several",
    at: NOW,
    program: { run: "run-1", runs: FROM, onDisk: TO, isInstalled: true, keptBy: "launcher" },
    capacity: {
      memoryBytes: 8e9,
      freeBytes: 5.2e9,
      cores: 4,
      load: 1.2,
      workers: { RUNNING: 4 },
      room: 39,
    },
    labels: ["eu"],
  },
];

/** The bot of the golden fleet. */
export const ROLL_BOT: OwnBot = { run: "bot-1", keptBy: "launcher", isStartable: () => true };

const at = NOW - 30_000;
const trial: Step = { kind: "trial", state: "done", at, host: HOST, worker: NEWS, wellSince: at };
const supervisor: Step = {
  kind: "supervisor",
  state: "done",
  at,
  host: HOST,
  run: "run-1",
  keptBy: "systemd",
  from: FROM,
  to: TO,
  workers: [
    { worker: NEWS, startedAt: 1 },
    { worker: SPORT, startedAt: 1 },
  ],
  backAt: at,
};
const workers: Step = {
  kind: "workers",
  state: "begun",
  at,
  host: FAR,
  workers: [parseWorkerId("far_1"), parseWorkerId("far_2")],
};
const bot: Step = { kind: "bot", state: "waiting", at: 0, run: "bot-1" };
const base: Roll = {
  id: "roll",
  asker: ASKER,
  askedAt: NOW - 41_000,
  steps: [trial, supervisor, workers, bot],
  leftOut: [],
  stopping: false,
  failed: [],
  lost: {},
  end: null,
};
const over = (how: "done" | "stopped" | "failed", isLossFree = true) =>
  ({ at: NOW, how, why: null, isLossFree }) as const;
const done = base.steps.map((step): Step => ({ ...step, state: "done" }));
const failed = [{ worker: SPORT, code: "gave-up", message: "It gave up." }];

/** The step in which each problem shows. */
const STEP_OF: Readonly<Record<RollProblem, Step["kind"]>> = {
  "trial-failed": "trial",
  "trial-not-running": "trial",
  "trial-fell": "trial",
  "none-came": "workers",
  "no-answer": "workers",
  "supervisor-away": "supervisor",
  "supervisor-same": "supervisor",
  "bot-same": "bot",
};

/** Rolling restarts in every form that differs for people, by id. */
export const ROLLS: Readonly<Record<string, Roll>> = {
  "roll-running": base,
  "roll-stopping": { ...base, stopping: true },
  "roll-done": { ...base, steps: done, end: over("done") },
  "roll-incomplete": {
    ...base,
    steps: done.slice(0, 3),
    failed,
    leftOut: [
      ...(["silent", "not-kept", "not-installed", "login", "older"] as const).map((why) => ({
        host: FAR,
        why,
      })),
      ...(["not-kept", "not-installed"] as const).map((why) => ({ host: null, why })),
    ],
    end: over("done", false),
  },
  "roll-stopped": { ...base, stopping: true, end: over("stopped") },
  ...Object.fromEntries(
    RollProblem.options.map((why) => {
      const kind = STEP_OF[why];
      const steps = base.steps.map(
        (step): Step => ({
          ...step,
          state: step.kind === kind ? "failed" : "waiting",
        }),
      );
      return [`roll-${why}`, { ...base, steps, end: { ...over("failed"), why } }];
    }),
  ),
};

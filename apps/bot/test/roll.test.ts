/** Rolling restart: what it would do, and how far it comes with what the fleet says. */
import type { HostProgram, HostRow, WorkerState } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { describe, expect, test } from "vitest";
import { advance, TRIAL_STABLE_MS, type World } from "../src/upkeep/advance.ts";
import { type OwnBot, planRoll } from "../src/upkeep/plan.ts";
import type { Roll, Step } from "../src/upkeep/roll.ts";
import { askCard } from "../src/upkeep/roll-card.ts";
import { RollStore } from "../src/upkeep/roll-store.ts";
import type { BulkRow } from "../src/workers/bulk-store.ts";
import {
  ALL_WORDS,
  ASKER,
  controlDb,
  EN,
  HOST,
  NOW,
  statusOf,
  viewOf,
  workerView,
} from "./support.ts";
import { checkCard, plainText } from "./telegram-html.ts";

const OLD = { version: "1.0.0", commit: null };
const NEW = { version: "1.1.0", commit: null };
const [A, B, C] = [parseWorkerId("alpha"), parseWorkerId("beta"), parseWorkerId("gamma")];
const BOT: OwnBot = { run: "bot-1", keptBy: "launcher", isStartable: () => true };

const program = (more: Partial<HostProgram> = {}): HostProgram => ({
  run: "run-1",
  runs: OLD,
  onDisk: NEW,
  isInstalled: true,
  keptBy: "systemd",
  ...more,
});
const rowOf = (more: Partial<HostProgram> = {}, at = NOW): HostRow => ({
  host: HOST,
  hosts: "several",
  at,
  program: program(more),
});
const three = viewOf([
  workerView(A, { state: "RECONNECTING" }),
  workerView(B),
  workerView(C, { state: "STOPPED", pid: null }),
]);
const kinds = (steps: readonly Step[]): string[] => steps.map(({ kind }) => kind);

describe("the plan", () => {
  test("of a host that runs the code of its disk restarts the workers that have a process, after a trial", () => {
    const { steps, leftOut } = planRoll(three, [rowOf({ onDisk: OLD })], BOT);
    expect(steps).toMatchObject([
      { kind: "trial", worker: B },
      { kind: "workers", workers: [A] },
      { kind: "bot", run: "bot-1" },
    ]);
    expect(leftOut).toEqual([]);
  });

  test("of a host whose disk has other code restarts its supervisor", () => {
    const { steps } = planRoll(three, [rowOf()], BOT);
    expect(kinds(steps)).toEqual(["trial", "supervisor", "bot"]);
    expect(steps[1]).toMatchObject({ run: "run-1", from: OLD, to: NEW, keptBy: "systemd" });
    for (const words of ALL_WORDS)
      expect(checkCard(askCard(words, { steps, leftOut: [] }, NOW, 2000))).toContain("1.1.0");
    const text = plainText(askCard(EN, { steps, leftOut: [] }, NOW, 2000).html);
    expect(text).toContain("Trial: beta restarts and must run for 10 s.");
    expect(text).toContain("its disk has 1.1.0 and it runs 1.0.0. Its 2 workers are away together");
  });

  test.each([
    ["silent", [rowOf({}, NOW - 60_000)]],
    ["silent", []],
    ["not-kept", [rowOf({ keptBy: null })]],
    ["not-installed", [rowOf({ isInstalled: false })]],
  ] as const)("leaves a host out and says %s", (why, rows) => {
    const { steps, leftOut } = planRoll(three, rows, BOT);
    expect(kinds(steps)).toEqual(["bot"]);
    expect(leftOut).toEqual([{ host: HOST, why }]);
  });

  test("leaves a host alone while a login is under way, and a bot that nothing starts again", () => {
    const login = viewOf([workerView(A), workerView(B, { state: "LOGGING_IN" })]);
    const { steps, leftOut } = planRoll(login, [rowOf()], { ...BOT, keptBy: null });
    expect(steps).toEqual([]);
    expect(leftOut).toEqual([
      { host: HOST, why: "login" },
      { host: null, why: "not-kept" },
    ]);
  });

  test("restarts the workers of a host of an older version, and says that its supervisor stays", () => {
    const { program: _, ...older } = rowOf();
    const { steps, leftOut } = planRoll(three, [older], BOT);
    expect(kinds(steps)).toEqual(["trial", "workers", "bot"]);
    expect(leftOut).toEqual([{ host: HOST, why: "older" }]);
  });
});

/** A rolling restart of three workers, and the fleet around it, which a test changes. */
function rolling(rows: readonly HostRow[] = [rowOf({ onDisk: OLD })]) {
  const { steps, leftOut } = planRoll(three, rows, BOT);
  const state = {
    roll: {
      id: "roll-0001",
      asker: ASKER,
      askedAt: NOW,
      steps: [...steps],
      leftOut: [...leftOut],
      stopping: false,
      failed: [],
      lost: {},
      end: null,
    } as Roll,
    now: NOW,
    botRun: "bot-1",
    row: rows[0] ?? null,
    states: { alpha: "RUNNING", beta: "RUNNING" } as Record<string, WorkerState>,
    startedAt: NOW,
    reports: {} as Record<number, Partial<BulkRow["hosts"][string]>>,
    isLossFree: true,
  };
  const world = (): World => ({
    now: state.now,
    since: NOW,
    botRun: state.botRun,
    status: (worker) => {
      const found = state.states[worker];
      return found ? statusOf(worker, { state: found, startedAt: state.startedAt }) : null;
    },
    row: () => state.row && { ...state.row, at: Math.max(state.row.at, state.now) },
    bulk: (id) => {
      const report = state.reports[Number(id.split("-").at(-1))];
      if (!report) return null;
      const whole = { phase: "done", over: true, done: [], failed: [], current: null, ...report };
      return { hosts: { [HOST]: whole } } as unknown as BulkRow;
    },
    isLossFree: () => state.isLossFree,
  });
  const pass = (ms = 0): Roll => {
    state.now += ms;
    state.roll = advance(state.roll, world());
    return state.roll;
  };
  return { state, pass };
}

const failedOne = { worker: B, code: "gave-up", message: "It gave up." };

test("it continues after a trial that ran for a while, and ends with the next bot", () => {
  const { state, pass } = rolling();
  expect(pass().steps[0]).toMatchObject({ state: "begun", at: NOW });
  expect(pass(1000)).toBe(pass(0));
  state.reports[0] = { done: [B] };
  expect(pass().steps[0]).toMatchObject({ state: "begun", wellSince: NOW + 1000 });
  expect(pass(TRIAL_STABLE_MS - 1).steps[0]?.state).toBe("begun");
  expect(pass(1).steps[0]?.state).toBe("done");
  expect(pass().steps[1]?.state).toBe("begun");
  state.reports[1] = {
    done: [],
    failed: [{ ...failedOne, worker: A }],
    phase: "rest",
    over: false,
  };
  expect(pass().steps[1]?.state).toBe("begun");
  state.reports[1] = { done: [A] };
  pass();
  expect(pass().steps[2]?.state).toBe("begun");
  expect(pass(1000).end).toBeNull();
  state.botRun = "bot-2";
  pass();
  expect(pass().end).toEqual({ at: state.now, how: "done", why: null, isLossFree: true });
  expect(advance(state.roll, {} as World)).toBe(state.roll);
});

test.each([
  ["trial-failed", { failed: [failedOne] }, "RUNNING", 0],
  ["trial-not-running", { done: [B] }, "RECONNECTING", 200_000],
  ["no-answer", { over: false, phase: "asked" }, "RUNNING", 200_000],
] as const)(
  "a trial that ends as %s stops it, and the rest is not touched",
  (why, report, state, ms) => {
    const it = rolling();
    it.pass();
    it.state.reports[0] = report as never;
    it.state.states["beta"] = state;
    const roll = it.pass(ms);
    expect(roll.end).toMatchObject({ how: "failed", why });
    expect(roll.steps.map((step) => step.state)).toEqual(["failed", "waiting", "waiting"]);
  },
);

test("a trial worker that ran and fell again stops it", () => {
  const it = rolling();
  it.pass();
  it.state.reports[0] = { done: [B] };
  it.pass();
  it.state.states["beta"] = "BACKOFF";
  expect(it.pass(1000).end).toMatchObject({ how: "failed", why: "trial-fell" });
});

/** A rolling restart whose trial is over and whose supervisor was told to end. */
function atSupervisor() {
  const it = rolling([rowOf()]);
  it.pass();
  it.state.reports[0] = { done: [B] };
  it.pass();
  it.pass(TRIAL_STABLE_MS);
  expect(it.pass().steps[1]).toMatchObject({ kind: "supervisor", state: "begun" });
  return it;
}

test("a supervisor is back when another run reports, and done when its workers run again", () => {
  const it = atSupervisor();
  it.state.row = null;
  expect(it.pass(5000).steps[1]?.state).toBe("begun");
  it.state.row = rowOf({ run: "run-2", runs: NEW });
  it.state.states = { alpha: "STARTING", beta: "RUNNING" };
  it.state.startedAt = NOW + 20_000;
  expect(it.pass(5000).steps[1]).toMatchObject({ state: "begun", backAt: it.state.now });
  expect(it.pass(1000).steps[1]?.state).toBe("begun");
  it.state.states["alpha"] = "RUNNING";
  expect(it.pass(1000)).toMatchObject({ failed: [], steps: [{}, { state: "done" }, {}] });
});

test("a worker that does not come back with its supervisor is a failure by name, and stops no other", () => {
  const it = atSupervisor();
  it.state.row = rowOf({ run: "run-2" });
  it.state.states = { alpha: "GAVE_UP", beta: "RUNNING" };
  it.state.startedAt = NOW + 20_000;
  it.pass();
  expect(it.pass(200_000)).toMatchObject({
    failed: [{ worker: A }],
    steps: [{}, { state: "done" }, {}],
    end: null,
  });
});

test.each([
  ["supervisor-away", null],
  ["supervisor-same", rowOf()],
] as const)("a supervisor that does not come back in time ends it as %s", (why, row) => {
  const it = atSupervisor();
  it.state.row = row;
  expect(it.pass(80_000).end).toBeNull();
  expect(it.pass(20_000).end).toMatchObject({ how: "failed", why });
});

test("✋ ends it before the next step", () => {
  const it = rolling();
  it.pass();
  it.state.roll = { ...it.state.roll, stopping: true };
  it.state.reports[0] = { done: [B] };
  it.pass();
  expect(it.pass(TRIAL_STABLE_MS).steps[0]?.state).toBe("done");
  expect(it.pass().end).toMatchObject({ how: "stopped" });
});

test("it is kept over a restart of the bot, and one of an unreadable version holds nothing up", async () => {
  const db = await controlDb();
  const { roll } = rolling().state;
  new RollStore(db).save(roll);
  const store = new RollStore(db);
  expect(store.underWay()).toEqual(roll);
  db.write("INSERT INTO roll (id, asked_at, over, body) VALUES ('x', ?, 0, '{}')", [NOW + 1]);
  expect(store.underWay()?.id).toBe(roll.id);
  store.save({ ...roll, end: { at: NOW, how: "done", why: null, isLossFree: true } });
  expect(store.underWay()).toBeNull();
});

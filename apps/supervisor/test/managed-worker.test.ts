import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Fault, RestartDecision, WorkerState } from "@flotilla/contracts";
import { DEFAULT_RESTART_RULES, type RestartRules } from "@flotilla/domain";
import { parseHostId, parseWorkerId, systemClock } from "@flotilla/kernel";
import { isAlive, testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { HostDb } from "../src/host-db.ts";
import { LogSink } from "../src/log-sink.ts";
import { ManagedWorker, type StopLimits } from "../src/managed-worker.ts";
import type { WorkerExit } from "../src/worker-process.ts";

const CHILD = fileURLToPath(new URL("fixtures/child.ts", import.meta.url));
const ID = parseWorkerId("news_1");
const RULES: RestartRules = { ...DEFAULT_RESTART_RULES, crashDelayMs: 20, lockedDelayMs: 20 };

interface Options {
  readonly plan?: string;
  readonly rules?: RestartRules;
  readonly limits?: StopLimits;
}

interface Told {
  readonly exit: WorkerExit;
  readonly fault: Fault;
  readonly decision: RestartDecision;
}

async function managed({ plan = "stay", rules = RULES, limits = { graceMs: 5000, heartbeatMs: 10_000 } }: Options = {}) {
  const dir = await testDir("supervisor-");
  const journal = `${dir}/journal`;
  writeFileSync(journal, "");
  const db = new HostDb(`${dir}/host.db`);
  const log = new LogSink(`${dir}/news_1.log`);
  const states: WorkerState[] = [];
  const told: Told[] = [];
  db.setDesired(ID, "running", Date.now());
  const worker = new ManagedWorker({
    id: ID,
    host: parseHostId("host-a"),
    program: { file: CHILD, env: { PLAN: plan, JOURNAL: journal }, nodeFlags: [] },
    db,
    log,
    clock: systemClock,
    rules,
    limits,
    hooks: {
      status: (status, _previous, changed) => void (changed && states.push(status.state)),
      exited: (exit, fault, decision) => void told.push({ exit, fault, decision }),
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
  return { worker, states, told, db, log, starts, journal: () => readFileSync(journal, "utf8"), dir };
}

test("a start resolves when the process says that it is ready, and shows its state and pid", async () => {
  const { worker, states } = await managed();
  expect(await worker.start()).toEqual({ kind: "ready" });
  await waitFor(() => worker.status().state === "RUNNING");
  expect(isAlive(worker.status().pid ?? 0)).toBe(true);
  expect(states).toEqual(["STARTING", "RUNNING"]);
});

test("two starts at once make one process", async () => {
  const { worker, starts } = await managed();
  await Promise.all([worker.start(), worker.start(), worker.start()]);
  expect(starts()).toBe(1);
});

test("a restart never has two processes: the old one has ended before the new one starts", async () => {
  const { worker, journal } = await managed();
  await worker.start();
  const old = worker.status().pid;
  await Promise.all([worker.restart(), worker.restart()]);
  const lines = journal().trim().split("\n");
  expect(lines.map((line) => line.split(" ")[1])).toEqual(["started", "ended", "started", "ended", "started"]);
  expect(isAlive(old ?? 0)).toBe(false);
});

test("stop asks first, and kills a process that ignores it after the grace time", async () => {
  const { worker, journal } = await managed({ plan: "ignore-term", limits: { graceMs: 100, heartbeatMs: 10_000 } });
  await worker.start();
  const pid = worker.status().pid ?? 0;
  await worker.stop();
  expect(isAlive(pid)).toBe(false);
  expect(journal()).toContain("ignored SIGTERM");
  expect(worker.status()).toMatchObject({ state: "STOPPED", pid: null });
});

test("a stop that was asked for is no crash", async () => {
  const { worker, told, db } = await managed();
  await worker.start();
  await worker.stop();
  expect(told).toEqual([]);
  expect(db.history(ID)).toEqual([]);
});

test("kill -9 is told as observed, with the decision, and the worker comes back", async () => {
  const { worker, told, states, starts } = await managed();
  await worker.start();
  process.kill(worker.status().pid ?? 0, "SIGKILL");
  await waitFor(() => starts() === 2 && worker.status().state === "RUNNING");
  expect(told).toHaveLength(1);
  expect(told[0]?.exit).toMatchObject({ exitCode: null, signal: "SIGKILL" });
  expect(told[0]?.decision).toEqual({ kind: "restart", delayMs: 20, attempt: 1, limit: 5 });
  expect(states).toContain("BACKOFF");
});

test("an exit code and the first error line are told as observed", async () => {
  const { worker, told } = await managed({ plan: "exit-at-once", rules: { ...RULES, crashDelayMs: 60_000 } });
  const result = await worker.start();
  expect(result).toMatchObject({ kind: "ended", fault: { class: "CRASH", code: "exit-3" } });
  expect(told[0]?.exit).toMatchObject({
    exitCode: 3,
    signal: null,
    firstErrorLine: "TypeError: cannot read properties of undefined",
  });
});

test("a worker that crashes every time is restarted five times, then given up, and no more", async () => {
  const { worker, told, starts } = await managed({ plan: "exit-at-once" });
  await worker.start();
  await waitFor(() => worker.status().state === "GAVE_UP");
  expect(starts()).toBe(6);
  expect(told.map(({ decision }) => decision.kind)).toEqual(["restart", "restart", "restart", "restart", "restart", "gave-up"]);
  expect(worker.status()).toMatchObject({ pid: null, nextTryAt: null });
});

test("the count of crashes survives the supervisor", async () => {
  const { worker, db, dir } = await managed({ plan: "exit-at-once" });
  await worker.start();
  await waitFor(() => worker.status().state === "GAVE_UP");
  await worker.stop();
  db.close();
  const again = new HostDb(`${dir}/host.db`);
  onTestFinished(() => again.close());
  expect(again.history(ID)).toHaveLength(6);
});

test("a locked session is tried again without using up the five, and says so", async () => {
  const { worker, told, states, starts } = await managed({ plan: "locked" });
  await worker.start();
  await waitFor(() => starts() >= 8);
  expect(new Set(told.map(({ decision }) => decision.kind))).toEqual(new Set(["retry"]));
  expect(states).toContain("LOCKED");
  expect(worker.status().crashes).toBe(0);
});

test("a wrong configuration is not tried again", async () => {
  const { worker, told, starts } = await managed({ plan: "bad-config" });
  await worker.start();
  expect(told.map(({ decision }) => decision.kind)).toEqual(["park"]);
  expect(worker.status()).toMatchObject({ state: "GAVE_UP", fault: { code: "bad-config" } });
  expect(starts()).toBe(1);
});

test("a process without a sign of life is replaced, and the reason is told", async () => {
  const { worker, told } = await managed({ plan: "silent", limits: { graceMs: 1000, heartbeatMs: 300 } });
  await worker.start();
  await waitFor(() => told.length > 0);
  expect(told[0]).toMatchObject({ fault: { class: "STUCK", code: "no-heartbeat" }, exit: { signal: "SIGKILL" } });
});

test("stop during the wait for a restart cancels it", async () => {
  const { worker, starts } = await managed({ plan: "exit-at-once", rules: { ...RULES, crashDelayMs: 60_000 } });
  await worker.start();
  expect(worker.status().state).toBe("BACKOFF");
  await worker.stop();
  expect(worker.status()).toMatchObject({ state: "STOPPED", nextTryAt: null });
  expect(starts()).toBe(1);
});

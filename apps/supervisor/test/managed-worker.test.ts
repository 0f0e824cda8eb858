import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Fault, RestartDecision, WorkerState } from "@flotilla/contracts";
import { DEFAULT_RESTART_RULES, type RestartRules } from "@flotilla/domain";
import { parseHostId, parseWorkerId, systemClock } from "@flotilla/kernel";
import { isAlive, testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { HostDb } from "../src/host-db.ts";
import { LogSink } from "../src/log-sink.ts";
import { ManagedWorker, type WorkerLimits } from "../src/managed-worker.ts";
import { DEFAULT_VITAL_LIMITS } from "../src/vital-signs.ts";
import type { WorkerExit } from "../src/worker-process.ts";

const CHILD = fileURLToPath(new URL("fixtures/child.ts", import.meta.url));
const ID = parseWorkerId("news_1");
const RULES: RestartRules = { ...DEFAULT_RESTART_RULES, crashDelayMs: 20, lockedDelaysMs: [20], jitter: 0 };
const LIMITS: WorkerLimits = { ...DEFAULT_VITAL_LIMITS, graceMs: 5000, stuckGraceMs: 100 };

interface Options {
  readonly plan?: string;
  readonly rules?: RestartRules;
  readonly limits?: Partial<WorkerLimits>;
}

interface Told {
  readonly exit: WorkerExit;
  readonly fault: Fault;
  readonly decision: RestartDecision;
  readonly phase: "start" | "run";
}

async function managed({ plan = "stay", rules = RULES, limits = {} }: Options = {}) {
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
    rules: () => rules,
    limits: { ...LIMITS, ...limits },
    hooks: {
      status: (status, _previous, changed) => void (changed && states.push(status.state)),
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
  const { worker, journal } = await managed({ plan: "ignore-term", limits: { graceMs: 100 } });
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
  const { worker, told } = await managed({ plan: "silent", limits: { startMs: 300 } });
  await worker.start();
  await waitFor(() => told.length > 0);
  expect(told[0]).toMatchObject({
    fault: { class: "STUCK", code: "start-timeout" },
    exit: { signal: "SIGTERM" },
    phase: "run",
  });
});

test("stop during the wait for a restart cancels it", async () => {
  const { worker, starts } = await managed({ plan: "exit-at-once", rules: { ...RULES, crashDelayMs: 60_000 } });
  await worker.start();
  expect(worker.status().state).toBe("BACKOFF");
  await worker.stop();
  expect(worker.status()).toMatchObject({ state: "STOPPED", nextTryAt: null });
  expect(starts()).toBe(1);
});

test("a process whose event loop is blocked is replaced within seconds, and the reason is told", async () => {
  const { worker, told, starts } = await managed({ plan: "hang", rules: { ...RULES, firstDelayMs: 20 } });
  await worker.start();
  const heard = performance.now();
  await waitFor(() => starts() === 2, { timeoutMs: 15_000 });
  // 2.5 s of silence, a second look, SIGKILL, a new process: far from the 12 s after which any silence counts.
  expect(performance.now() - heard).toBeLessThan(10_000);
  expect(told[0]).toMatchObject({ fault: { class: "STUCK", code: "no-heartbeat" }, exit: { signal: "SIGTERM" }, phase: "run" });
});

test("a process that was stopped by SIGSTOP is killed and replaced", async () => {
  const { worker, told } = await managed({ limits: { silentMs: 300 } });
  await worker.start();
  const pid = worker.status().pid ?? 0;
  await waitFor(() => worker.status().vitals !== null);
  process.kill(pid, "SIGSTOP");
  await waitFor(() => told.length > 0);
  expect(told[0]).toMatchObject({ fault: { class: "STUCK" }, exit: { pid, signal: "SIGKILL" } });
  await waitFor(() => worker.status().state === "RUNNING");
});

test("a process that only sleeps is not taken for one that hangs before its time", async () => {
  const { worker, told } = await managed({ plan: "one-heartbeat", limits: { silentMs: 100, starvedMs: 1500 } });
  await worker.start();
  await waitFor(() => worker.status().vitals !== null);
  const heard = performance.now();
  await waitFor(() => told.length > 0);
  expect(performance.now() - heard).toBeGreaterThan(1000);
});

test("a process with more memory than it may have is ended and started again, with the reason", async () => {
  const { worker, told, starts } = await managed({ limits: { memoryBytes: 1024 * 1024 } });
  await worker.start();
  await waitFor(() => starts() >= 2);
  expect(told[0]).toMatchObject({ fault: { class: "OOM", code: "memory-cap" }, decision: { kind: "restart", attempt: 1 } });
  expect(told[0]?.fault.message).toMatch(/^The worker used \d+ MB \(limit 1\)\.$/);
});

test("an end before the worker was ready is told apart from a later one", async () => {
  const { worker, told } = await managed({ plan: "exit-at-once", rules: { ...RULES, crashDelayMs: 60_000 } });
  await worker.start();
  expect(told[0]?.phase).toBe("start");
});

test("a stop does not wait for a start that hangs", async () => {
  const { worker, starts } = await managed({ plan: "never-ready" });
  const started = worker.start();
  await waitFor(() => starts() === 1);
  await worker.stop();
  expect(await started).toMatchObject({ kind: "ended", fault: { code: "stopped" } });
  expect(worker.status().state).toBe("STOPPED");
});

test("the account's statistics add up over all its runs, and survive the supervisor", async () => {
  const { worker, db, dir } = await managed();
  await worker.start();
  await waitFor(() => worker.status().link?.reconnects === 2);
  await worker.restart();
  await waitFor(() => worker.status().link?.reconnects === 4);
  expect(worker.status().link).toMatchObject({ failures: 2, lastSuccessAt: 1_800_000_000_000 });
  await worker.stop();
  expect(worker.status().link?.reconnects, "also while nothing runs").toBe(4);
  db.close();
  const again = new HostDb(`${dir}/host.db`);
  onTestFinished(() => again.close());
  expect(again.stats(ID)).toMatchObject({ reconnects: 4, failures: 2 });
});

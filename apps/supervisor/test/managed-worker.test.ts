import { isAlive, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test, vi } from "vitest";
import { HostDb } from "../src/record/host-db.ts";
import { DEFAULT_WORKER_LIMITS } from "../src/worker/managed-worker-deps.ts";
import { ID, managed, pidOf, RULES } from "./support.ts";

test("a start resolves when the process reports ready, and the status shows state and pid", async () => {
  const { worker, states } = await managed();
  expect(await worker.start()).toEqual({ kind: "ready" });
  await waitFor(() => worker.status().state === "RUNNING");
  expect(isAlive(pidOf(worker))).toBe(true);
  expect(states).toEqual(["STARTING", "RUNNING"]);
});

test("each change tells since when the worker was in the state before", async () => {
  const { worker, changes } = await managed();
  await worker.start();
  await waitFor(() => worker.status().state === "RUNNING");
  await worker.stop();
  expect(changes.map(({ before }) => before.state)).toEqual([
    "STOPPED",
    "STARTING",
    "RUNNING",
    "STOPPING",
  ]);
  for (const [n, { before }] of changes.slice(1).entries())
    expect(before.since).toBe(changes[n]?.at);
});

test("two starts at once make one process", async () => {
  const { worker, starts } = await managed();
  await Promise.all([worker.start(), worker.start(), worker.start()]);
  expect(starts()).toBe(1);
});

test("a restart never has two processes: the old one has ended before the new one starts", async () => {
  const { worker, journal } = await managed();
  await worker.start();
  const old = pidOf(worker);
  await Promise.all([worker.restart(), worker.restart()]);
  const lines = journal().trim().split("\n");
  expect(lines.map((line) => line.split(" ")[1])).toEqual([
    "started",
    "ended",
    "started",
    "ended",
    "started",
  ]);
  expect(isAlive(old)).toBe(false);
});

test("stop sends SIGTERM, then SIGKILL after the grace period to a process that ignores it", async () => {
  const { worker, journal } = await managed({ plan: "ignore-term", limits: { graceMs: 1500 } });
  await worker.start();
  const pid = pidOf(worker);
  await worker.stop();
  expect(isAlive(pid)).toBe(false);
  expect(journal()).toContain("ignored SIGTERM");
  expect(worker.status()).toMatchObject({ state: "STOPPED", pid: null });
});

test("a process that ignores SIGTERM has 15 s", async () => {
  const { graceMs } = DEFAULT_WORKER_LIMITS;
  const { worker, journal } = await managed({ plan: "ignore-term", limits: { graceMs } });
  await worker.start();
  const pid = pidOf(worker);
  const ignored = (count: number): Promise<unknown> =>
    waitFor(() => journal().split("ignored SIGTERM").length > count);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const stopped = worker.stop();
  await ignored(1);
  await vi.advanceTimersByTimeAsync(14_999);
  // It still answers.
  process.kill(pid, "SIGTERM");
  await ignored(2);
  await vi.advanceTimersByTimeAsync(1);
  await stopped;
  expect(isAlive(pid)).toBe(false);
});

test("a requested stop is no crash", async () => {
  const { worker, told, db } = await managed();
  await worker.start();
  await worker.stop();
  expect(told).toEqual([]);
  expect(db.history(ID)).toEqual([]);
});

test("kill -9 is reported as observed, with the decision, and the worker restarts", async () => {
  const { worker, told, states, starts } = await managed();
  await worker.start();
  process.kill(pidOf(worker), "SIGKILL");
  await waitFor(() => starts() === 2 && worker.status().state === "RUNNING");
  expect(told).toHaveLength(1);
  expect(told[0]?.exit).toMatchObject({ exitCode: null, signal: "SIGKILL" });
  expect(told[0]?.decision).toEqual({ kind: "restart", delayMs: 20, attempt: 1, limit: 5 });
  expect(states).toContain("BACKOFF");
});

test("the exit code and the first error line are reported as observed", async () => {
  const { worker, told } = await managed({
    plan: "exit-at-once",
    rules: { ...RULES, crashDelayMs: 60_000 },
  });
  const result = await worker.start();
  expect(result).toMatchObject({ kind: "ended", fault: { class: "CRASH", code: "exit-3" } });
  expect(told[0]?.exit).toMatchObject({
    exitCode: 3,
    signal: null,
    firstErrorLine: "TypeError: cannot read properties of undefined",
  });
});

test("a worker that always crashes is restarted five times, then given up", async () => {
  const { worker, told, starts } = await managed({ plan: "exit-at-once" });
  await worker.start();
  await waitFor(() => worker.status().state === "GAVE_UP");
  expect(starts()).toBe(6);
  expect(told.map(({ decision }) => decision.kind)).toEqual([
    "restart",
    "restart",
    "restart",
    "restart",
    "restart",
    "gave-up",
  ]);
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

test("retries of a locked session do not count as crashes, and the status says LOCKED", async () => {
  const { worker, told, states, starts } = await managed({ plan: "locked" });
  await worker.start();
  await waitFor(() => starts() >= 8);
  expect(new Set(told.map(({ decision }) => decision.kind))).toEqual(new Set(["retry"]));
  expect(states).toContain("LOCKED");
  expect(worker.status().crashes).toBe(0);
});

test.each(["stays", "spins", "stops"])(
  "a worker that announces a fatal fault and then %s is killed, and its exit has that fault",
  async (how) => {
    const { worker, told } = await managed({
      plan: `fatal-then-${how}`,
      rules: { ...RULES, crashDelayMs: 60_000 },
      limits: { graceMs: 300, stuckGraceMs: 100, silentMs: 600_000 },
    });
    await worker.start();
    const pid = pidOf(worker);
    await waitFor(() => told.length === 1);
    expect(told[0]).toMatchObject({
      exit: { signal: "SIGKILL" },
      fault: { code: "last-words" },
      phase: "run",
    });
    expect(isAlive(pid)).toBe(false);
    expect(worker.status()).toMatchObject({ state: "BACKOFF", pid: null });
  },
);

test("a failed spawn is an exit like any other and is retried", async () => {
  const { worker, told, starts } = await managed({
    nodeFlags: ["\0"],
    rules: { ...RULES, crashDelayMs: 20 },
  });
  expect(await worker.start()).toMatchObject({ kind: "ended" });
  await waitFor(() => told.length >= 3);
  expect(starts()).toBe(0);
});

test("a wrong configuration is not retried", async () => {
  const { worker, told, starts } = await managed({ plan: "bad-config" });
  await worker.start();
  expect(told.map(({ decision }) => decision.kind)).toEqual(["park"]);
  expect(worker.status()).toMatchObject({ state: "GAVE_UP", fault: { code: "bad-config" } });
  expect(starts()).toBe(1);
});

test("stop during the wait for a restart cancels it", async () => {
  const { worker, starts } = await managed({
    plan: "exit-at-once",
    rules: { ...RULES, crashDelayMs: 60_000 },
  });
  await worker.start();
  expect(worker.status().state).toBe("BACKOFF");
  await worker.stop();
  expect(worker.status()).toMatchObject({ state: "STOPPED", nextTryAt: null });
  expect(starts()).toBe(1);
});

test("an exit before ready is reported as phase start, a later one as phase run", async () => {
  const { worker, told } = await managed({
    plan: "exit-at-once",
    rules: { ...RULES, crashDelayMs: 60_000 },
  });
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

test("a worker that waits for its turn to start is STARTING; a stop meanwhile is reported", async () => {
  const { worker, states } = await managed();
  expect(worker.status().state).toBe("STOPPED");
  worker.expectStart();
  expect(worker.status()).toMatchObject({ state: "STARTING", pid: null });
  await worker.stop();
  expect([worker.status().state, states]).toEqual(["STOPPED", ["STOPPED"]]);
  worker.expectStart();
  await worker.start();
  await waitFor(() => worker.status().state === "RUNNING");
  await worker.stop();
  expect(worker.status().state).toBe("STOPPED");
});

test.each([86_400_000, -86_400_000])(
  "times of a status follow a clock that jumps by %i ms",
  async (jumpMs) => {
    let jumped = 0;
    const clock = { now: () => Date.now() + jumped, monotonicMs: () => performance.now() };
    const { worker } = await managed({ clock, rules: { ...RULES, crashDelayMs: 60_000 } });
    await worker.start();
    await waitFor(() => worker.status().state === "RUNNING");
    const before = worker.status();
    jumped = jumpMs;
    const after = worker.status();
    const near = (one: number | null, other: number | null): void =>
      expect(Math.abs((one ?? 0) - (other ?? 0) - jumpMs)).toBeLessThan(1000);
    near(after.since, before.since);
    near(after.startedAt, before.startedAt);
    near(after.link?.lastSuccessAt ?? null, before.link?.lastSuccessAt ?? null);
    process.kill(pidOf(worker), "SIGKILL");
    await waitFor(() => worker.status().state === "BACKOFF");
    const waits = worker.status();
    jumped = 0;
    near(waits.nextTryAt, worker.status().nextTryAt);
  },
);

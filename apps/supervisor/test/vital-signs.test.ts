import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { managed, pidOf, RULES } from "./support.ts";

test("a process without a sign of life is replaced, and the reason is told", async () => {
  const { worker, told } = await managed({ plan: "silent", limits: { startMs: 1500 } });
  await worker.start();
  await waitFor(() => told.length > 0);
  expect(told[0]).toMatchObject({
    fault: { class: "STUCK", code: "start-timeout" },
  });
});

test("a process whose event loop is blocked is found by the closer look and replaced, and the reason is told", async () => {
  const { worker, told, starts } = await managed({
    plan: "hang",
    rules: { ...RULES, firstDelayMs: 20 },
    // Only the closer look can find it: no length of silence alone counts here.
    limits: { starvedMs: 600_000 },
  });
  await worker.start();
  await waitFor(() => starts() === 2, { timeoutMs: 50_000 });
  expect(told[0]).toMatchObject({ fault: { class: "STUCK", code: "no-heartbeat" }, phase: "run" });
});

test("a process that was stopped by SIGSTOP is killed and replaced", async () => {
  const { worker, told } = await managed({ limits: { silentMs: 300 } });
  await worker.start();
  const pid = pidOf(worker);
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

test("a process that was stopped before its first sign of life is replaced as soon", async () => {
  const { worker, told, starts } = await managed({ plan: "never-ready", limits: { silentMs: 300 } });
  const started = worker.start();
  await waitFor(() => starts() === 1);
  process.kill(pidOf(worker), "SIGSTOP");
  await waitFor(() => told.length > 0);
  expect(await started).toMatchObject({ kind: "ended", fault: { class: "STUCK", code: "start-timeout" } });
});

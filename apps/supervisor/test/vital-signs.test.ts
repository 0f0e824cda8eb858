import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { managed, pidOf, RULES } from "./support.ts";

test("a process without a heartbeat is replaced, with the reason", async () => {
  const { worker, told } = await managed({ plan: "silent", limits: { startMs: 1500 } });
  await worker.start();
  await waitFor(() => told.length > 0);
  expect(told[0]).toMatchObject({
    fault: { class: "STUCK", code: "start-timeout" },
  });
});

test(
  "a process with a blocked event loop is detected by its CPU time and replaced, with the " +
    "reason",
  async () => {
    const { worker, told, starts } = await managed({
      plan: "hang",
      rules: { ...RULES, firstDelayMs: 20 },
      // Rules out detection by silence alone: only the CPU time remains.
      limits: { starvedMs: 600_000 },
    });
    await worker.start();
    await waitFor(() => starts() === 2, { timeoutMs: 50_000 });
    expect(told[0]).toMatchObject({
      fault: { class: "STUCK", code: "no-heartbeat" },
      phase: "run",
    });
  },
);

test("a process stopped by SIGSTOP is killed and replaced", async () => {
  const { worker, told } = await managed({ limits: { silentMs: 300 } });
  await worker.start();
  const pid = pidOf(worker);
  await waitFor(() => worker.status().vitals !== null);
  process.kill(pid, "SIGSTOP");
  await waitFor(() => told.length > 0);
  expect(told[0]).toMatchObject({ fault: { class: "STUCK" }, exit: { pid, signal: "SIGKILL" } });
  await waitFor(() => worker.status().state === "RUNNING");
});

test("a sleeping process counts as hanging only after the longer limit", async () => {
  const { worker, told } = await managed({
    plan: "one-heartbeat",
    limits: { silentMs: 100, starvedMs: 1500 },
  });
  await worker.start();
  await waitFor(() => worker.status().vitals !== null);
  const heard = performance.now();
  await waitFor(() => told.length > 0);
  expect(performance.now() - heard).toBeGreaterThan(1000);
});

test("a process above its memory limit is replaced, with the reason", async () => {
  const { worker, told, starts } = await managed({ limits: { memoryBytes: 1024 * 1024 } });
  await worker.start();
  await waitFor(() => starts() >= 2);
  expect(told[0]).toMatchObject({
    fault: { class: "OOM", code: "memory-cap" },
    decision: { kind: "restart", attempt: 1 },
  });
  expect(told[0]?.fault.message).toMatch(/^The worker used \d+ MB \(limit 1\)\.$/);
});

test("a process stopped before its first heartbeat is replaced as fast", async () => {
  const { worker, told, starts } = await managed({
    plan: "never-ready",
    limits: { silentMs: 300 },
  });
  const started = worker.start();
  await waitFor(() => starts() === 1);
  process.kill(pidOf(worker), "SIGSTOP");
  await waitFor(() => told.length > 0);
  expect(await started).toMatchObject({
    kind: "ended",
    fault: { class: "STUCK", code: "start-timeout" },
  });
});

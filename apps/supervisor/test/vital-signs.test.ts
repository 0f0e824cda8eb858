import { systemClock } from "@flotilla/kernel";
import { processStat } from "@flotilla/os";
import { waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { DEFAULT_VITAL_LIMITS, VitalSigns } from "../src/worker/vital-signs.ts";
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

describe("the limits of a worker as it is delivered", () => {
  /** This process as a worker whose clock the test moves; what its watch reports. */
  function watched() {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const faults: string[] = [];
    const signs = new VitalSigns(process.pid, DEFAULT_VITAL_LIMITS, systemClock, ({ code }) => {
      faults.push(code);
    });
    onTestFinished(() => signs.stop());
    /** A heartbeat; `moreMs`: processor time that this process uses until the next look. */
    const heard = (moreMs: number, mib = 100): void => {
      const cpuMs = (processStat(process.pid)?.cpuMs ?? 0) - moreMs;
      signs.heard({ kind: "heartbeat", loopLagMs: 0, rssBytes: mib * 1024 * 1024, cpuMs });
    };
    return { faults, heard };
  }

  test("90 s for the first heartbeat", async () => {
    const { faults } = watched();
    await vi.advanceTimersByTimeAsync(89_800);
    expect(faults).toEqual([]);
    await vi.advanceTimersByTimeAsync(400);
    expect(faults).toEqual(["start-timeout"]);
  });

  test("12 s without a heartbeat for a process that gets no processor time", async () => {
    const { faults, heard } = watched();
    heard(-60_000);
    await vi.advanceTimersByTimeAsync(11_800);
    expect(faults).toEqual([]);
    await vi.advanceTimersByTimeAsync(400);
    expect(faults).toEqual(["no-heartbeat"]);
  });

  test("2.5 s without a heartbeat for a process that used a second of processor time", async () => {
    const { faults, heard } = watched();
    heard(1000);
    await vi.advanceTimersByTimeAsync(2500);
    expect(faults).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(faults).toEqual(["no-heartbeat"]);
  });

  test("512 MB, twice in a row", () => {
    const { faults, heard } = watched();
    for (const mib of [512, 512, 513, 512, 513]) heard(0, mib);
    expect(faults).toEqual([]);
    heard(0, 513);
    expect(faults).toEqual(["memory-cap"]);
  });
});

import { Refusals } from "@flotilla/queue";
import { expect, onTestFinished, test, vi } from "vitest";

test(
  "the first refusal is reported at once, later ones once a minute with their number, per " +
    "queue and reason",
  () => {
    let now = 0;
    const told: unknown[] = [];
    const refusals = new Refusals((refusal) => told.push(refusal), {
      now: () => now,
      monotonicMs: () => now,
    });
    const forged = { queue: "events", why: "unsigned", times: 1 } as const;
    for (let n = 0; n < 1000; n++) refusals.add(forged);
    refusals.add({ ...forged, why: "again" });
    refusals.add({ ...forged, queue: "host.a" });
    expect(told).toEqual([forged, { ...forged, why: "again" }, { ...forged, queue: "host.a" }]);
    now = 60_000;
    refusals.add(forged);
    expect(told.at(-1)).toEqual({ ...forged, times: 1000 });
    refusals.add(forged);
    expect(told).toHaveLength(4);
  },
);

test("what was refused meanwhile is told also when nothing more comes", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const told: unknown[] = [];
  const refusals = new Refusals((refusal) => told.push(refusal));
  const forged = { queue: "events", why: "unsigned", times: 1 } as const;
  for (let n = 0; n < 20; n++) refusals.add(forged);
  vi.advanceTimersByTime(60_000);
  expect(told).toEqual([forged, { ...forged, times: 19 }]);
  vi.advanceTimersByTime(120_000);
  expect(told).toHaveLength(2);
});

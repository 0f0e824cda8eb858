/** Restarts after a common crash run a few at a time (field fault K13). */
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import type { StartResult } from "../src/worker/managed-worker-deps.ts";
import { StartWindow } from "../src/worker/start-window.ts";
import { managed, pidOf } from "./support.ts";

const READY: StartResult = { kind: "ready" };
const FAILED: StartResult = {
  kind: "ended",
  fault: { class: "CRASH", code: "exit-1", message: "x" },
};

/** Starts that the test ends. */
function rig(most: number) {
  const window = new StartWindow(most);
  const open: PromiseWithResolvers<StartResult>[] = [];
  const begun: number[] = [];
  const ask = (count: number): void => {
    for (let n = 0; n < count; n++) {
      window.take(() => {
        const start = Promise.withResolvers<StartResult>();
        open.push(start);
        begun.push(begun.length);
        return start.promise;
      });
    }
  };
  /** Ends the oldest running start and runs the microtasks that follow. */
  const end = async (result: StartResult): Promise<void> => {
    open.shift()?.resolve(result);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { window, ask, end, begun, open };
}

test("of sixty restarts at most one per CPU runs at once, and each has its turn", async () => {
  const { ask, end, begun, open } = rig(4);
  ask(60);
  for (let n = 0; n < 60; n++) {
    expect(open.length).toBeLessThanOrEqual(4);
    await end(READY);
  }
  expect([begun.length, open.length]).toEqual([60, 0]);
});

test("failures shrink the window down to one, successes widen it again", async () => {
  const { window, ask, end, open } = rig(8);
  ask(100);
  expect([window.size, open.length]).toEqual([8, 8]);
  const sizes: number[] = [];
  for (let n = 0; n < 4; n++) {
    await end(FAILED);
    sizes.push(window.size);
  }
  expect(sizes).toEqual([4, 2, 1, 1]);
  for (let n = 0; n < 3; n++) await end(READY);
  expect(window.size).toBe(4);
  for (let n = 0; n < 20; n++) await end(READY);
  expect([window.size, open.length]).toEqual([8, 8]);
});

test("a start that throws frees its place for the next one", async () => {
  const { window, ask, begun } = rig(1);
  window.take(() => Promise.reject(new Error("no")));
  ask(1);
  await waitFor(() => begun.length === 1, { what: "the next one" });
});

test("a stop or start by an admin cancels a restart that waits for its turn", async () => {
  const asked: (() => Promise<StartResult>)[] = [];
  const { worker, starts } = await managed({ window: { take: (start) => void asked.push(start) } });
  await worker.start();
  process.kill(pidOf(worker), "SIGKILL");
  await waitFor(() => asked.length === 1, { what: "the restart to ask for its turn" });
  await worker.stop();
  expect(await asked[0]?.()).toEqual(READY);
  expect([starts(), worker.status().state]).toEqual([1, "STOPPED"]);
  await worker.start();
  process.kill(pidOf(worker), "SIGKILL");
  await waitFor(() => asked.length === 2, { what: "the next one" });
  await worker.start();
  await asked[1]?.();
  expect(starts()).toBe(3);
});

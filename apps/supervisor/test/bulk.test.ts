import type { BulkAction, CommandOutcome } from "@flotilla/contracts";
import { parseWorkerId, type WorkerId } from "@flotilla/kernel";
import { expect, test } from "vitest";
import { type BulkCommand, type BulkProgress, carryOutBulk } from "../src/host/bulk.ts";

const [A, B, C] = ["alpha", "beta", "gamma"].map(parseWorkerId) as [WorkerId, WorkerId, WorkerId];
const FAILED: CommandOutcome = { kind: "failed", code: "exit-3", message: "It crashed." };

const command = (action: BulkAction, canary: boolean): BulkCommand => ({
  v: 1,
  id: "bulk-command-1",
  askedBy: { id: "777", name: "Ann" },
  askedAt: 1,
  deadlineAt: 2,
  kind: "bulk",
  action,
  workers: [A, B, C],
  canary,
});

async function run(
  bulk: BulkCommand,
  outcome: (worker: WorkerId) => CommandOutcome | Promise<CommandOutcome>,
  stopping = new AbortController(),
): Promise<{ touched: WorkerId[]; told: BulkProgress[] }> {
  const touched: WorkerId[] = [];
  const told: BulkProgress[] = [];
  const perform = async (_action: BulkAction, worker: WorkerId): Promise<CommandOutcome> => {
    touched.push(worker);
    return await outcome(worker);
  };
  await carryOutBulk(bulk, {
    perform,
    tell: (progress) => void told.push(progress),
    stopping: stopping.signal,
  });
  return { touched, told };
}

test("a canary that fails leaves the other workers as they are", async () => {
  const { touched, told } = await run(command("restart", true), () => FAILED);
  expect(touched).toEqual([A]);
  expect(told.map((each) => each.phase)).toEqual(["canary", "canary-failed"]);
  expect(told.at(-1)).toMatchObject({
    total: 3,
    done: [],
    failed: [{ worker: A, code: "exit-3", message: "It crashed." }],
  });
});

test(
  "after a good canary the other workers follow in order, and a failed one delays none of " +
    "them",
  async () => {
    const { touched, told } = await run(command("start", true), (worker) =>
      worker === B ? FAILED : { kind: "done" },
    );
    expect(touched).toEqual([A, B, C]);
    expect(told.map(({ phase, current }) => [phase, current])).toEqual([
      ["canary", A],
      ["rest", B],
      ["rest", C],
      ["done", null],
    ]);
    expect(told.at(-1)).toMatchObject({ done: [A, C], failed: [{ worker: B }] });
  },
);

test("stops run in parallel: each may take its whole grace period", async () => {
  const gate = Promise.withResolvers<void>();
  let waiting = 0;
  const { told } = await run(command("stop", false), async () => {
    waiting += 1;
    if (waiting === 3) gate.resolve();
    await gate.promise;
    return { kind: "done" };
  });
  expect(told.at(-1)).toMatchObject({ phase: "done", done: expect.arrayContaining([A, B, C]) });
});

test("a host that ends starts no further worker and reports it", async () => {
  const stopping = new AbortController();
  const outcome = (): CommandOutcome => {
    stopping.abort();
    return { kind: "done" };
  };
  const { touched, told } = await run(command("restart", false), outcome, stopping);
  expect(touched).toEqual([A]);
  expect(told.at(-1)).toMatchObject({ phase: "stopped", done: [A] });
});

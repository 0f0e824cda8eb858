import { randomBytes } from "node:crypto";
import type { WorkerCommand } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { openSession } from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { carryOut } from "../src/commands.ts";

const WORKER = parseWorkerId("news_1");
const backup = (id: string): WorkerCommand => ({
  v: 1,
  id,
  worker: WORKER,
  kind: "backup",
  askedBy: { id: "1", name: "ann" },
  askedAt: 0,
  deadlineAt: Number.MAX_SAFE_INTEGER,
});

test("a command redelivered after a restart is not carried out again and gets the same outcome", async () => {
  const dir = await testDir("commands-");
  const fleetKey = randomBytes(32);
  let copies = 0;
  const ask = async (id: string) => {
    using store = openSession({ dir, name: WORKER, fleetKey });
    const log = { warn: () => {} };
    const clock = { now: () => 1000, monotonicMs: () => 0 };
    return await carryOut(
      { store, clock, log, backup: () => `copy ${++copies}` } as never,
      backup(id),
    );
  };
  expect(await ask("command-1")).toEqual({ kind: "done", text: "copy 1" });
  expect(await ask("command-1")).toEqual({ kind: "done", text: "copy 1" });
  expect(await ask("command-2")).toEqual({ kind: "done", text: "copy 2" });
  expect(copies).toBe(2);
});

test("a worker keeps the outcomes of its last 500 commands", async () => {
  using store = openSession({
    dir: await testDir("commands-"),
    name: WORKER,
    fleetKey: randomBytes(32),
  });
  for (let n = 0; n < 600; n++) store.commands.add(`c${n}`, "{}");
  expect([store.commands.outcomeOf("c99"), store.commands.outcomeOf("c100")]).toEqual([null, "{}"]);
});

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { spawnNode, testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { type Contender, pairwise } from "../../bench/lib/pairwise.ts";
import { table } from "../../bench/lib/table.ts";

const RUN = fileURLToPath(new URL("../../bench/run.ts", import.meta.url));

function always(name: string, operations: number, log: string[]): Contender {
  return {
    name,
    round: async (forMs) => {
      log.push(name);
      return { operations, tookMs: forMs, samplesMs: [forMs / operations] };
    },
  };
}

test("contenders take turns, and ratios are against the peer of the same round", async () => {
  const log: string[] = [];
  const results = await pairwise([always("a", 50, log), always("b", 10, log)], "b", {
    rounds: 3,
    roundMs: 100,
  });
  expect(log).toEqual(["a", "b", "a", "b", "b", "a", "a", "b"]);
  expect(results).toEqual([
    { name: "a", unit: "1/s", value: 500, p50: 2, p99: 2, n: 3, peer: "b", ratio: 5 },
    { name: "b", unit: "1/s", value: 100, p50: 10, p99: 10, n: 3, peer: null, ratio: null },
  ]);
  expect(table(results).split("\n")[1]).toMatch(/^ {2}a\s+500\s+1\/s\s+2\s+2\s+3\s+5 ×\s+b$/);
});

test("a quick run of a real bench prints its table, keeps nothing, and leaves nothing behind", async () => {
  const dir = await testDir();
  const run = spawnNode(RUN, ["sessions", "--quick", "--dir", dir, "--out", dir]);
  expect((await run.exited).code).toBe(0);
  expect(run.stdout).toMatch(/Flotilla entities\.upsert\s+\d/);
  expect(readdirSync(dir)).toEqual([]);
});

test("an unknown name is refused with the names there are", async () => {
  const run = spawnNode(RUN, ["nothing"]);
  expect((await run.exited).code).toBe(2);
  expect(run.stderr).toContain("There are: ");
});

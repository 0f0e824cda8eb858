import { spawnNode, testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";

test("a killed supervisor resumes the crash count: five restarts in all, not five more", async () => {
  const dir = await testDir("killed-");
  const file = `${import.meta.dirname}/fixtures/supervisor.ts`;
  const first = spawnNode(file, [dir]);
  await first.waitForOutput("decision 3");
  first.kill("SIGKILL");
  await first.exited;
  const second = spawnNode(file, [dir]);
  await second.waitForOutput("decision gave-up");
  expect(`${first.stdout}${second.stdout}`.trim().split("\n")).toEqual(
    ["1", "2", "3", "4", "5", "gave-up"].map((what) => `decision ${what}`),
  );
});

import { fileURLToPath } from "node:url";
import { WorkerToSupervisor } from "@flotilla/contracts";
import { spawnNode } from "@flotilla/testkit";
import { expect, test } from "vitest";

const CHILD = fileURLToPath(new URL("heartbeat-child.ts", import.meta.url));

/** What a process that is busy for 4 s said in this time. */
async function saidWhileBusy(how: "works" | "stuck"): Promise<string[]> {
  const child = spawnNode(CHILD, [how], { ipc: true });
  const said: string[] = [];
  child.child.on("message", (message) => said.push(WorkerToSupervisor.parse(message).kind));
  await child.exited;
  return said.slice(0, said.indexOf("ready"));
}

test("a worker that is too busy for its event loop gives signs of life as long as it gets on", async () => {
  const [works, stuck] = await Promise.all([saidWhileBusy("works"), saidWhileBusy("stuck")]);
  expect(works.length).toBeGreaterThanOrEqual(2);
  expect(new Set(works)).toEqual(new Set(["heartbeat"]));
  expect(stuck).toEqual([]);
});

import { fileURLToPath } from "node:url";
import { WorkerToSupervisor } from "@flotilla/contracts";
import { spawnNode } from "@flotilla/testkit";
import { expect, test } from "vitest";

const CHILD = fileURLToPath(new URL("heartbeat-child.ts", import.meta.url));

/** The kinds of the messages that a process sends while its event loop is blocked for 4 s. */
async function saidWhileBusy(how: "works" | "stuck"): Promise<string[]> {
  const child = spawnNode(CHILD, [how], { ipc: true });
  const said: string[] = [];
  child.child.on("message", (message) => said.push(WorkerToSupervisor.parse(message).kind));
  await child.exited;
  return said.slice(0, said.indexOf("ready"));
}

test("a worker with a blocked event loop sends heartbeats while it reports progress", async () => {
  const [works, stuck] = await Promise.all([saidWhileBusy("works"), saidWhileBusy("stuck")]);
  expect(works.length).toBeGreaterThanOrEqual(2);
  expect(new Set(works)).toEqual(new Set(["heartbeat"]));
  expect(stuck).toEqual([]);
});

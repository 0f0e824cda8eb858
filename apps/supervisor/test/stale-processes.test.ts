import { fileURLToPath } from "node:url";
import { parseWorkerId } from "@flotilla/kernel";
import { processIdentity } from "@flotilla/sqlite";
import { isAlive, spawnNode, testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { HostDb } from "../src/host-db.ts";
import { endStaleProcesses } from "../src/stale-processes.ts";

const CHILD = fileURLToPath(new URL("fixtures/child.ts", import.meta.url));
const ID = parseWorkerId("news_1");

async function orphan() {
  const dir = await testDir("stale-");
  const db = new HostDb(`${dir}/host.db`);
  onTestFinished(() => db.close());
  const child = spawnNode(CHILD, [], { env: { PLAN: "ignore-term", JOURNAL: `${dir}/journal` } });
  const identity = await waitFor(() => processIdentity(child.pid));
  return { db, child, identity };
}

test.runIf(process.platform === "linux")(
  "what an earlier supervisor left behind is ended, by pid, start time and boot",
  async () => {
    const { db, child, identity } = await orphan();
    db.addChild(ID, identity);
    expect(await endStaleProcesses(db)).toEqual(["news_1"]);
    expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
    expect(db.children()).toEqual([]);
  },
);

test.runIf(process.platform === "linux").each([
  ["started at another time", { startTicks: "1" }],
  ["of another boot", { bootId: "11111111-2222-3333-4444-555555555555" }],
])("a process %s that has the pid now is left alone", async (_what, other) => {
  const { db, child, identity } = await orphan();
  db.addChild(ID, { ...identity, ...other });
  expect(await endStaleProcesses(db)).toEqual([]);
  expect(isAlive(child.pid)).toBe(true);
  expect(db.children(), "and forgotten").toEqual([]);
});

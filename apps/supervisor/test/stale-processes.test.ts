import { cpSync, existsSync, mkdirSync, renameSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseWorkerId } from "@flotilla/kernel";
import { type ProcessIdentity, processIdentity } from "@flotilla/os";
import { openSession } from "@flotilla/session-store";
import { isAlive, spawnNode, testDir, waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { endStaleProcesses } from "../src/fleet/stale-processes.ts";
import { HostDb } from "../src/record/host-db.ts";

const CHILD = fileURLToPath(new URL("fixtures/child.ts", import.meta.url));
const ID = parseWorkerId("news_1");
/** A dead process: no process has this start time. */
const GONE: ProcessIdentity = { pid: process.pid, startTicks: "1", bootId: "" };

function record(dir: string): HostDb {
  const db = new HostDb(`${dir}/host.db`);
  onTestFinished(() => db.close());
  return db;
}

/** A worker that survived its supervisor; with `own` it has its session file open. */
async function orphan(place: { dataDir: string; env?: string; own?: boolean }) {
  const { dataDir, env = dataDir, own = false } = place;
  mkdirSync(`${dataDir}/sessions`, { recursive: true });
  const session = `${dataDir}/sessions/${ID}.session`;
  if (own && !existsSync(session))
    openSession({ dir: `${dataDir}/sessions`, name: ID, fleetKey: Buffer.alloc(32, 1) }).close();
  const child = spawnNode(CHILD, [], {
    env: {
      PLAN: own ? "hold" : "ignore-term",
      JOURNAL: `${dataDir}/journal`,
      SESSION: session,
      DATA_DIR: env,
    },
  });
  const identity = await waitFor(() => processIdentity(child.pid));
  if (own) await child.waitForOutput("holds");
  return { child, identity };
}

describe.runIf(process.platform === "linux")("clean-up after an earlier supervisor", () => {
  test("a worker of this folder whose supervisor is gone is ended, by pid, start time and boot", async () => {
    const dir = await testDir("stale-");
    const { child, identity } = await orphan({ dataDir: dir });
    const db = record(dir);
    db.addChild(ID, identity, GONE);
    expect(await endStaleProcesses(db, dir)).toEqual(["news_1"]);
    expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
    expect(db.children()).toEqual([]);
  });

  test.each([
    ["started at another time", { startTicks: "1" }],
    ["of another boot", { bootId: "11111111-2222-3333-4444-555555555555" }],
  ])("a process %s that reuses the pid is left alone", async (_what, other) => {
    const dir = await testDir("stale-");
    const { child, identity } = await orphan({ dataDir: dir });
    const db = record(dir);
    db.addChild(ID, { ...identity, ...other }, GONE);
    expect(await endStaleProcesses(db, dir)).toEqual([]);
    expect(isAlive(child.pid)).toBe(true);
    expect(db.children(), "and forgotten").toEqual([]);
  });

  test("a worker whose supervisor is alive is left alone, in any folder", async () => {
    const dir = await testDir("stale-");
    const { child, identity } = await orphan({ dataDir: dir, own: true });
    const db = record(dir);
    db.addChild(ID, identity, processIdentity(process.pid));
    expect(await endStaleProcesses(db, dir)).toEqual([]);
    expect(isAlive(child.pid)).toBe(true);
  });

  test.each([false, true])(
    "a copied record ends no worker of the original folder, even without its supervisor (file open: %s)",
    async (own) => {
      const dir = await testDir("stale-");
      const { child, identity } = await orphan({ dataDir: `${dir}/first`, own });
      const first = new HostDb(`${dir}/first/host.db`);
      first.addChild(ID, identity, GONE);
      first.close();
      cpSync(`${dir}/first`, `${dir}/second`, { recursive: true, preserveTimestamps: true });
      expect(await endStaleProcesses(record(`${dir}/second`), `${dir}/second`)).toEqual([]);
      expect(isAlive(child.pid)).toBe(true);
    },
  );

  test("a worker that was started through a symbolic link to the folder is recognised", async () => {
    const dir = await testDir("stale-");
    mkdirSync(`${dir}/real`);
    symlinkSync(`${dir}/real`, `${dir}/link`);
    const { child, identity } = await orphan({ dataDir: `${dir}/real`, env: `${dir}/link` });
    const db = record(`${dir}/real`);
    db.addChild(ID, identity, GONE);
    expect(await endStaleProcesses(db, `${dir}/real`)).toEqual(["news_1"]);
    await child.exited;
  });

  test(
    "in a renamed folder the worker with its session open is ended, one of a copy at the old " +
      "path is not",
    async () => {
      const dir = await testDir("stale-");
      const { child, identity } = await orphan({ dataDir: `${dir}/old`, own: true });
      const first = new HostDb(`${dir}/old/host.db`);
      first.addChild(ID, identity, GONE);
      first.close();
      renameSync(`${dir}/old`, `${dir}/new`);
      cpSync(`${dir}/new`, `${dir}/old`, { recursive: true });
      expect(await endStaleProcesses(record(`${dir}/old`), `${dir}/old`)).toEqual([]);
      expect(isAlive(child.pid)).toBe(true);
      expect(await endStaleProcesses(record(`${dir}/new`), `${dir}/new`)).toEqual(["news_1"]);
      await child.exited;
    },
  );
});

import { appendFileSync, chownSync, copyFileSync, renameSync, rmSync, truncateSync } from "node:fs";
import { parseWorkerId } from "@flotilla/kernel";
import { type ProcessIdentity, processIdentity } from "@flotilla/os";
import { openSession } from "@flotilla/session-store";
import { openDatabase } from "@flotilla/sqlite";
import { isAlive, spawnProcess, testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { SessionService } from "../src/fleet/session-service.ts";
import { HostDb } from "../src/record/host-db.ts";
import { cause } from "../src/worker/broken-file-probe.ts";
import { ID, managed } from "./support.ts";

const root = process.getuid?.() === 0;
const sound = (path: string): void =>
  openDatabase({ path, role: "session", migrations: ["CREATE TABLE t (n)"] }).close();

test(
  "a worker that waits for its session file is LOCKED with its process alive, and its start " +
    "is answered at once",
  async () => {
    const { worker } = await managed({ plan: "locked-waiting" });
    expect(await worker.start()).toMatchObject({ kind: "ended", fault: { code: "sqlite-locked" } });
    expect(worker.status()).toMatchObject({
      state: "LOCKED",
      crashes: 0,
      fault: { message: "held by pid 42" },
    });
    expect(worker.status().pid).not.toBeNull();
    await worker.stop();
  },
);

test.runIf(root)(
  "a broken session file parks the worker; it starts automatically when the cause is gone, not before",
  async () => {
    const { worker, session, starts, states } = await managed({ plan: "file" });
    sound(session);
    chownSync(session, 12_345, 12_345);
    await worker.start();
    expect(worker.status()).toMatchObject({
      state: "BROKEN",
      pid: null,
      crashes: 0,
      fault: { code: "sqlite-foreign-owner" },
    });
    chownSync(session, 0, 0);
    await waitFor(() => worker.status().state === "RUNNING");
    expect(starts()).toBe(2);
    expect(states).toEqual(["STARTING", "BROKEN", "STARTING", "RUNNING"]);
  },
);

test("a damaged file is not retried before it changes", async () => {
  const { worker, session, starts, told } = await managed({ plan: "file" });
  sound(session);
  copyFileSync(session, `${session}.good`);
  appendFileSync(session, "damaged inside".padEnd(4096));
  await worker.start();
  expect(worker.status()).toMatchObject({ state: "BROKEN", fault: { code: "sqlite-corrupt" } });
  expect(cause(session, "sqlite-corrupt")()).toBe(false);
  expect(cause(session, "sqlite-io")()).toBe(true);
  renameSync(`${session}.good`, session);
  await waitFor(() => worker.status().state === "RUNNING");
  expect(starts()).toBe(2);
  expect(told.map(({ decision }) => decision.kind)).toEqual(["park"]);
});

test("each kind of damage is detected without a start", async () => {
  const path = `${await testDir("look-")}/a.session`;
  sound(path);
  const look = cause(path, "sqlite-corrupt");
  truncateSync(path, 5000);
  expect(look()).toBe(false);
  truncateSync(path, 0);
  expect(look()).toBe(false);
  rmSync(path);
  expect(look()).toBe(false);
  sound(path);
  expect(look()).toBe(true);
});

async function sessionService() {
  const dataDir = await testDir("sessions-");
  const db = new HostDb(`${dataDir}/host.db`);
  onTestFinished(() => db.close());
  const fleetKey = Buffer.alloc(32, 1);
  return {
    dataDir,
    db,
    fleetKey,
    service: new SessionService({ dataDir, fleetKey, db, graceMs: 2000 }),
  };
}

function identityOf(pid: number): ProcessIdentity {
  const identity = processIdentity(pid);
  if (!identity) throw new Error(`there is no process ${pid}`);
  return identity;
}

const LEGACY =
  "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1])\nc.execute('begin " +
  "immediate')\nprint('held',flush=True)\nimport time\ntime.sleep(600)";

test.runIf(process.platform === "linux")(
  "a holder that Flotilla started is ended after one more check, any other process is left alone",
  async () => {
    const { service: sessions, db } = await sessionService();
    sound(sessions.pathOf(ID));
    const holder = spawnProcess("python3", ["-c", LEGACY, sessions.pathOf(ID)]);
    await holder.waitForOutput("held");
    const noWorker = async (): Promise<boolean> => false;
    expect(await sessions.stopHolder(ID, holder.pid, noWorker)).toMatchObject({
      kind: "failed",
      code: "not-ours",
    });
    expect(await sessions.holder(ID, null)).toMatchObject({ pid: holder.pid, ours: false });
    const elsewhere = spawnProcess("sleep", ["600"]);
    db.addChild(ID, identityOf(elsewhere.pid));
    expect(
      await sessions.stopHolder(ID, elsewhere.pid, noWorker),
      "ours, but not in the way",
    ).toMatchObject({ kind: "done" });
    db.addChild(ID, identityOf(holder.pid));
    expect(await sessions.holder(ID, null)).toMatchObject({
      ours: true,
      command: expect.stringContaining("python3"),
    });
    holder.kill("SIGSTOP");
    expect(await sessions.stopHolder(ID, holder.pid, noWorker)).toMatchObject({ kind: "done" });
    expect(isAlive(holder.pid)).toBe(false);
    expect(isAlive(elsewhere.pid)).toBe(true);
  },
);

test("backups of a worker without a process are made, listed with their use, and restored", async () => {
  const { service: sessions, dataDir, fleetKey } = await sessionService();
  const worker = parseWorkerId("ann");
  const dir = `${dataDir}/sessions`;
  {
    using store = openSession({ dir, name: worker, fleetKey });
    store.beginLogin();
    store.setDc({ id: 2, address: "149.154.167.51", port: 443 });
    store.setAuthKey(Buffer.from(Array.from({ length: 256 }, (_, i) => i)));
    store.commitLogin({ id: "7000001", name: "Ann", username: null, phone: null });
    expect(() => sessions.backup(worker), "its owner holds it").toThrow(/in use/);
  }
  expect(sessions.backup(worker)).toMatch(/^Backed up: \S+\.manual \(\d+ KiB, checked\)\.$/);
  const [copy] = sessions.copies(worker);
  expect(copy).toMatchObject({
    kind: "backup",
    reason: "manual",
    verified: true,
    problem: null,
    sameKey: true,
  });
  expect(sessions.restoreHelps(worker)).toBe(false);
  truncateSync(sessions.pathOf(worker), 0);
  expect(sessions.copies(worker)[0], "there is no key left to compare with").toMatchObject({
    sameKey: null,
  });
  expect(sessions.restore(worker, copy?.id ?? "")).toMatch(
    /^Restored\. What was there before is kept as \S+\.damaged\.$/,
  );
  openSession({ dir, name: worker, fleetKey }).close();
});

import { randomBytes, randomUUID } from "node:crypto";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { makeArchive } from "@flotilla/archive";
import type { CommandOutcome, HostCommand } from "@flotilla/contracts";
import { parseWorkerId, systemClock, type WorkerId } from "@flotilla/kernel";
import { openSession } from "@flotilla/session-store";
import { testDir, waitFor } from "@flotilla/testkit";
import { describe, expect, test } from "vitest";
import { HostDb } from "../src/record/host-db.ts";
import { takeKnownWorkers } from "../src/record/known-here.ts";
import { FLEET_KEY, host } from "./host.ts";

const [A, B, C, D] = ["alpha", "beta", "gamma", "delta"].map(parseWorkerId) as [
  WorkerId,
  WorkerId,
  WorkerId,
  WorkerId,
];
const EXIT = { at: 5, uptimeMs: 10, class: "CRASH", exitCode: 1, signal: null } as const;

function session(dir: string, name: string): void {
  using store = openSession({ dir: `${dir}/sessions`, name, fleetKey: FLEET_KEY });
  store.beginLogin();
  store.setDc({ id: 2, address: "149.154.167.51", port: 443 });
  store.setAuthKey(randomBytes(256));
  store.commitLogin({
    id: String(7_000_000 + name.charCodeAt(0)),
    name,
    username: name,
    phone: "1555",
  });
  mkdirSync(`${dir}/logs`, { recursive: true });
  writeFileSync(`${dir}/logs/${name}.log`, "");
}

/** A data folder: alpha runs with rules of its own, beta and gamma are stopped; and its archive. */
async function recorded(): Promise<string> {
  const dir = `${await testDir("rescue-")}/data`;
  const db = new HostDb(`${dir}/host.db`);
  for (const id of [A, B, C]) session(dir, id);
  db.setDesired(A, "running", 1);
  db.setDesired(B, "stopped", 2);
  db.setDesired(C, "maintenance", 3);
  db.keepOwnRules(A, { crashLimit: 3 }, 4);
  db.recordExit(A, EXIT);
  db.close();
  await archived(dir);
  return dir;
}

async function archived(dataDir: string, fleetKey = FLEET_KEY): Promise<string> {
  const { path } = await makeArchive({
    dataDir,
    folder: `${dataDir}/archives`,
    fleetKey,
    host: "host-a",
    program: "0.1.0",
    clock: systemClock,
  });
  return path;
}

function lose(dir: string, how: "damaged" | "missing"): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${dir}/host.db${suffix}`, { force: true });
  if (how === "damaged") writeFileSync(`${dir}/host.db`, "x".repeat(9000));
}

/** A supervisor that starts on the folder. */
async function started(dir: string) {
  const it = await host("stay", 0, dir);
  takeKnownWorkers(it.db, dir, systemClock.now());
  await it.fleet.startDesired();
  const run = async (wish: Partial<HostCommand>, id: string = randomUUID()) => {
    const askedBy = { id: "777", name: "Ann" };
    const deadlineAt = Date.now() + 60_000;
    const base = { v: 1, askedBy, askedAt: 1, id, worker: parseWorkerId("other"), deadlineAt };
    await it.commands.carryOut({ ...base, ...wish } as HostCommand);
    const done = it.events.findLast(
      (event) => event.kind === "command.done" && event.command === id,
    );
    return done?.kind === "command.done" ? done.outcome : null;
  };
  const at = (outcome: CommandOutcome | null): number =>
    outcome?.kind === "record" ? (outcome.at ?? 0) : 0;
  const desired = () => Object.fromEntries(it.db.workers().map((row) => [row.id, row.desired]));
  return { ...it, run, at, desired };
}

describe("a host.db that was lost", () => {
  test.each(["damaged", "missing"] as const)(
    "%s: an archive brings back rules, exits and stops, once; running workers stay as they are",
    async (how) => {
      const dir = await recorded();
      lose(dir, how);
      const { run, at, desired, db, record, states, fleet, events } = await started(dir);
      const areUp = (): boolean => Object.values(states()).every((state) => state === "RUNNING");
      await waitFor(areUp, { what: "all three workers run" });
      expect(record.told()).toMatchObject({ backupAt: null });
      // What a supervisor leaves that is killed while it reads an archive.
      mkdirSync(`${dir}/looking`);
      writeFileSync(`${dir}/looking/host.db`, "half");
      await record.search();
      expect(record.told()).toMatchObject({
        trouble: how === "damaged" ? "record-set-aside" : "record-missing",
        backupAt: expect.any(Number),
      });
      db.recordExit(A, { ...EXIT, at: 9 });
      const pid = fleet.statuses().find(({ worker }) => worker === A)?.pid;
      const looked = await run({ kind: "record.look" });
      const brings = { rules: 1, exits: 1, stops: ["beta", "gamma"], starts: [], adds: [] };
      expect(looked).toMatchObject({ kind: "record", isLost: true, brings });
      const take = { kind: "record.take", at: at(looked) } as const;
      expect(await run(take, "take-0001")).toMatchObject({ kind: "record", brings });
      await waitFor(() => states()["gamma"] === "MAINTENANCE");
      expect(states()).toEqual({ alpha: "RUNNING", beta: "STOPPED", gamma: "MAINTENANCE" });
      expect(fleet.statuses().find(({ worker }) => worker === A)?.pid).toBe(pid);
      expect(desired()).toEqual({ alpha: "running", beta: "stopped", gamma: "maintenance" });
      expect(db.history(A).map((exit) => exit.at)).toEqual([5, 9]);
      expect(db.ownRules(A)).toEqual({ crashLimit: 3 });
      expect(record.told()).toBeNull();
      const told = events.length;
      expect(await run(take, "take-0001")).toMatchObject({ kind: "record", brings });
      expect(events.length, "done once, told again").toBe(told + 1);
      expect(await run(take)).toMatchObject({ kind: "failed", code: "record-not-lost" });
    },
  );

  test("what people did since the loss stays, also over a restart of the supervisor", async () => {
    const dir = await recorded();
    lose(dir, "damaged");
    const first = await started(dir);
    await first.run({ kind: "restart", worker: B });
    await first.run({ kind: "stop", worker: A });
    await first.run({ kind: "rules", worker: A, rules: { crashLimit: 9 } });
    await first.run({ kind: "forget", worker: C });
    await first.fleet.stopAll();
    first.db.close();
    const { run, at, desired, db, record } = await started(dir);
    expect(record.told(), "an earlier start told of it").toBeNull();
    await record.search();
    expect(record.told()).toMatchObject({ trouble: "record-set-aside" });
    const looked = await run({ kind: "record.look" });
    // A stop leaves the exits as they are; a restart and a deletion drop them.
    const brings = { rules: 0, exits: 1, stops: [], starts: [], adds: [] };
    expect(looked).toMatchObject({ kind: "record", brings });
    await run({ kind: "record.take", at: at(looked) });
    expect(desired()).toEqual({ alpha: "stopped", beta: "running" });
    expect(db.ownRules(A)).toEqual({ crashLimit: 9 });
  });

  test("workers whose logs are gone as well come back as they were", async () => {
    const dir = await recorded();
    lose(dir, "missing");
    rmSync(`${dir}/logs`, { recursive: true });
    const { run, at, db, desired, record, states } = await started(dir);
    expect(desired()).toEqual({});
    db.takeKnown([], systemClock.now());
    await record.search();
    const looked = await run({ kind: "record.look" });
    expect(looked).toMatchObject({ brings: { starts: ["alpha"], adds: ["beta", "gamma"] } });
    await run({ kind: "record.take", at: at(looked) });
    expect(desired()).toEqual({ alpha: "running", beta: "stopped", gamma: "maintenance" });
    await waitFor(() => states()["alpha"] === "RUNNING");
  });

  test("an archive that is garbage, of another key or later than the loss is passed over", async () => {
    const dir = await recorded();
    const other = await archived(dir, Buffer.alloc(32, 9));
    writeFileSync(await archived(dir), "garbage");
    copyFileSync(other, `${dir}/archives/host-a.20991231T000000000Z.flotilla`);
    lose(dir, "damaged");
    const { run, record } = await started(dir);
    await record.search();
    const looked = await run({ kind: "record.look" });
    expect(looked).toMatchObject({
      brings: { stops: ["beta", "gamma"] },
      useless: [{ code: expect.stringMatching(/^archive-/) }, { code: "wrong-fleet-key" }],
    });
  });

  test("without a usable archive it is told once, and a take is refused", async () => {
    const dir = await recorded();
    rmSync(`${dir}/archives`, { recursive: true });
    lose(dir, "damaged");
    const { run, record } = await started(dir);
    expect(record.told()).toMatchObject({ backupAt: null });
    await record.search();
    expect(record.told()).toBeNull();
    expect(await run({ kind: "record.look" })).toMatchObject({ kind: "record", at: null });
    expect(await run({ kind: "record.take", at: 1 })).toMatchObject({ code: "record-no-copy" });
  });

  test("an owner may leave the new record as it is", async () => {
    const dir = await recorded();
    lose(dir, "damaged");
    const { run, record, desired, db } = await started(dir);
    await record.search();
    expect(await run({ kind: "record.leave" })).toEqual({ kind: "done" });
    expect(record.told()).toBeNull();
    expect(desired()).toEqual({ alpha: "running", beta: "running", gamma: "running" });
    db.close();
    expect(new HostDb(`${dir}/host.db`).loss()).toBeNull();
  });

  test("a host whose last worker was deleted does not take it for a loss", async () => {
    const dir = await recorded();
    const first = await started(dir);
    for (const worker of [A, B, C]) await first.run({ kind: "forget", worker });
    await first.fleet.stopAll();
    first.db.close();
    const { desired, db } = await started(dir);
    expect(desired()).toEqual({});
    expect(db.loss()).toBeNull();
    expect(db.history(D)).toEqual([]);
  });
});

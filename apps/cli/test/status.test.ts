import type { WorkerState, WorkerStatus } from "@flotilla/contracts";
import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import { StatusWriter } from "@flotilla/queue";
import { startRedis, testDir } from "@flotilla/testkit";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { fleetOn, Machine } from "./kit.ts";

let machine: Machine;
beforeEach(async () => {
  machine = new Machine(await testDir());
});

function status(name: string, state: WorkerState, updatedAt = Date.now()): WorkerStatus {
  const since = updatedAt - 90_000;
  const link = null;
  return {
    v: 1,
    worker: parseWorkerId(name),
    host: parseHostId("host-a"),
    state,
    since,
    pid: 4121,
    startedAt: since,
    crashes: 0,
    crashLimit: 5,
    nextTryAt: null,
    fault:
      state === "NEEDS_LOGIN"
        ? { class: "AUTH_DEAD", code: "SESSION_REVOKED", message: "Session ended." }
        : null,
    link,
    updatedAt,
  };
}

async function fleetOf(...statuses: readonly WorkerStatus[]): Promise<void> {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  machine.env = { ...machine.env, REDIS_URL: redis.url };
  const writer = new StatusWriter(await fleetOn(redis.url), () => {});
  for (const each of statuses) await writer.write(each);
  writer.close();
}

test("a healthy fleet is one line per worker and exit code 0", async () => {
  await fleetOf(status("news", "RUNNING"), status("relay_3", "FLOOD"));
  const said = await machine.run(["status"]);
  expect(said).toMatchObject({ code: 0, stderr: "" });
  expect(said.stdout).toMatch(
    /^⏳ relay_3 {2}waiting \(flood\) for 9\d s {2}host-a, pid 4121\n✅ news {5}healthy for 9\d s/,
  );
});

test("a worker that needs an admin comes first with its fault, and the exit code is 1", async () => {
  await fleetOf(status("alpha", "RUNNING"), status("news", "NEEDS_LOGIN"));
  const said = await machine.run(["status"]);
  expect(said.code).toBe(1);
  expect(said.stdout).toMatch(/^🔑 news .*SESSION_REVOKED: Session ended\.\n✅ alpha/);
  expect(await machine.run(["status", "alp"])).toMatchObject({ code: 0 });
  expect(await machine.run(["status", "zeta"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("No worker has") as string,
  });
});

test("a session file that cannot be used needs an admin, as the card says", async () => {
  await fleetOf(status("news", "BROKEN"));
  const said = await machine.run(["status"]);
  expect(said.stdout).toMatch(/^🧯 news {2}session file unusable/);
  expect(said.code).toBe(1);
});

test("the last status of a dead supervisor counts as stale", async () => {
  await fleetOf(status("news", "RUNNING", Date.now() - 600_000));
  const said = await machine.run(["status"]);
  expect(said.code).toBe(1);
  expect(said.stdout).toMatch(/^❔ news {2}no report for 10 min \(was: healthy\)/);
  expect(await machine.json(["status"], 1)).toMatchObject({
    ok: false,
    workers: [{ worker: "news", stale: true }],
  });
});

test("a fleet that does not run is one sentence with its remedy", async () => {
  const said = await machine.run(["status"]);
  expect(said).toMatchObject({ code: 1, stdout: "" });
  expect(said.stderr).toContain("does not run here");
  machine.env = { ...machine.env, REDIS_URL: "redis://127.0.0.1:1" };
  expect(await machine.run(["status"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("ECONNREFUSED") as string,
  });
});

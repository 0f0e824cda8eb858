import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { childrenOf, isAlive, testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { launchFleet } from "./support/fleet.ts";
import { allGone, processesOf } from "./support/processes.ts";

const READY = /Flotilla is ready — open http:\S+/;

test("SIGTERM ends every process within its grace period, and the next start finds all data", async () => {
  const dir = await testDir("fleet-");
  const first = launchFleet(dir);
  await first.waitForOutput(READY, 60_000);
  const pids = await wholeTree(first.pid);
  first.kill("SIGTERM");
  expect(await first.exited).toEqual({ code: 0, signal: null });
  expect(pids.filter(isAlive)).toEqual([]);
  const second = launchFleet(dir);
  await second.waitForOutput(READY, 60_000);
});

test("kill -9 of the launcher leaves no process and no stale lock", async () => {
  const dir = await testDir("fleet-");
  const first = launchFleet(dir);
  await first.waitForOutput(READY, 60_000);
  const pids = await wholeTree(first.pid);
  first.kill("SIGKILL");
  await allGone(pids, 45_000);
  const second = launchFleet(dir);
  await second.waitForOutput(READY, 60_000);
});

test("an unusable OWNER_DIR is one sentence with its remedy, before any process starts", async () => {
  const fleet = launchFleet(await testDir("fleet-"), { OWNER_DIR: "/proc/flotilla" });
  expect(await fleet.exited).toEqual({ code: 1, signal: null });
  expect(fleet.stderr).toMatch(
    /^OWNER_DIR \(\/proc\/flotilla\) cannot be used: .* leave it out\.\n$/,
  );
  expect(fleet.stdout).not.toContain("ready");
});

test(
  "a second start on the same data folder is refused in one sentence, and the first keeps " +
    "running",
  async () => {
    const dir = await testDir("fleet-");
    const first = launchFleet(dir);
    await first.waitForOutput(READY, 60_000);
    const second = launchFleet(dir);
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.stderr).toMatch(/^Flotilla already runs on .*DATA_DIR to another folder\.\n$/);
    expect(isAlive(first.pid)).toBe(true);
  },
);

test.each(["SANDBOX_PORT", "HTTP_PORT"])(
  "a %s in use is one sentence with its remedy, and no process stays",
  async (name) => {
    const port = await takenPort();
    const fleet = launchFleet(await testDir("fleet-"), { [name]: String(port) });
    expect(await fleet.exited).toEqual({ code: 1, signal: null });
    expect(fleet.stderr.trim().split("\n")).toHaveLength(1);
    expect(fleet.stderr).toMatch(new RegExp(`${port}.*(in use|taken).*`));
    expect(fleet.stderr).toContain(name);
    expect(childrenOf(fleet.pid)).toEqual([]);
  },
);

test("an unreadable .env is one sentence with its remedy", async () => {
  const dir = await testDir("fleet-");
  mkdirSync(`${dir}/.env`);
  const fleet = launchFleet(dir);
  expect(await fleet.exited).toEqual({ code: 1, signal: null });
  expect(fleet.stderr).toMatch(/^The file \.env cannot be read .*\n$/);
});

test("all errors of a .env are reported at once, by name and without values", async () => {
  const dir = await testDir("fleet-");
  writeFileSync(
    `${dir}/.env`,
    "BOT_TOKEN=not-a-token-7391\nAPI_ID=seven7391\nADMIN_IDS=@ann7391\n",
  );
  const fleet = launchFleet(dir);
  expect(await fleet.exited).toEqual({ code: 1, signal: null });
  for (const name of ["BOT_TOKEN", "API_ID", "ADMIN_IDS"])
    expect(fleet.stderr).toContain(`- ${name} must`);
  expect(fleet.stdout + fleet.stderr).not.toContain("7391");
});

test("missing settings are reported by name when only some are set", async () => {
  const dir = await testDir("fleet-");
  writeFileSync(`${dir}/.env`, "API_ID=12345\n");
  const fleet = launchFleet(dir);
  expect(await fleet.exited).toEqual({ code: 1, signal: null });
  for (const name of ["BOT_TOKEN", "API_HASH", "ADMIN_IDS"])
    expect(fleet.stderr).toContain(`- ${name} is not set`);
});

test("without any Redis the error says how to get one", async () => {
  const fleet = launchFleet(await testDir("fleet-"), { FLOTILLA_REDIS_SERVER: "" });
  expect(await fleet.exited).toEqual({ code: 1, signal: null });
  expect(fleet.stderr).toMatch(/^No Redis was found\. Install redis-server, or set REDIS_URL/);
});

test("an unusable data folder is one sentence with its remedy", async () => {
  const dir = await testDir("fleet-");
  writeFileSync(`${dir}/file`, "");
  const fleet = launchFleet(dir, { DATA_DIR: "file/data" });
  expect(await fleet.exited).toEqual({ code: 1, signal: null });
  expect(fleet.stderr).toMatch(/^The data folder .* cannot be used \(ENOTDIR\)\. Make it writable/);
});

/** Launcher, Redis, sandbox, bot, supervisor and two workers. */
async function wholeTree(launcher: number): Promise<number[]> {
  const pids = (): number[] => processesOf(launcher);
  await waitFor(() => pids().length >= 7, { what: "all seven processes" });
  return pids();
}

async function takenPort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { childrenOf, childWith, isAlive, startRedis, testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { launchFleet, startFleet } from "./support/fleet.ts";
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

test.each([1, 2, 3, 4])(
  "a stop during the start, with %i processes up, leaves no process, and the next start works",
  async (count) => {
    const dir = await testDir("fleet-");
    const first = launchFleet(dir);
    await waitFor(() => processesOf(first.pid).length > count, { what: `${count} processes` });
    const pids = processesOf(first.pid);
    first.kill("SIGTERM");
    await first.exited;
    await allGone(pids, 45_000);
    const second = launchFleet(dir);
    await second.waitForOutput(READY, 60_000);
  },
);

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

test("with the settings of a sandbox in .env the same command runs on that server", async () => {
  const server = await startFleet();
  const sandbox = `${server.dataDir}/telegram`;
  const [, mtproto = ""] =
    /MTPROTO_DC=(\S+)/.exec(readFileSync(`${server.dataDir}/logs/sandbox.log`, "utf8")) ?? [];

  const dir = await testDir("fleet-");
  const values = {
    BOT_TOKEN: readFileSync(`${sandbox}/bot-token`, "utf8").trim(),
    API_ID: "4242",
    API_HASH: "0123456789abcdef0123456789abcdef",
    ADMIN_IDS: "1001",
    BOT_API_ROOT: server.url,
    MTPROTO_DC: mtproto,
    MTPROTO_DC_KEY: `${sandbox}/dc-key.pem`,
  };
  writeFileSync(
    `${dir}/.env`,
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  const real = launchFleet(dir);
  await real.waitForOutput(/Flotilla is ready — open https:\/\/t\.me\/\S+ and press Start/, 60_000);
  real.kill("SIGTERM");
  expect(await real.exited).toEqual({ code: 0, signal: null });
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

test("a killed bot restarts automatically, shows the present fleet and takes commands", async () => {
  const fleet = await startFleet();
  const chat = new AdminChat(fleet);
  await chat.start();
  await chat.press("Workers");
  await chat.press("demo_1");
  const before = await chat.shows(/Status: healthy/);
  process.kill(await childWith(fleet.process.pid, "/bot/src/main.ts"), "SIGKILL");
  await fleet.process.waitForOutput(/The bot ended \(SIGKILL\)\. Starting it again \(1\/5\)/);
  await chat.press("Restart");
  const after = await chat.shows(/Restarted/);
  expect(pidOn(after.text)).not.toBe(pidOn(before.text));
});

test("workers of a killed supervisor end with it and restart, and no key is used twice", async () => {
  const fleet = await startFleet();
  const chat = new AdminChat(fleet);
  await chat.start();
  await chat.press("Workers");
  await chat.press("demo_1");
  const before = pidOn((await chat.shows(/Status: healthy/)).text);
  process.kill(await childWith(fleet.process.pid, "/supervisor/src/main.ts"), "SIGKILL");
  await waitFor(() => !isAlive(before), { what: "the worker to end with its supervisor" });
  await waitFor(
    async () => ![Number.NaN, before].includes(pidOn((await chat.shows(/Status: healthy/)).text)),
    {
      timeoutMs: 45_000,
    },
  );
  const log = await fleet.get<{ event: string }[]>("connections/log");
  expect(log.filter((entry) => entry.event === "duplicated")).toEqual([]);
});

function pidOn(card: string): number {
  return Number(/pid (\d+)/.exec(card)?.[1]);
}

test("without Redis a press is answered at once, and a stop still ends every process in order", async () => {
  const redis = await startRedis({ persistence: "aof" });
  onTestFinished(() => redis.stop());
  const fleet = await startFleet({ REDIS_URL: redis.url });
  const chat = new AdminChat(fleet);
  await chat.start();
  await chat.press("Workers");
  await chat.press("demo_1");
  await chat.shows(/Status: healthy/);
  const pids = processesOf(fleet.process.pid);
  await redis.kill9();
  // A command that was under way when Redis ended may have been carried out.
  const said =
    /Redis is not running[\s\S]*[Nn]othing was done|Redis cannot be reached[\s\S]*may still be done/;
  expect((await chat.press("Restart")).toast?.text).toMatch(said);
  await chat.shows(/Redis is not running/);
  fleet.process.kill("SIGTERM");
  expect(await fleet.process.exited).toEqual({ code: 0, signal: null });
  expect(pids.filter(isAlive)).toEqual([]);
  expect(readFileSync(`${fleet.dataDir}/logs/demo_1.log`, "utf8")).toContain("Shutdown complete");
});

import { readFileSync, writeFileSync } from "node:fs";
import { childWith, isAlive, startRedis, testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { launchFleet, startFleet } from "./support/fleet.ts";
import { allGone, processesOf } from "./support/processes.ts";

const READY = /Flotilla is ready — open http:\S+/;

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

import { existsSync, readFileSync, truncateSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isAlive, type SpawnedProcess, spawnNode, spawnProcess } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { startFleet, type TestFleet } from "./support/fleet.ts";

const WORKER = fileURLToPath(new URL("../../apps/worker/src/main.ts", import.meta.url));

/** Telethon and Pyrogram keep their sessions in SQLite through this. */
const PYTHON = ["/usr/bin/python3", "/usr/local/bin/python3"].find((path) => existsSync(path)) ?? "/usr/bin/python3";

/** A worker process that somebody starts by hand, beside the supervisor. */
function workerByHand(fleet: TestFleet, name: string): SpawnedProcess {
  const log = readFileSync(`${fleet.dataDir}/logs/sandbox.log`, "utf8");
  const env = {
    DATA_DIR: fleet.dataDir,
    REDIS_URL: `${fleet.dataDir}/redis/redis.sock`,
    API_ID: "1",
    API_HASH: "0".repeat(32),
    HOST_ID: "host-a",
    MTPROTO_DC: /MTPROTO_DC=(\S+)/.exec(log)?.[1] ?? "",
    MTPROTO_DC_KEY: `${fleet.dataDir}/telegram/dc-key.pem`,
  };
  return spawnNode(WORKER, ["--worker", name], { env });
}

async function healthyDemo(): Promise<{ fleet: TestFleet; chat: AdminChat; pid: number }> {
  const fleet = await startFleet();
  const chat = new AdminChat(fleet);
  await chat.start();
  await chat.press("Workers");
  await chat.press("demo_1");
  const card = await chat.shows(/Status: healthy/);
  return { fleet, chat, pid: Number(/pid (\d+)/.exec(card.text)?.[1]) };
}

test("a second process for a session is refused, says so, and never reaches Telegram", async () => {
  const { fleet, pid } = await healthyDemo();
  const before = await fleet.get<unknown[]>("connections/log");
  const second = workerByHand(fleet, "demo_1");
  expect(await second.exited).toMatchObject({ code: 1 });
  expect(second.stderr, "the holder is named").toContain(`held by pid ${pid} `);
  expect(await fleet.get<unknown[]>("connections/log")).toHaveLength(before.length);
  expect(isAlive(pid)).toBe(true);
});

test.skipIf(!existsSync(PYTHON))("a legacy program that comes later is locked out of the session file", async () => {
  const { fleet } = await healthyDemo();
  const script =
    "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1],timeout=0.1)\nprint(c.execute('select count(*) from sqlite_master').fetchone())";
  const legacy = spawnProcess(PYTHON, ["-c", script, `${fleet.dataDir}/sessions/demo_1.session`]);
  expect(await legacy.exited).toMatchObject({ code: 1 });
  expect(legacy.stderr).toContain("database is locked");
});

test.skipIf(!existsSync(PYTHON))(
  "a legacy program that came first is waited for, and the worker starts when it has gone",
  async () => {
    const { fleet, chat } = await healthyDemo();
    await chat.press("Stop");
    await chat.shows(/Status: stopped/);
    const script =
      "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1])\nc.execute('begin immediate')\nprint('held',flush=True)\nsys.stdin.read()";
    const legacy = spawnProcess(PYTHON, [
      "-c",
      `${script}\nimport time\ntime.sleep(600)`,
      `${fleet.dataDir}/sessions/demo_1.session`,
    ]);
    await legacy.waitForOutput("held");
    await chat.press("Start");
    await chat.shows(/Status: session locked/);
    await chat.shows(new RegExp(`demo_1: session file in use[\\s\\S]*held by pid ${legacy.pid} .*python`));
    await chat.press("Who holds it?");
    await chat.shows(new RegExp(`pid ${legacy.pid} .*python[\\s\\S]*lock: write; not ours`));
    legacy.kill("SIGKILL");
    await legacy.exited;
    await chat.press("Restart");
    await chat.shows(/Status: healthy/);
  },
);

test.skipIf(!existsSync(PYTHON))("a legacy program that has the file open and sleeps is found and named too", async () => {
  const { fleet, chat } = await healthyDemo();
  await chat.press("Stop");
  await chat.shows(/Status: stopped/);
  const script =
    "import sqlite3,sys,time\nc=sqlite3.connect(sys.argv[1])\nc.execute('select 1 from sqlite_master').fetchall()\nprint('idle',flush=True)\ntime.sleep(600)";
  const legacy = spawnProcess(PYTHON, ["-c", script, `${fleet.dataDir}/sessions/demo_1.session`]);
  await legacy.waitForOutput("idle");
  await chat.press("Start");
  await chat.shows(new RegExp(`demo_1: session file in use[\\s\\S]*held by pid ${legacy.pid} `));
});

test("a damaged session file is told as what it is, and not tried again and again", async () => {
  const { fleet, chat } = await healthyDemo();
  await chat.press("Stop");
  await chat.shows(/Status: stopped/);
  truncateSync(`${fleet.dataDir}/sessions/demo_1.session`, 0);
  await chat.press("Start");
  await chat.shows(/demo_1 gave up[\s\S]*empty[\s\S]*A restart cannot help/);
});

import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openIdle } from "@flotilla/session-store";
import {
  childWith,
  isAlive,
  type SpawnedProcess,
  spawnNode,
  spawnProcess,
  testDir,
} from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { launchFleet, startFleet, type TestFleet } from "./support/fleet.ts";

const WORKER = fileURLToPath(new URL("../../apps/worker/src/main.ts", import.meta.url));

/** Telethon and Pyrogram use this Python's SQLite for their sessions. */
const PYTHON =
  ["/usr/bin/python3", "/usr/local/bin/python3"].find((path) => existsSync(path)) ??
  "/usr/bin/python3";

/** A worker process started by hand, beside the supervisor. */
function workerByHand(fleet: TestFleet, name: string): SpawnedProcess {
  const env = {
    ...serverOf(fleet),
    DATA_DIR: fleet.dataDir,
    REDIS_URL: `${fleet.dataDir}/redis/redis.sock`,
    HOST_ID: "host-a",
  };
  return spawnNode(WORKER, ["--worker", name], { env });
}

/** Settings that reach the data centre of a fleet's sandbox. */
function serverOf(fleet: TestFleet): Record<string, string> {
  const log = readFileSync(`${fleet.dataDir}/logs/sandbox.log`, "utf8");
  const address = /MTPROTO_DC=(\S+)/.exec(log)?.[1] ?? "";
  return {
    API_ID: "1",
    API_HASH: "0".repeat(32),
    MTPROTO_DC: address,
    MTPROTO_DC_KEY: `${fleet.dataDir}/telegram/dc-key.pem`,
  };
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

test("a second process for a session ends with an error and never connects to Telegram", async () => {
  const { fleet, pid } = await healthyDemo();
  const before = await fleet.get<unknown[]>("connections/log");
  const second = workerByHand(fleet, "demo_1");
  expect(await second.exited).toMatchObject({ code: 1 });
  expect(second.stderr, "the error names the holder").toContain(`held by pid ${pid} `);
  expect(await fleet.get<unknown[]>("connections/log")).toHaveLength(before.length);
  expect(isAlive(pid)).toBe(true);
});

test.skipIf(!existsSync(PYTHON))(
  "a legacy program that starts later cannot open the session file",
  async () => {
    const { fleet } = await healthyDemo();
    const script =
      "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1],timeout=0.1)\nprint(c.execute('select " +
      "count(*) from sqlite_master').fetchone())";
    const legacy = spawnProcess(PYTHON, ["-c", script, `${fleet.dataDir}/sessions/demo_1.session`]);
    expect(await legacy.exited).toMatchObject({ code: 1 });
    expect(legacy.stderr).toContain("database is locked");
  },
);

test.skipIf(!existsSync(PYTHON))(
  "the worker waits for a legacy program that came first and starts when it ends",
  async () => {
    const { fleet, chat } = await healthyDemo();
    await chat.press("Stop");
    await chat.shows(/Status: stopped/);
    const script =
      "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1])\nc.execute('begin " +
      "immediate')\nprint('held',flush=True)\nsys.stdin.read()";
    const legacy = spawnProcess(PYTHON, [
      "-c",
      `${script}\nimport time\ntime.sleep(600)`,
      `${fleet.dataDir}/sessions/demo_1.session`,
    ]);
    await legacy.waitForOutput("held");
    await chat.press("Start");
    await chat.shows(/Status: session locked/);
    await chat.shows(new RegExp(`demo_1: session file in use[\\s\\S]*pid ${legacy.pid} .*python`));
    await chat.press("Who holds it?");
    await chat.shows(
      new RegExp(
        `These have the session file open[\\s\\S]*pid ${legacy.pid} .*python.*not started by Flotilla`,
      ),
    );
    legacy.kill("SIGKILL");
    await legacy.exited;
    // No button is pressed: the worker's process retries until the file is free.
    await chat.shows(/Status: healthy/);
    await chat.shows(/✅ demo_1 #A\d+ resolved/);
  },
);

test.skipIf(!existsSync(PYTHON))(
  "a sleeping legacy program with the file open is named too",
  async () => {
    const { fleet, chat } = await healthyDemo();
    await chat.press("Stop");
    await chat.shows(/Status: stopped/);
    const script =
      "import sqlite3,sys,time\nc=sqlite3.connect(sys.argv[1])\nc.execute('select 1 from " +
      "sqlite_master').fetchall()\nprint('idle',flush=True)\ntime.sleep(600)";
    const legacy = spawnProcess(PYTHON, ["-c", script, `${fleet.dataDir}/sessions/demo_1.session`]);
    await legacy.waitForOutput("idle");
    await chat.press("Start");
    await chat.shows(new RegExp(`demo_1: session file in use[\\s\\S]*pid ${legacy.pid} `));
  },
);

test(
  "a damaged session file is reported as damaged, causes no restart loop, and a restore " +
    "repairs it",
  async () => {
    const { fleet, chat } = await healthyDemo();
    await chat.press("Backups");
    await chat.shows(/Backups of demo_1[\s\S]*There are no copies yet/);
    await chat.press("Back up now");
    await chat.shows(/Backed up: \S+\.manual/);
    await chat.press("Stop");
    await chat.shows(/Status: stopped/);
    truncateSync(`${fleet.dataDir}/sessions/demo_1.session`, 0);
    await chat.press("Start");
    await chat.shows(
      /demo_1: its session file cannot be used[\s\S]*is empty[\s\S]*checks the file every 30 s/,
    );
    await chat.shows(/Status: session file unusable/);
    await chat.press("Backups");
    await chat.shows(/by hand · \d+ KB · ✓ verified/);
    await chat.press("🧯 Restore 2");
    await chat.shows(/Restore this copy for demo_1\?/);
    await chat.press("🧯 Restore demo_1");
    await chat.shows(/Status: healthy/);
    await chat.shows(/✅ demo_1 #A\d+ resolved/);
  },
);

test(
  "deleting the session file of a running worker ends it at once, and a restore starts it " +
    "again",
  async () => {
    const { fleet, chat, pid } = await healthyDemo();
    await chat.press("Backups");
    await chat.press("Back up now");
    await chat.shows(/Backed up: \S+\.manual/);
    rmSync(`${fleet.dataDir}/sessions/demo_1.session`);
    await chat.shows(/demo_1: its session file cannot be used[\s\S]*The session file was deleted/);
    expect(isAlive(pid)).toBe(false);
    await chat.press("Retry now");
    await chat.shows(/The session file is gone, though there was one/);
    await chat.press("👷 Details");
    await chat.press("Backups");
    await chat.press("🧯 Restore 2");
    await chat.press("🧯 Restore demo_1");
    await chat.shows(/Status: healthy/);
  },
);

test("a session string of another program becomes a worker without a login, once", async () => {
  const { fleet, chat } = await healthyDemo();
  await chat.press("Stop");
  await chat.shows(/Status: stopped/);
  const file = `${await testDir("strings-")}/nora.txt`;
  writeFileSync(file, stringSession(fleet, "demo_1"), { mode: 0o600 });
  const again = flotilla(["import", file, "--name", "copy", "--yes"], {
    DATA_DIR: `${fleet.dataDir}/..`,
  });
  expect(await again.exited).toMatchObject({ code: 1 });
  expect(again.stderr, "the error names the owner of the session").toMatch(/demo_1/);
  const other = await otherFleet(fleet);
  const imported = flotilla(["import", file, "--name", "nora", "--yes"], other.env);
  expect(await imported.exited, imported.stderr).toMatchObject({ code: 0 });
  const bot = await childWith(fleet.process.pid, "/bot/src/main.ts");
  process.kill(bot, "SIGSTOP");
  onTestFinished(() => void (isAlive(bot) && process.kill(bot, "SIGKILL")));
  const second = launchFleet(other.dir, other.env);
  await second.waitForOutput(/Flotilla is ready/, 60_000);
  await chat.say("/menu");
  await chat.press("Add");
  await chat.shows(/Send a name, such as/);
  await chat.say("nora");
  await chat.shows(/✅ nora[\s\S]*Account: Nora News[\s\S]*Status: healthy/);
  const log = await fleet.get<{ event: string }[]>("connections/log");
  expect(log.filter((entry) => entry.event === "duplicated")).toEqual([]);
});

/** The session as a GramJS string: "1" and base64 of data centre, address, port and key. */
function stringSession(fleet: TestFleet, name: string): string {
  const fleetKey = Buffer.from(readFileSync(`${fleet.dataDir}/fleet.key`, "utf8").trim(), "hex");
  using store = openIdle({ dir: `${fleet.dataDir}/sessions`, name, fleetKey });
  const address = Buffer.from("149.154.167.51");
  const head = Buffer.from([2, 0, address.length]);
  const port = Buffer.from([0x01, 0xbb]);
  return `1${Buffer.concat([head, address, port, store.authKey() ?? Buffer.alloc(0)]).toString("base64")}`;
}

/** Runs the command line as a user does. */
function flotilla(args: readonly string[], env: Readonly<Record<string, string>>): SpawnedProcess {
  return spawnNode(fileURLToPath(new URL("../../apps/cli/src/main.ts", import.meta.url)), args, {
    env,
  });
}

/** Settings of a second fleet on the sandbox of the first. */
async function otherFleet(fleet: TestFleet): Promise<{ dir: string; env: Record<string, string> }> {
  const dir = await testDir("other-");
  const values = {
    BOT_TOKEN: readFileSync(`${fleet.dataDir}/telegram/bot-token`, "utf8").trim(),
    ADMIN_IDS: "1001",
    BOT_API_ROOT: fleet.url,
  };
  return { dir, env: { ...serverOf(fleet), ...values, DATA_DIR: `${dir}/data` } };
}

import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { childWith, spawnNode, waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { runsWorker, startFleet, startFleetIn, type TestFleet } from "./support/fleet.ts";
import { pictured } from "./support/picture.ts";

const CLI = fileURLToPath(new URL("../../apps/cli/src/main.ts", import.meta.url));

/** A stopped fleet whose first demo worker was on Telegram. */
async function stopped(): Promise<{ dir: string; dataDir: string }> {
  const fleet = await startFleet();
  await healthy(fleet);
  fleet.process.kill("SIGTERM");
  await fleet.process.exited;
  return { dir: dirname(dirname(fleet.dataDir)), dataDir: fleet.dataDir };
}

async function healthy(fleet: TestFleet): Promise<AdminChat> {
  const chat = new AdminChat(fleet);
  await chat.start();
  await chat.press("Workers");
  await chat.press("demo_1");
  await chat.shows(/Status: healthy/);
  return chat;
}

/** Makes an archive of a stopped fleet, as its schedule does. */
async function backUp(dataDir: string): Promise<void> {
  const made = spawnNode(CLI, ["backup"], {
    env: { HOST_ID: "host-a", DATA_DIR: dirname(dataDir) },
  });
  expect((await made.exited).code, made.stderr).toBe(0);
}

test("after a lost control.db every worker is in the chat", async () => {
  const { dir, dataDir } = await stopped();
  for (const name of readdirSync(dataDir).filter((it) => it.startsWith("control.db")))
    rmSync(`${dataDir}/${name}`);
  await healthy(await startFleetIn(dir));
});

test("a damaged host.db is renamed and reported, and its workers run", async () => {
  const { dir, dataDir } = await stopped();
  writeFileSync(`${dataDir}/host.db`, `a log line\n${"x".repeat(20_000)}`);
  const chat = await healthy(await startFleetIn(dir, { ALERT_HOLD_S: "0" }));
  await chat.shows(
    /host\.db was damaged; Flotilla started a new one[\s\S]*host\.db → \S+host\.db\.damaged-/,
  );
  expect(readdirSync(dataDir).filter((name) => name.startsWith("host.db.damaged-"))).toHaveLength(
    1,
  );
});

test("a lost host.db is taken over from the backup with two presses, over a kill -9", async () => {
  const before = await startFleet();
  const earlier = await healthy(before);
  await earlier.press("Stop");
  await earlier.shows(/Status: stopped/);
  before.process.kill("SIGTERM");
  await before.process.exited;
  const { dataDir } = before;
  await backUp(dataDir);
  for (const name of readdirSync(dataDir).filter((it) => it.startsWith("host.db")))
    rmSync(`${dataDir}/${name}`);
  const dir = dirname(dirname(dataDir));
  const first = await startFleetIn(dir, { ALERT_HOLD_S: "0" });
  await new AdminChat(first).shows(/host\.db was gone[\s\S]*press ♻️/);
  const supervisor = await childWith(first.process.pid, "supervisor/src/main.ts");
  process.kill(supervisor, "SIGKILL");
  await waitFor(
    async () => (await childWith(first.process.pid, "supervisor/src/main.ts")) !== supervisor,
    { timeoutMs: 30_000, what: "another supervisor" },
  );
  const chat = await healthy(first);
  await chat.shows(/host\.db was gone[\s\S]*press ♻️/);
  await chat.say("/workers");
  // It never had a session, so nothing on the host says that it was there.
  await chat.shows(/demo_2\s+not reported by host-a/);
  await chat.press("Backup of");
  await chat.shows(/brings back[\s\S]*stopped again: demo_1/);
  await pictured(first, "record", /brings back/);
  await chat.press("Take it over");
  await chat.shows(/Taken over from the backup[\s\S]*stopped again: demo_1/);
  await chat.say("/workers");
  await chat.press("demo_1");
  await chat.shows(/Status: stopped/);
});

test(
  "without both databases and all logs the chat names sessions without a worker, and ➕ Add " +
    "takes one as it is",
  async () => {
    const { dir, dataDir } = await stopped();
    for (const name of readdirSync(dataDir).filter((it) => /^(control|host)\.db/.test(it)))
      rmSync(`${dataDir}/${name}`);
    rmSync(`${dataDir}/logs`, { recursive: true });
    const fleet = await startFleetIn(dir, { ALERT_HOLD_S: "0" });
    const chat = new AdminChat(fleet);
    await chat.start();
    await chat.shows(/session files without a worker[\s\S]*demo_1[\s\S]*press ➕ Add/);
    await chat.press("Workers");
    await chat.press("Add");
    // A worker that was added is started.
    await chat.say("demo_1");
    await chat.shows(/Status: healthy/);
  },
);

test("with a damaged control.db workers run, and the chat puts back the last backup", async () => {
  const { dir, dataDir } = await stopped();
  await backUp(dataDir);
  writeFileSync(`${dataDir}/control.db`, "x".repeat(9000));
  const fleet = await startFleetIn(dir);
  await runsWorker(fleet);
  const chat = new AdminChat(fleet);
  await chat.shows(/database of this bot is damaged[\s\S]*In it: \d workers/);
  expect(readFileSync(`${dataDir}/control.db`, "utf8")).toBe("x".repeat(9000));
  await pictured(fleet, "rescue", /database of this bot is damaged/);
  await chat.press("Put back");
  await chat.shows(/Put back the database of/);
  await pictured(fleet, "rescue-sure", /Put back the database of/);
  await chat.press("Yes, put it back");
  await chat.shows(/The bot runs again with the database of/);
  await pictured(fleet, "rescue-done", /The bot runs again/);
  await chat.press("Menu");
  await chat.press("Workers");
  await chat.press("demo_1");
  await chat.shows(/Status: healthy/);
});

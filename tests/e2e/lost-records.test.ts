import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { launchFleet, startFleet, startFleetIn, type TestFleet } from "./support/fleet.ts";

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

test("a damaged control.db is named with its path and the remedy", async () => {
  const { dir, dataDir } = await stopped();
  writeFileSync(`${dataDir}/control.db`, "x".repeat(9000));
  const again = launchFleet(dir);
  expect((await again.exited).code).toBe(1);
  expect(again.stderr).toContain(`The bot's database ${dataDir}/control.db is damaged`);
  expect(again.stderr).toContain(`mv ${dataDir}/control.db`);
  expect(readFileSync(`${dataDir}/control.db`, "utf8")).toBe("x".repeat(9000));
});

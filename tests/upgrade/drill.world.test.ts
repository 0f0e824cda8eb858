/** The upgrade of a whole data folder of version 0.1, and the way back. */
import { chmodSync, cpSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { spawnNode, testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { AdminChat } from "../e2e/support/chat.ts";
import { runsWorker, startFleetIn } from "../e2e/support/fleet.ts";

const FIXTURES = join(import.meta.dirname, "../fixtures/v0.1");
const CLI = fileURLToPath(new URL("../../apps/cli/src/main.ts", import.meta.url));
/** Each database, and its folder. */
const DATABASES = [
  ["", "control.db"],
  ["", "host.db"],
  ["sessions", "news_1.session"],
] as const;

/** All rows of all tables, and the schema version. */
function contentOf(path: string): unknown {
  using db = new DatabaseSync(path, { readOnly: true });
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all() as { name: string }[];
  return {
    version: db.prepare("PRAGMA user_version").get(),
    rows: tables.map(({ name }) => [name, db.prepare(`SELECT * FROM "${name}"`).all()]),
  };
}

test("data of version 0.1 runs today, with a copy of each database as it was, which leads back", async () => {
  const dir = await testDir("upgrade-");
  const dataDir = join(dir, "data", "sandbox");
  cpSync(FIXTURES, dataDir, { recursive: true });
  for (const name of ["README.md", "callbacks.json", "redis.json", "routes.json", "wire.json"])
    rmSync(join(dataDir, name));
  // Git keeps no more of a mode than whether a file may be run.
  for (const name of readdirSync(dataDir, { recursive: true, encoding: "utf8" }))
    chmodSync(join(dataDir, name), name === "sessions" ? 0o700 : 0o600);
  const before = DATABASES.map(([folder, name]) => contentOf(join(dataDir, folder, name)));

  const check = spawnNode(CLI, ["upgrade", "--check"], {
    env: { DATA_DIR: dirname(dataDir), HOST_ID: "host-a" },
  });
  await check.exited;
  for (const name of ["control.db", "host.db", "sessions/news_1.session"])
    expect(check.stdout).toMatch(
      new RegExp(`${name}: schema \\d+ → \\d+; a verified copy is made`),
    );
  expect(DATABASES.map(([folder, name]) => contentOf(join(dataDir, folder, name)))).toEqual(before);

  const fleet = await startFleetIn(dir, { ALERT_HOLD_S: "0" });
  await runsWorker(fleet);
  const chat = new AdminChat(fleet);
  await chat.start();
  await chat.press("Workers");
  await chat.press("news_1");
  // The account of the recorded session is not in this sandbox, which does not know its key.
  await chat.shows(/news_1[\s\S]*does not know the key of this session/);
  await chat.say("/menu");
  await chat.press("Routes");
  await chat.shows(/copy_news[\s\S]*fwd_news[\s\S]*bot_news[\s\S]*hook_news/);
  fleet.process.kill("SIGTERM");
  await fleet.process.exited;

  const copies = DATABASES.map(([folder, name]) => {
    const kept = readdirSync(join(dataDir, folder, "upgrades"));
    return join(
      dataDir,
      folder,
      "upgrades",
      kept.find((each) => each.startsWith(`${name}.v`)) ?? "",
    );
  });
  expect(copies.map(contentOf), "the copies are what 0.1 had").toEqual(before);
});

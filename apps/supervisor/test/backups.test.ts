import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readBackupNote, runBackup } from "@flotilla/archive";
import { openSession } from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";

test("the command line makes the archive, in a process of its own", async () => {
  const dataDir = join(await testDir(), "data");
  mkdirSync(dataDir, { mode: 0o700 });
  writeFileSync(join(dataDir, "fleet.key"), `${"07".repeat(32)}\n`, { mode: 0o600 });
  openSession({
    dir: join(dataDir, "sessions"),
    name: "ann",
    fleetKey: Buffer.alloc(32, 7),
  }).close();
  const cli = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));
  const env = { DATA_DIR: dataDir, BOT_TOKEN: `1:${"a".repeat(30)}`, HOST_ID: "host-a" };
  await runBackup(cli, env, new AbortController().signal);
  expect(readBackupNote(dataDir)?.tried.problem).toBeNull();
  expect(readBackupNote(dataDir)?.good?.workers).toBe(1);
  expect(readdirSync(join(dataDir, "backups"))).toHaveLength(1);
});

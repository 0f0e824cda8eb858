/** A bot alone, as in compose and Kubernetes: no supervisor looks after its folder. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { archivesIn, lookInto, verifyArchive } from "@flotilla/archive";
import { testDir, waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { openControlDb } from "../src/kit/control-db.ts";
import { factsOf } from "../src/rescue/copies.ts";
import { ScheduleStore } from "../src/schedules/schedule-store.ts";
import { botPlace, FLEET_KEY } from "./bot-process.ts";
import { HOST, WORKER } from "./support.ts";

const DAY_MS = 24 * 3_600_000;

test.each([
  ["in its data folder", false],
  ["in BACKUP_DIR, beside those of a host", true],
])("it makes its own archive when the schedule is due, %s", async (_where, isElsewhere) => {
  const at = await botPlace();
  const { dataDir } = at;
  const db = openControlDb(join(dataDir, "control.db"));
  new ScheduleStore(db).begin(Date.now() - DAY_MS - 3_600_000);
  db.close();
  const folder = isElsewhere ? await testDir("backups-") : join(dataDir, "backups");
  const ofHost = join(folder, `${HOST}.20261101T000000000Z.flotilla`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(ofHost, "of the supervisor");
  const more = isElsewhere ? { BACKUP_DIR: folder } : {};
  const bot = await at.start({ ...more, BACKUP_KEEP: "1" });
  const [made] = await waitFor(
    () => {
      const found = archivesIn(join(folder, "bot"), HOST);
      return found.length > 0 && found;
    },
    { what: "an archive of the bot", timeoutMs: 40_000 },
  );
  const { path = "" } = made ?? {};
  const scratch = join(dataDir, "scratch");
  const manifest = await verifyArchive({ path, fleetKey: FLEET_KEY, scratch });
  expect(manifest.files).toContainEqual(
    expect.objectContaining({ name: "control.db", problem: null }),
  );
  const look = { path, fleetKey: FLEET_KEY, name: "control.db", scratch } as const;
  expect((await lookInto(look, factsOf)).workers).toEqual([WORKER]);
  await at.chat.post("/chat/text", { user: 777, text: "/health" });
  await at.says(/(✅|⚠️) Backup of the bot’s folder/);
  expect(existsSync(ofHost), "each keeps BACKUP_KEEP").toBe(true);
  bot.kill("SIGTERM");
  expect((await bot.exited).code).toBe(0);
  expect(readdirSync(join(folder, "bot"))).toHaveLength(1);
});

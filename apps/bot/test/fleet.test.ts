import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseConfig } from "@flotilla/config";
import { fleetKeyId, parseWorkerId } from "@flotilla/kernel";
import { parseFleet } from "@flotilla/queue";
import { sharedRedis, testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { SettingStore } from "../src/admins/setting-store.ts";
import { claim } from "../src/app/fleet.ts";
import { WorkerStore } from "../src/workers/worker-store.ts";
import { controlDb, HOST } from "./support.ts";

const KEYS = ["07", "08", "09"].map((byte) => byte.repeat(32));
const idOf = (n: number): string => fleetKeyId(Buffer.from(KEYS[n] ?? "", "hex"));

async function bot() {
  const [db, dataDir, { url }] = [await controlDb(), await testDir(), await sharedRedis()];
  const settings = new SettingStore(db);
  const start = async (key: number) => {
    const env = {
      BOT_TOKEN: `1:${"a".repeat(30)}`,
      API_ID: "1",
      API_HASH: "a".repeat(32),
      ADMIN_IDS: "777",
    };
    const values = { ...env, REDIS_URL: url, DATA_DIR: dataDir, FLEET_KEY: KEYS[key] ?? "" };
    return await claim(parseConfig(values, { cwd: "/", role: "fleet" }), settings);
  };
  const rekeyed = (from: string[], to: string): void =>
    writeFileSync(join(dataDir, "rekeyed.json"), JSON.stringify({ from, to }));
  return { db, settings, start, rekeyed };
}

test(
  "the fleet of a new data folder is made once and kept, and takes nothing along from " +
    "version 0.1",
  async () => {
    const { settings, start } = await bot();
    const first = await start(0);
    expect(first.place.before).toBeUndefined();
    expect(parseFleet(settings.fleet())).toMatchObject({ keyId: idOf(0), from01: false });
    expect((await start(0)).place.prefix).toBe(first.place.prefix);
  },
);

test("a database that version 0.1 has used takes along what is there", async () => {
  const { db, start } = await bot();
  new WorkerStore(db).add(parseWorkerId("news_1"), HOST, "ann", 1);
  expect((await start(0)).place.before?.prefix).toBe("flotilla");
});

test(
  "another key is refused, unless rekey has written down that it took the place of the known " +
    "one, also over two times",
  async () => {
    const { start, rekeyed } = await bot();
    const first = await start(0);
    await expect(start(1)).rejects.toMatchObject({
      code: "wrong-fleet-key",
      message: expect.stringContaining(idOf(0)),
    });
    rekeyed([idOf(0)], idOf(1));
    await expect(start(2), "a note about another key says nothing").rejects.toMatchObject({
      code: "wrong-fleet-key",
    });
    rekeyed([idOf(0), idOf(1)], idOf(2));
    expect((await start(2)).place.prefix).toBe(first.place.prefix);
    await expect(start(0)).rejects.toMatchObject({ code: "wrong-fleet-key" });
  },
);

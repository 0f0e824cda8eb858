import { join } from "node:path";
import { AppError, parseHostId, parseWorkerId } from "@flotilla/kernel";
import { testDir } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { HostDb } from "../src/record/host-db.ts";
import { assertSameHost } from "../src/record/own-name.ts";

const [A, B] = [parseHostId("host-a"), parseHostId("host-b")];
const FLEET = { id: "0".repeat(16), keyId: "1".repeat(16), from01: false };

/** What the next supervisor reads of a folder with this fleet and this many workers. */
async function reopened(fleet: object | null, workers: number): Promise<HostDb> {
  const path = join(await testDir("name-"), "host.db");
  const first = new HostDb(path);
  for (let n = 0; n < workers; n += 1) first.setDesired(parseWorkerId(`w${n}`), "running", n);
  if (fleet) first.keepFleet(fleet);
  first.close();
  const db = new HostDb(path);
  onTestFinished(() => db.close());
  return db;
}

test("a data folder with workers is refused under another name, with both names and the remedy", async () => {
  const db = await reopened({ ...FLEET, host: A }, 2);
  expect(() => assertSameHost(db, A)).not.toThrow();
  const refused = (): void => assertSameHost(db, B);
  expect(refused).toThrow(AppError);
  expect(refused).toThrow(/host "host-a".*calls it "host-b".*2 workers.*HOST_ID=host-a/);
  expect(refused).toThrow(expect.objectContaining({ code: "host-id-changed" }));
});

test.each<[string, object | null, number]>([
  ["has no worker", { ...FLEET, host: A }, 0],
  ["is of a version that kept no name", FLEET, 2],
  ["is new", null, 0],
])("a data folder that %s takes the name", async (_what, fleet, workers) => {
  const db = await reopened(fleet, workers);
  expect(() => assertSameHost(db, B)).not.toThrow();
});

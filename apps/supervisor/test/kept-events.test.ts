import { join } from "node:path";
import type { FleetEvent } from "@flotilla/contracts";
import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import { testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { HostDb } from "../src/record/host-db.ts";

const event = (n: number): FleetEvent => ({
  v: 1,
  id: `event-${n}`,
  at: n,
  host: parseHostId("host-a"),
  kind: "command.done",
  worker: parseWorkerId("ann"),
  command: `command-${n}`,
  outcome: { kind: "done" },
});

test("unpublished events survive the supervisor in host.db, in order; published ones are removed", async () => {
  const path = join(await testDir("kept-"), "host.db");
  const first = new HostDb(path);
  const kept = first.keptEvents();
  kept.replace([event(3), event(1)]);
  for (const n of [2, 4]) kept.add(event(n));
  kept.remove(event(1));
  first.close();
  const again = new HostDb(path);
  expect(again.keptEvents().all()).toEqual([event(3), event(2), event(4)]);
  again.keptEvents().replace([]);
  again.close();
  const last = new HostDb(path);
  expect(last.keptEvents().all()).toEqual([]);
  last.close();
});

import { randomBytes } from "node:crypto";
import type { FleetEvent } from "@flotilla/contracts";
import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import { openSession } from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { keptEvents } from "../src/process/kept-events.ts";

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

test(
  "unpublished events survive the process in the session file, in order; published ones are " +
    "removed",
  async () => {
    const dir = await testDir("kept-");
    const fleetKey = randomBytes(32);
    const open = () => openSession({ dir, name: "ann", fleetKey });
    {
      using store = open();
      const kept = keptEvents(store);
      kept.replace([event(3), event(1)]);
      for (const n of [2, 2, 4]) kept.add(event(n));
      kept.remove(event(1));
    }
    using again = open();
    const kept = keptEvents(again);
    expect(kept.all()).toEqual([event(3), event(2), event(4)]);
    kept.replace([]);
    expect(kept.all()).toEqual([]);
  },
);

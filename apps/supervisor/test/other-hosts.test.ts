import type { WorkerStatus } from "@flotilla/contracts";
import { parseHostId, systemClock } from "@flotilla/kernel";
import { fleetPlace, HostBoard } from "@flotilla/queue";
import { sharedRedis } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { measureCapacity, roomOf } from "../src/host/capacity.ts";
import { OtherHosts } from "../src/host/other-hosts.ts";

const BACKUP = { everyMs: null, since: 0, triedAt: null, problem: null, good: null };

const RUNS = { version: "1.0.0", commit: null };
const PROGRAM = { run: "1", runs: RUNS, onDisk: RUNS, isInstalled: true, keptBy: null };

interface Side {
  readonly hosts: OtherHosts;
  readonly said: unknown[];
  readonly board: HostBoard;
}

async function sides(...modes: ("one" | "several")[]): Promise<Side[]> {
  const { url } = await sharedRedis();
  const place = fleetPlace({
    redis: url,
    fleet: { id: "0123456789abcdef", from01: false },
    fleetKey: Buffer.alloc(32, 7),
  });
  const made: Side[] = [];
  for (const [n, mode] of modes.entries()) {
    const board = new HostBoard(place, () => {});
    const said: unknown[] = [];
    const log = { warn: (fields: object) => void said.push(fields) };
    const host = parseHostId(`host-${"abc"[n]}`);
    const hosts = new OtherHosts({
      board,
      host,
      hosts: mode,
      backup: () => BACKUP,
      program: () => PROGRAM,
      files: false,
      capacity: () => measureCapacity([]),
      labels: ["eu"],
      clock: systemClock,
      log,
      onError: (error) => said.push(error),
    });
    onTestFinished(async () => {
      await hosts.close();
      board.close();
    });
    await hosts.look();
    made.push({ hosts, said, board });
  }
  return made;
}

test.each([
  ["one", "one"],
  ["one", "several"],
  ["several", "one"],
] as const)(
  "HOSTS=%s and HOSTS=%s: the second host reports the first at its first check, the first one at its next",
  async (...modes) => {
    const [first, second] = await sides(...modes);
    expect(second?.said).toEqual([{ host: "host-b", others: "host-a" }]);
    expect(second?.hosts.problems()).toEqual(["HOSTS=one, but host-a runs, too"]);
    expect(first?.hosts.problems()).toEqual([]);
    await first?.hosts.look();
    expect(first?.hosts.problems()).toEqual(["HOSTS=one, but host-b runs, too"]);
    await second?.hosts.look();
    expect(second?.said, "once").toHaveLength(1);
    await second?.hosts.close();
    await first?.hosts.look();
    expect(first?.hosts.problems(), "a stopped host is no problem").toEqual([]);
  },
);

test("HOSTS=several on all hosts, and a single host, are no problem", async () => {
  for (const { hosts, said } of await sides("several", "several", "several")) {
    await hosts.look();
    expect([...hosts.problems(), ...said]).toEqual([]);
  }
  const [alone] = await sides("one");
  expect(alone?.hosts.problems()).toEqual([]);
});

test("the row of a host says what it can carry, and its labels", async () => {
  const [side] = await sides("several");
  const [row] = (await side?.board.all()) ?? [];
  expect(row?.labels).toEqual(["eu"]);
  expect(row?.capacity?.cores).toBeGreaterThan(0);
  expect(row?.capacity?.freeBytes).toBeLessThanOrEqual(row?.capacity?.memoryBytes ?? 0);
});

test("the room of a host follows from what its workers use, and spares a tenth", () => {
  expect(roomOf([], 1_000_000_000, 50_000_000)).toBe(0);
  expect(roomOf([], 1_000_000_000, 540_000_000)).toBe(4);
  const used = { pid: 1, vitals: { loopLagMs: 0, rssBytes: 220_000_000 } } as WorkerStatus;
  expect(roomOf([used], 1_000_000_000, 540_000_000)).toBe(2);
});

/** The hosts' part in a move: real sessions, two data folders, one Redis. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandOutcome, HostCommand } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { fleetPlace, leaveMove, takeMove } from "@flotilla/queue";
import { openSession, type SessionStore, Vault } from "@flotilla/session-store";
import { sharedRedis, testDir } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { FLEET_KEY, host } from "./host.ts";

const A = parseWorkerId("alpha");
const KEY = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const OTHER_KEY = Buffer.from(Array.from({ length: 256 }, (_, i) => 255 - i));
type MoveKind = "move.pack" | "move.unpack" | "move.clear" | "move.drop";

async function placeOf(fleetKey = FLEET_KEY) {
  const { url } = await sharedRedis();
  const fleet = { id: "0123456789abcdef", from01: false };
  return fleetPlace({ redis: url, fleet, fleetKey });
}

function loggedIn({ dataDir }: { readonly dataDir: string }, key: Buffer): SessionStore {
  const dir = join(dataDir, "sessions");
  const store = openSession({ dir, name: A, fleetKey: FLEET_KEY });
  store.beginLogin();
  store.setDc({ id: 2, address: "149.154.167.51", port: 443 });
  store.setAuthKey(key);
  store.commitLogin({ id: "7000001", name: "Ann", username: null, phone: null });
  return store;
}

let moves = 0;
async function pair(toDir?: string) {
  const place = await placeOf();
  const [from, to] = [
    await host("stay", 0, undefined, undefined, place),
    await host("stay", 0, toDir, undefined, place),
  ];
  moves += 1;
  const move = `move-of-test-${moves}`;
  let n = 0;
  const ask = async (side: typeof from, kind: MoveKind): Promise<CommandOutcome | undefined> => {
    const id = `${move}-${++n}`;
    const by = { askedBy: { id: "777", name: "Ann" }, askedAt: 1, deadlineAt: Date.now() + 60_000 };
    await side.commands.carryOut({ v: 1, id, kind, worker: A, move, ...by } as HostCommand);
    const told = side.events.findLast(
      (event) => event.kind === "command.done" && event.command === id,
    );
    return told?.kind === "command.done" ? told.outcome : undefined;
  };
  using store = loggedIn(from, KEY);
  new Vault({ dataDir: from.dataDir, fleetKey: FLEET_KEY }).golden(store);
  return { place, from, to, ask, move };
}

const fileOf = (side: { readonly dataDir: string }): string =>
  join(side.dataDir, "sessions", "alpha.session");
const vaultOf = (side: { readonly dataDir: string }): string[] => {
  const folder = join(side.dataDir, "vault", "alpha");
  return existsSync(folder) ? readdirSync(folder) : [];
};

describe("a worker that moves", () => {
  test("arrives with its key, copies, rules and counts; the old file goes to the trash", async () => {
    const { from, to, ask } = await pair();
    from.db.setDesired(A, "running", 1);
    from.db.keepOwnRules(A, { crashLimit: 9 }, 1);
    expect(await ask(from, "move.pack")).toEqual({ kind: "done" });
    expect(from.db.workers()).toEqual([{ id: A, desired: "stopped" }]);
    expect(await ask(to, "move.unpack")).toEqual({ kind: "done" });
    expect(to.db.workers()).toEqual([{ id: A, desired: "stopped" }]);
    expect(to.db.ownRules(A)).toEqual({ crashLimit: 9 });
    expect(vaultOf(to)).toEqual(["golden.session"]);
    expect(await ask(from, "move.clear")).toEqual({ kind: "done" });
    expect(existsSync(fileOf(from))).toBe(false);
    expect(vaultOf(from).some((file) => file.includes(".trash."))).toBe(true);
    expect(from.db.workers()).toEqual([]);
    using store = openSession({
      dir: join(to.dataDir, "sessions"),
      name: A,
      fleetKey: FLEET_KEY,
    });
    expect(store.authKey()).toEqual(KEY);
  });

  test("each step twice is as good as once", async () => {
    const { from, to, ask } = await pair();
    for (const [side, kind] of [
      [from, "move.pack"],
      [to, "move.unpack"],
      [from, "move.clear"],
    ] as const) {
      expect(await ask(side, kind)).toEqual({ kind: "done" });
      expect(await ask(side, kind)).toEqual({ kind: "done" });
    }
    expect(existsSync(fileOf(from))).toBe(false);
    expect(existsSync(fileOf(to))).toBe(true);
  });

  test("goes back: what the new host has is out of use, and the old file is as it was", async () => {
    const { from, to, ask } = await pair();
    await ask(from, "move.pack");
    await ask(to, "move.unpack");
    expect(await ask(to, "move.drop")).toEqual({ kind: "done" });
    expect(await ask(to, "move.drop")).toEqual({ kind: "done" });
    expect(existsSync(fileOf(to))).toBe(false);
    expect(existsSync(fileOf(from))).toBe(true);
  });

  test("is refused where there is nothing of it in Redis, or another key opens it", async () => {
    const { from, to, ask, move, place } = await pair();
    expect(await ask(to, "move.unpack")).toMatchObject({ code: "move-parcel-gone" });
    await ask(from, "move.pack");
    const sealed = await takeMove(place, move);
    const other = await placeOf(Buffer.alloc(32, 9));
    await expect(takeMove(other, move)).rejects.toMatchObject({ code: "move-parcel-gone" });
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
    await leaveMove(place, move, sealed);
    expect(await ask(to, "move.unpack")).toMatchObject({ code: "archive-damaged" });
    expect(existsSync(fileOf(to))).toBe(false);
  });

  test("does not replace a session of another key", async () => {
    const { from, to, ask } = await pair();
    loggedIn(to, OTHER_KEY).close();
    await ask(from, "move.pack");
    expect(await ask(to, "move.unpack")).toMatchObject({ code: "move-session-there" });
  });
});

/** A small disk of its own; null where mounting is not permitted. */
async function smallDisk(): Promise<string | null> {
  const dir = await testDir("small-disk-");
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", dir], {
      stdio: "pipe",
    });
  } catch {
    return null;
  }
  onTestFinished(() => void execFileSync("umount", ["-l", dir], { stdio: "pipe" }));
  return dir;
}

const freeOn = (dir: string): number => {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
};

test("a disk that is full at any step of the arrival: nothing is there, and with room it arrives", async ({
  skip,
}) => {
  const disk = await smallDisk();
  if (disk === null) return skip("mounting a tmpfs is not permitted here");
  const { from, to, ask } = await pair(disk);
  expect(await ask(from, "move.pack")).toEqual({ kind: "done" });
  const filler = join(disk, "filler");
  let refused = 0;
  for (let left = 0; ; left += 4096) {
    writeFileSync(filler, Buffer.alloc(freeOn(disk) - left));
    const outcome = await ask(to, "move.unpack");
    rmSync(filler);
    if (outcome?.kind === "done") break;
    refused += 1;
    expect(outcome).toMatchObject({ code: "disk-full" });
    expect(existsSync(fileOf(to))).toBe(false);
    expect(to.db.workers()).toEqual([]);
    expect(await ask(to, "move.drop")).toEqual({ kind: "done" });
  }
  expect(refused).toBeGreaterThan(3);
  expect(existsSync(fileOf(from))).toBe(true);
  using store = openSession({ dir: join(disk, "sessions"), name: A, fleetKey: FLEET_KEY });
  expect(store.authKey()).toEqual(KEY);
});

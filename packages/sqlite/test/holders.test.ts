import { linkSync, readdirSync, symlinkSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { processIdentity, sameProcess } from "@flotilla/os";
import { findHolders, type HeldLock, openDatabase, printableCommand } from "@flotilla/sqlite";
import { spawnNode, spawnProcess, testDir, waitFor } from "@flotilla/testkit";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { parseLockTable } from "../src/holders/lock-table.ts";
import { type LegacyMode, legacy, pythonDatabase, SCHEMA } from "./support/databases.ts";

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await testDir();
  path = join(folder, "old.session");
});

const linux = process.platform === "linux";

describe.runIf(linux)("findHolders", () => {
  const states: readonly (readonly [
    journal: "wal" | "delete",
    mode: LegacyMode,
    lock: HeldLock,
  ])[] = [
    ["wal", "idle", "open"],
    ["wal", "reading", "read"],
    ["wal", "immediate", "write"],
    ["wal", "exclusive", "write"],
    ["wal", "lifelong", "exclusive"],
    ["delete", "idle", "open"],
    ["delete", "reading", "read"],
    ["delete", "immediate", "write"],
    ["delete", "exclusive", "exclusive"],
    ["delete", "hung", "open"],
  ];
  test.each(states)("names a %s holder that is %s: %s", async (journal, mode, lock) => {
    pythonDatabase(path, journal);
    const child = await legacy(path, mode);
    const report = await findHolders(path, { known: [] });
    expect(report.holders).toMatchObject([
      {
        pid: child.pid,
        lock,
        state: "running",
        user: userInfo().username,
        host: hostname(),
        ours: "no",
      },
    ]);
    const [holder] = report.holders;
    expect(holder?.commandLine).toContain(`legacy.py ${path} ${mode}`);
    expect(Math.abs(Date.now() - (holder?.startedAt ?? 0))).toBeLessThan(60_000);
  });

  test("names a stopped holder, and one that has only the shared memory open", async () => {
    pythonDatabase(path, "wal");
    const first = await legacy(path, "immediate");
    const second = await legacy(path, "shm");
    process.kill(first.pid, "SIGSTOP");
    await waitFor(async () => (await findHolders(path)).holders[0]?.state === "stopped");
    const { holders } = await findHolders(path);
    expect(holders).toMatchObject([
      { pid: first.pid, lock: "write", state: "stopped", ours: "unknown" },
      { pid: second.pid, lock: "shm", state: "running" },
    ]);
  });

  test("names a holder by any other name of the file", async () => {
    pythonDatabase(path, "delete");
    const [hard, soft] = [join(folder, "hard.session"), join(folder, "soft.session")];
    linkSync(path, hard);
    symlinkSync(path, soft);
    const child = await legacy(path, "immediate");
    for (const name of [hard, soft]) {
      const { holders } = await findHolders(name);
      expect(holders).toMatchObject([{ pid: child.pid, lock: "write" }]);
    }
  });

  test("tells ours from others by pid and start time, and knows itself", async () => {
    using _db = openDatabase({ path, role: "session", migrations: [SCHEMA] });
    const child = await legacy(path, "idle");
    const identity = processIdentity(child.pid);
    if (!identity) throw new Error("no identity");
    const other = { ...identity, startTicks: String(Number(identity.startTicks) + 1) };
    const ours = async (known: readonly (typeof identity)[]): Promise<Record<number, string>> =>
      Object.fromEntries(
        (await findHolders(path, { known })).holders.map((each) => [each.pid, each.ours]),
      );
    expect(await ours([identity])).toEqual({ [process.pid]: "yes", [child.pid]: "yes" });
    expect(await ours([other])).toEqual({ [process.pid]: "yes", [child.pid]: "no" });
    expect([sameProcess(identity), sameProcess(other)]).toEqual([true, false]);
    child.kill("SIGKILL");
    await child.exited;
    expect(sameProcess(identity)).toBe(false);
  });

  test("finds no holder of a free file, and none of a missing file", async () => {
    const notVisible = strangersRun()
      ? expect.stringContaining("other users could not be inspected")
      : null;
    expect(await findHolders(path)).toMatchObject({ holders: [], notVisible });
    pythonDatabase(path, "wal");
    expect(await findHolders(path)).toMatchObject({ holders: [], notVisible });
    expect((await findHolders(path, { refused: true })).notVisible).toContain("no visible holder");
  });

  test("does not loosen the locks of this process", async () => {
    using _db = openDatabase({ path, role: "session", migrations: [SCHEMA], exclusive: true });
    for (let i = 0; i < 20; i++) await findHolders(path);
    const late = spawnProcess("python3", [
      "-c",
      "import sqlite3,sys; sqlite3.connect(sys.argv[1],0).execute('SELECT 1 FROM t')",
      path,
    ]);
    await late.exited;
    expect(late.stderr).toContain("database is locked");
  });

  test.runIf(process.getuid?.() === 0)(
    "says from inside a container that it cannot see outside",
    async () => {
      pythonDatabase(path, "wal");
      const outside = await legacy(path, "immediate");
      const script = join(import.meta.dirname, "fixtures", "report.ts");
      const inside = spawnProcess("unshare", [
        "--pid",
        "--fork",
        "--mount-proc",
        process.execPath,
        script,
        path,
      ]);
      await inside.exited;
      const report = JSON.parse(inside.stdout) as Awaited<ReturnType<typeof findHolders>>;
      expect(report.holders).toEqual([]);
      expect(report.notVisible).toContain("container");
      expect((await findHolders(path)).holders[0]?.pid).toBe(outside.pid);
    },
  );

  test.runIf(process.getuid?.() === 0)(
    "sees from the host who holds it inside a container",
    async () => {
      pythonDatabase(path, "wal");
      const fixture = join(import.meta.dirname, "fixtures", "legacy.py");
      const child = spawnProcess("unshare", [
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "python3",
        fixture,
        path,
        "immediate",
      ]);
      await child.waitForOutput("held");
      const { holders } = await findHolders(path);
      expect(holders).toMatchObject([{ lock: "write", state: "running" }]);
      expect(holders[0]?.commandLine).toContain("legacy.py");
    },
  );

  test("names a worker of ours by what the kernel knows", async () => {
    const child = spawnNode(join(import.meta.dirname, "holder.ts"), ["session", path], {
      ipc: true,
    });
    await new Promise((resolve) => child.child.once("message", resolve));
    const known = processIdentity(child.pid);
    const { holders } = await findHolders(path, { known: known ? [known] : [] });
    expect(holders).toMatchObject([{ pid: child.pid, lock: "exclusive", ours: "yes" }]);
  });
});

/**
 * Whether a process runs that these tests may not inspect; without root there nearly always is one.
 */
function strangersRun(): boolean {
  return readdirSync("/proc").some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      readdirSync(`/proc/${name}/fd`);
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "EACCES";
    }
  });
}

test("says so where the system does not report holders", async () => {
  const platform = Object.getOwnPropertyDescriptor(process, "platform") ?? {};
  onTestFinished(() => void Object.defineProperty(process, "platform", platform));
  Object.defineProperty(process, "platform", { ...platform, value: "darwin" });
  expect(await findHolders(path)).toMatchObject({
    holders: [],
    notVisible: expect.stringContaining("does not report"),
  });
});

test("a lock without a nameable holder is reported separately", () => {
  const text = [
    "1: POSIX  ADVISORY  WRITE 812 fe:00:2146331 1073741824 1073742335",
    "1: -> POSIX  ADVISORY  WRITE 813 fe:00:2146331 0 EOF",
    "2: OFDLCK ADVISORY  READ -1 00:2b:99 0 EOF",
    "3: FLOCK  ADVISORY  WRITE 77 00:19:1262 0 EOF",
  ].join("\n");
  expect(parseLockTable(text)).toEqual([
    { pid: 812, write: true, device: "fe:00", inode: "2146331", from: 0x40000000, to: 0x400001ff },
    { pid: -1, write: false, device: "00:2b", inode: "99", from: 0, to: Number.POSITIVE_INFINITY },
  ]);
});

describe("printableCommand", () => {
  const cases: readonly (readonly [raw: string, shown: string])[] = [
    [
      "python3\0old_bot.py\0--session\0/data/news_2.session\0",
      "python3 old_bot.py --session /data/news_2.session",
    ],
    [
      "node\0bot.js\0--token=123456789:AAF_abcdefghijklmnopqrstuvwxyz01234",
      "node bot.js --token=[hidden]",
    ],
    ["node\0bot.js\x00123456789:AAF_abcdefghijklmnopqrstuvwxyz01234", "node bot.js [hidden]"],
    ["x\0--api-hash\x000123456789abcdef0123456789abcdef\0-v", "x --api-hash [hidden] -v"],
    ["x\0API_HASH=abc\0PASSWORD=s3cret", "x API_HASH=[hidden] PASSWORD=[hidden]"],
    ["x\x000123456789abcdef0123456789abcdef", "x [hidden]"],
    ["x\0redis://user:pw@host:6379", "x redis://[hidden]@host:6379"],
    ["x\0+4915112345678", "x [hidden]"],
    [
      'node\0/srv/flotilla/worker/main.ts\0--fleet\0{"id":"0123456789abcdef","from01":false}\0--worker\0ann',
      "node /srv/flotilla/worker/main.ts --worker ann",
    ],
    ["x\0a\nb\u001b[31m\u202e", "x a b [31m"],
  ];
  test.each(cases)("%j", (raw, shown) => expect(printableCommand(raw)).toBe(shown));
  test("is cut at 200 characters", () =>
    expect(printableCommand("word ".repeat(100))).toHaveLength(200));
});

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseConfig } from "@flotilla/config";
import type { Fault } from "@flotilla/contracts";
import { AppError, parseWorkerId } from "@flotilla/kernel";
import { createLogger } from "@flotilla/observability";
import { openSession, type SessionStore } from "@flotilla/session-store";
import { classify } from "@flotilla/telegram";
import { type SpawnedProcess, spawnProcess, testDir, waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { ownSession } from "../src/session/own-session.ts";
import { takeSession } from "../src/session/session-file.ts";

const WORKER = parseWorkerId("news_1");
const fleetKey = Buffer.alloc(32, 3);
const log = createLogger({ name: "test", level: "silent" });
const PYTHON = ["/usr/bin/python3", "/usr/local/bin/python3"].find((path) => existsSync(path));

const ownerOf = (dir: string) => ({ configured: `${dir}/owners`, host: "host-a", dataDir: dir });

/** Another program that has the file open in this SQLite transaction. */
async function legacy(path: string, statement: string): Promise<SpawnedProcess> {
  const script = `import sqlite3,sys,time
c=sqlite3.connect(sys.argv[1],isolation_level=None)
c.execute("${statement}").fetchall()
print('held',flush=True)
time.sleep(600)`;
  const child = spawnProcess(PYTHON ?? "python3", ["-c", script, path]);
  await child.waitForOutput("held");
  return child;
}

async function prepared() {
  const dir = await testDir("own-");
  openSession({ dir, name: WORKER, fleetKey }).close();
  const faults: Fault[] = [];
  const own = (budgetMs: number): Promise<SessionStore> =>
    ownSession({
      dir,
      worker: WORKER,
      fleetKey,
      owner: ownerOf(dir),
      log,
      budgetMs,
      onLocked: (fault) => faults.push(fault),
    });
  return { path: `${dir}/${WORKER}.session`, faults, own };
}

describe.skipIf(!PYTHON)("a session that another program has open", () => {
  test.each(["BEGIN IMMEDIATE", "SELECT 1 FROM sqlite_master", "BEGIN EXCLUSIVE"])(
    "%s: the worker names the holder from the first refusal on and takes the session when it is free",
    async (statement) => {
      const { path, faults, own } = await prepared();
      const holder = await legacy(path, statement);
      const opening = own(30_000);
      await waitFor(() => faults.length > 0);
      expect(faults[0]).toMatchObject({ class: "SESSION_LOCKED", code: "sqlite-locked" });
      expect(faults[0]?.message).toContain(`pid ${holder.pid} `);
      holder.kill("SIGKILL");
      using store = await opening;
      expect(store.file.stats().waits.maxMs, "the figures include the wait").toBeGreaterThan(0);
    },
  );

  test("a wait beyond its budget ends with an error that names the holder, a stopped one too", async () => {
    const { path, own } = await prepared();
    const holder = await legacy(path, "BEGIN IMMEDIATE");
    holder.kill("SIGSTOP");
    const error: unknown = await own(200).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({
      code: "sqlite-locked",
      details: { holderPid: holder.pid, holderState: "stopped" },
    });
  });

  test("the wait does not block the event loop", async () => {
    const { path, own } = await prepared();
    await legacy(path, "BEGIN IMMEDIATE");
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    await own(1000).catch(() => {});
    clearInterval(timer);
    // 200 turns fit. SQLite's own busy wait, the default of better-sqlite3, leaves none.
    expect(turns).toBeGreaterThan(20);
  });
});

describe("a session that is damaged inside", () => {
  /** A logged-in session with some rows. */
  async function filled() {
    const dir = await testDir("own-");
    const path = `${dir}/${WORKER}.session`;
    {
      using store = openSession({ dir, name: WORKER, fleetKey });
      store.beginLogin();
      store.setDc({ id: 2, address: "149.154.167.51", port: 443 });
      store.setAuthKey(Buffer.from(Array.from({ length: 256 }, (_, i) => i)));
      store.commitLogin({ id: "7000001", name: "Ann", username: null, phone: null });
      const entity = (n: number) => ({
        id: String(n),
        hash: String(n),
        username: `user${n}`,
        phone: null,
        name: "x".repeat(100),
      });
      store.entities.upsert(Array.from({ length: 500 }, (_, n) => entity(n + 1)));
    }
    const own = (): Promise<SessionStore> =>
      ownSession({
        dir,
        worker: WORKER,
        fleetKey,
        owner: ownerOf(dir),
        log,
        budgetMs: 1000,
        onLocked: () => {},
      });
    return { path, own };
  }

  function change(path: string, how: (bytes: Buffer) => void): void {
    const bytes = readFileSync(path);
    how(bytes);
    writeFileSync(path, bytes);
  }

  test.each([
    [
      "a zeroed page",
      "sqlite-corrupt",
      (bytes: Buffer) => bytes.fill(0, bytes.length - 4096 * 3, bytes.length - 4096 * 2),
    ],
    ["an overwritten header", "sqlite-not-a-database", (bytes: Buffer) => bytes.fill(0x20, 0, 100)],
    [
      "a flipped bit in the key, which SQLite's integrity check does not detect",
      "key-unreadable",
      (bytes: Buffer) => {
        const at = bytes.lastIndexOf(Buffer.from("149.154.167.51")) + 120;
        bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      },
    ],
  ] as const)("%s: %s", async (_what, code, how) => {
    const { path, own } = await filled();
    (await own()).close();
    change(path, how);
    await expect(own()).rejects.toMatchObject({ code });
    expect(classify(await own().catch((error: unknown) => error))).toMatchObject({
      class: "DB_BROKEN",
      code,
    });
  });
});

test.skipIf(!PYTHON).each([
  ["under a supervisor, whose card shows the wait,", 60_000, true],
  ["alone", 1000, false],
])("a worker %s waits for a locked session for %i ms", async (_, budgetMs, isSupervised) => {
  const dataDir = await testDir("own-");
  const env = { API_ID: "1", API_HASH: "a".repeat(32), DATA_DIR: dataDir };
  const config = parseConfig(env, { cwd: "/", role: "worker" });
  openSession({ dir: join(dataDir, "sessions"), name: WORKER, fleetKey }).close();
  await legacy(join(dataDir, "sessions", `${WORKER}.session`), "BEGIN EXCLUSIVE");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const began = performance.now();
  let waitedMs: number | null = null;
  const deps = { config, log, say: () => {} };
  takeSession(WORKER, deps, fleetKey, isSupervised).catch(() => {
    waitedMs = performance.now() - began;
  });
  // Each try scans real processes: the clock moves when the next one is waited for.
  while (waitedMs === null) {
    await waitFor(() => waitedMs !== null || vi.getTimerCount() > 0, { intervalMs: 1 });
    await vi.advanceTimersToNextTimerAsync();
  }
  expect(waitedMs).toBeGreaterThanOrEqual(budgetMs);
  expect(waitedMs).toBeLessThan(budgetMs + 500);
});

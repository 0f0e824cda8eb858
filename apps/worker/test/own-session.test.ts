import { existsSync } from "node:fs";
import type { Fault } from "@flotilla/contracts";
import { AppError, parseWorkerId } from "@flotilla/kernel";
import { createLogger } from "@flotilla/observability";
import { openSession, type SessionStore } from "@flotilla/session-store";
import { type SpawnedProcess, spawnProcess, testDir, waitFor } from "@flotilla/testkit";
import { describe, expect, test } from "vitest";
import { ownSession } from "../src/own-session.ts";

const WORKER = parseWorkerId("news_1");
const fleetKey = Buffer.alloc(32, 3);
const log = createLogger({ name: "test", level: "silent" });
const PYTHON = ["/usr/bin/python3", "/usr/local/bin/python3"].find((path) => existsSync(path));

/** Another program that has the file open, in one of three ways. */
async function legacy(path: string, statement: string): Promise<SpawnedProcess> {
  const script = `import sqlite3,sys,time\nc=sqlite3.connect(sys.argv[1],isolation_level=None)\nc.execute("${statement}").fetchall()\nprint('held',flush=True)\ntime.sleep(600)`;
  const child = spawnProcess(PYTHON ?? "python3", ["-c", script, path]);
  await child.waitForOutput("held");
  return child;
}

async function prepared() {
  const dir = await testDir("own-");
  openSession({ dir, name: WORKER, fleetKey }).close();
  const faults: Fault[] = [];
  const own = (budgetMs: number): Promise<SessionStore> =>
    ownSession({ dir, worker: WORKER, fleetKey, log, budgetMs, onLocked: (fault) => faults.push(fault) });
  return { path: `${dir}/${WORKER}.session`, faults, own };
}

describe.skipIf(!PYTHON)("a session that somebody else has open", () => {
  test.each(["BEGIN IMMEDIATE", "SELECT 1 FROM sqlite_master", "BEGIN EXCLUSIVE"])(
    "%s: waited for and named from the first refusal on, and taken when it is free",
    async (statement) => {
      const { path, faults, own } = await prepared();
      const holder = await legacy(path, statement);
      const opening = own(30_000);
      await waitFor(() => faults.length > 0);
      expect(faults[0]).toMatchObject({ class: "SESSION_LOCKED", code: "sqlite-locked" });
      expect(faults[0]?.message).toContain(`pid ${holder.pid} `);
      holder.kill("SIGKILL");
      using store = await opening;
      expect(store.file.stats().waits.maxMs, "the wait is in the figures").toBeGreaterThan(0);
    },
  );

  test("a wait that is over its budget ends with the holder's name, also of a stopped one", async () => {
    const { path, own } = await prepared();
    const holder = await legacy(path, "BEGIN IMMEDIATE");
    holder.kill("SIGSTOP");
    const error: unknown = await own(200).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: "sqlite-locked", details: { holderPid: holder.pid, holderState: "stopped" } });
  });

  test("the event loop goes on turning while it waits", async () => {
    const { path, own } = await prepared();
    await legacy(path, "BEGIN IMMEDIATE");
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    await own(1000).catch(() => {});
    clearInterval(timer);
    // 200 would fit. SQLite's own wait, which Python and better-sqlite3 have by default, leaves none.
    expect(turns).toBeGreaterThan(20);
  });
});

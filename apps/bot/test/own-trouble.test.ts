import { mkdirSync, renameSync, rmdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import type { WorkerStatus } from "@flotilla/contracts";
import { AppError, parseHostId } from "@flotilla/kernel";
import type { FullDisk } from "@flotilla/observability";
import { testDir } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { AlertStore } from "../src/alerts/alert-store.ts";
import { OwnTrouble } from "../src/alerts/own-trouble.ts";
import { openControlDb } from "../src/kit/control-db.ts";
import { statusOf, TestClock } from "./support.ts";

const HOST = parseHostId("host-a");

async function bot() {
  const path = `${await testDir("own-trouble-")}/control.db`;
  const db = openControlDb(path);
  onTestFinished(() => db.close());
  const alerts = new AlertStore(db, 0);
  const disk: { full: FullDisk[] } = { full: [] };
  const direct: string[] = [];
  const tellDirectly = (detail: string): void => void direct.push(detail);
  const clock = new TestClock();
  const statuses: WorkerStatus[] = [];
  const own = new OwnTrouble({
    db,
    alerts,
    host: HOST,
    clock,
    disk,
    statuses: () => statuses,
    tellDirectly,
  });
  const open = (): string[] => {
    own.look();
    return alerts.allOpen().map(({ subject }) => subject);
  };
  return { path, db, alerts, own, open, disk, direct, clock, statuses };
}

describe("what only the bot can tell", () => {
  test("a full disk under its database, until there is room", async () => {
    const { open, disk, alerts, direct } = await bot();
    disk.full = [{ path: "/data", freeMb: 0, noInodes: false }];
    expect(open()).toEqual(["trouble:host-a:control-disk-full"]);
    expect(JSON.stringify(alerts.allOpen()[0]?.body)).toContain("/data: 0 MB");
    disk.full = [];
    expect(open()).toEqual([]);
    expect(direct).toEqual([]);
  });

  test("a supervisor that ended is told at once, and over when its workers were started since", async () => {
    const { own, open, alerts, clock, statuses } = await bot();
    statuses.push(
      statusOf("news_1"),
      statusOf("news_2"),
      statusOf("idle", { pid: null, startedAt: null, state: "STOPPED" }),
    );
    own.hear({ kind: "supervisor", down: null, ended: "supervisor ended (SIGKILL)" });
    expect(open()).toEqual(["trouble:host-a:supervisor-ended"]);
    expect(JSON.stringify(alerts.allOpen()[0]?.body)).toContain("supervisor ended (SIGKILL)");
    clock.ms += 2000;
    own.hear({ kind: "supervisor", down: null, ended: null });
    expect(open(), "it runs again, its workers do not").toHaveLength(1);
    const [first, second] = statuses.splice(0, 2);
    if (!first || !second) throw new Error("no status");
    const started = { startedAt: clock.ms + 500, updatedAt: clock.ms + 500 };
    statuses.push({ ...first, ...started }, { ...second, ...started, state: "STARTING" });
    expect(open()).toHaveLength(1);
    statuses.push({ ...second, ...started });
    expect(open()).toEqual([]);
  });

  test(
    "one that ends again and again is one alert, and one whose workers stay away is over after " +
      "five minutes",
    async () => {
      const { own, open, clock, statuses } = await bot();
      statuses.push(statusOf("news_1"));
      own.hear({ kind: "supervisor", down: null, ended: "supervisor ended (SIGKILL)" });
      own.hear({
        kind: "supervisor",
        down: "supervisor ended (SIGKILL)",
        ended: "supervisor ended (SIGKILL)",
      });
      expect(open()).toEqual(["trouble:host-a:supervisor-down"]);
      own.hear({ kind: "supervisor", down: null, ended: null });
      expect(open()).toEqual(["trouble:host-a:supervisor-ended"]);
      clock.ms += 301_000;
      expect(open()).toEqual([]);
    },
  );

  test(
    "a full disk that does not take the alert either is told directly, once, and again the " +
      "next time",
    async () => {
      const { own, alerts, disk, direct } = await bot();
      const full = [{ path: "/data", freeMb: 0, noInodes: true }];
      disk.full = full;
      const raise = vi.spyOn(alerts, "raise").mockImplementation(() => {
        throw new AppError("sqlite-full", "The disk is full.");
      });
      own.look();
      expect(() => own.look()).toThrow("The disk is full.");
      expect(direct).toEqual(["/data: 0 MB, 0 i/n"]);
      disk.full = [];
      own.look();
      disk.full = full;
      own.look();
      expect(direct).toHaveLength(2);
      raise.mockRestore();
      own.look();
      expect(alerts.allOpen()).toHaveLength(1);
    },
  );

  test(
    "a full disk is told directly though everything else that is to be written down fails " +
      "before it",
    async () => {
      const { own, alerts, disk, direct, path } = await bot();
      rmSync(path);
      own.hear({ kind: "supervisor", down: "supervisor ended (exit code 1)" });
      disk.full = [{ path: "/data", freeMb: 0, noInodes: false }];
      vi.spyOn(alerts, "raise").mockImplementation(() => {
        throw new AppError("sqlite-full", "The disk is full.");
      });
      expect(() => own.look()).toThrow("The disk is full.");
      expect(direct).toEqual(["/data: 0 MB"]);
    },
  );

  test(
    "a rescue that failed is tried again after half a minute, and the alert says what became " +
      "of it",
    async () => {
      const { own, alerts, clock, path } = await bot();
      const said = (): string =>
        JSON.stringify(alerts.open("trouble:host-a:control-deleted")?.body);
      mkdirSync(`${path}.rescued`);
      rmSync(path);
      own.look();
      const failed = said();
      expect(failed).not.toContain("→");
      rmdirSync(`${path}.rescued`);
      own.look();
      expect(said(), "not at every look").toBe(failed);
      clock.ms += 30_000;
      own.look();
      expect(said()).toContain(`→ ${path}.rescued`);
      expect(alerts.history(0)).toHaveLength(1);
    },
  );

  test("a supervisor that cannot be kept up, as the launcher says it, until it stays up again", async () => {
    const { own, alerts, open } = await bot();
    expect(open()).toEqual([]);
    own.hear({ kind: "supervisor", down: "supervisor ended (exit code 1)" });
    expect(open()).toEqual(["trouble:host-a:supervisor-down"]);
    expect(JSON.stringify(alerts.allOpen()[0]?.body)).toContain("exit code 1");
    own.hear({ kind: "supervisor", down: "supervisor ended (SIGSEGV)" });
    expect(open()).toHaveLength(1);
    for (const junk of [null, 7, "x", {}, { kind: "supervisor" }, { kind: "ready", down: null }])
      own.hear(junk);
    expect(open(), "what is no word of the launcher changes nothing").toHaveLength(1);
    own.hear({ kind: "supervisor", down: null });
    expect(open()).toEqual([]);
  });

  test("its own database was deleted: told, and what it held is saved where it can be opened", async () => {
    const { path, db, open } = await bot();
    db.write("INSERT INTO seen_event (id, at) VALUES ('x', 1)");
    rmSync(path);
    expect(open()).toEqual(["trouble:host-a:control-deleted"]);
    expect(open()).toHaveLength(1);
    const saved = openControlDb(`${path}.rescued`);
    expect(saved.readOne("SELECT id FROM seen_event")).toEqual({ id: "x" });
    saved.close();
  });
});

describe("a control.db that is damaged", () => {
  test.each([
    ["empty", (path: string) => truncateSync(path, 0)],
    ["cut short", (path: string) => truncateSync(path, 6000)],
    ["something else", (path: string) => writeFileSync(path, "x".repeat(9000))],
    ["gone, with its journal left", (path: string) => renameSync(path, `${path}-wal`)],
  ])(
    "(%s) is named with its path and what to do, claims no copy that was never made, and is left as it is",
    async (_what, damage) => {
      const path = `${await testDir("control-")}/control.db`;
      openControlDb(path).close();
      damage(path);
      expect(() => openControlDb(path)).toThrow(
        expect.objectContaining({
          code: expect.stringMatching(/^sqlite-/),
          message: expect.stringMatching(
            `^The bot's database ${path} is damaged .*--only control\\.db.*Nothing was changed`,
          ),
        }),
      );
    },
  );

  test("another bot that has it is named with the path as well", async () => {
    const { path } = await bot();
    expect(() => openControlDb(path)).toThrow(
      expect.objectContaining({ code: "sqlite-locked", message: expect.stringContaining(path) }),
    );
  });
});

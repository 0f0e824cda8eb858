import type { HostBackup, HostRow, WorkerStatus } from "@flotilla/contracts";
import { parseHostId } from "@flotilla/kernel";
import { expect, test } from "vitest";
import { AlertStore } from "../src/alerts/alert-store.ts";
import { watch } from "../src/alerts/watch.ts";
import { BACKUPS, WELL } from "./golden/backups.ts";
import { controlDb, HOST, NOW, statusOf } from "./support.ts";

async function board() {
  const store = new AlertStore(await controlDb(), 0);
  const look = (
    rows: readonly HostRow[],
    now = NOW,
    redisAwaySince: number | null = null,
    statuses: readonly WorkerStatus[] = [],
  ): void =>
    watch(store, {
      now,
      statuses,
      redisAwaySince,
      tokenConflict: false,
      host: HOST,
      hosts: rows,
    });
  const row = (backup: HostBackup | undefined, at = NOW): HostRow => ({
    host: HOST,
    hosts: "one",
    at,
    ...(backup ? { backup } : {}),
  });
  const open = (): string[] =>
    store
      .allOpen()
      .map(({ subject }) => subject)
      .sort();
  return { look, row, open };
}

test.each([
  ["host-well", []],
  ["host-full", ["backup:host-a"]],
  ["host-old", ["backup:host-a"]],
  ["host-none", ["backup:host-a"]],
  ["host-hand", []],
  ["host-damaged", ["backup-place:host-a", "backup:host-a"]],
  ["host-place", ["backup-place:host-a"]],
  ["host-sent", []],
  ["host-kept", ["backup:host-a"]],
])("the backup of %s opens %j", async (name, subjects) => {
  const { look, row, open } = await board();
  look([row(BACKUPS[name])]);
  expect(open()).toEqual(subjects);
});

test("only a host that says that its backup is good ends the alert", async () => {
  const { look, row, open } = await board();
  const bad = row(BACKUPS["host-full"]);
  look([bad]);
  // It is silent, then Redis is away, then an older version runs there.
  look([bad], NOW + 120_000);
  look([], NOW + 120_000);
  look([], NOW + 120_000, NOW);
  look([row(undefined, NOW + 120_000)], NOW + 120_000);
  expect(open()).toEqual(["backup:host-a"]);
  look([row(WELL, NOW + 120_000)], NOW + 120_000);
  expect(open()).toEqual([]);
});

test("the alert of a host that was removed for good ends when others are on the board", async () => {
  const { look, row, open } = await board();
  const bad: HostRow = { ...row(BACKUPS["host-full"]), hosts: "several" };
  const other: HostRow = { host: parseHostId("host-b"), hosts: "several", at: NOW };
  look([bad, other]);
  expect(open()).toEqual(["backup:host-a"]);
  look([other], NOW, null, [statusOf("news_1")]);
  expect(open(), "a worker of it is known").toEqual(["backup:host-a"]);
  look([other]);
  expect(open()).toEqual([]);
});

test("the archive that is late by a moment is no reason yet", async () => {
  const { look, row, open } = await board();
  const { good, everyMs } = WELL;
  if (!good || everyMs === null) throw new Error("the fixture has both");
  const due = good.at + 2 * everyMs;
  look([row(WELL, due)], due);
  expect(open()).toEqual([]);
  look([row(WELL, due + 1)], due + 1);
  expect(open()).toEqual(["backup:host-a"]);
});

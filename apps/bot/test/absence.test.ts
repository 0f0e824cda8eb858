/** What the bot makes of a time in which it was away itself (field faults K4, D5). */
import type { WorkerStatus } from "@flotilla/contracts";
import { parseHostId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import { describe, expect, test } from "vitest";
import { SettingStore } from "../src/admins/setting-store.ts";
import { Absence } from "../src/alerts/absence.ts";
import { AlertStore } from "../src/alerts/alert-store.ts";
import { conditionsOf } from "../src/alerts/watch.ts";
import { lookAt } from "../src/charts/rollup.ts";
import { RollupStore } from "../src/charts/rollup-store.ts";
import { ALL_WORDS, controlDb, EN, HOST, NOW, statusOf } from "./support.ts";
import { plainText } from "./telegram-html.ts";

const MIN = 60_000;
const name = (n: number): string => `acc_${n}`;
const running = (n: number, more: Partial<WorkerStatus> = {}): WorkerStatus =>
  statusOf(name(n), { startedAt: NOW - 600 * MIN, ...more });

function bot(db: Database) {
  const deps = {
    settings: new SettingStore(db),
    rollups: new RollupStore(db),
    alerts: new AlertStore(db, 0),
    host: HOST,
  };
  return { ...deps, absence: new Absence(deps) };
}

/** A bot that saw these workers until NOW and was killed then. */
async function killed(statuses: readonly WorkerStatus[]) {
  const db = await controlDb();
  const before = bot(db);
  before.absence.look(NOW, true);
  before.rollups.add(new Map(statuses.map((status) => [status.worker, lookAt(status, null, NOW)])));
  return bot(db);
}

const told = ({ alerts }: { alerts: AlertStore }, words = EN): string =>
  alerts
    .allOpen()
    .map(({ body }) =>
      [body.title, ...body.details].map((each) => plainText(words.said(each).text)).join("\n"),
    )
    .join("\n");

describe("after everything was killed and started again", () => {
  const sixty = Array.from({ length: 60 }, (_, n) => running(n + 1));
  const back = (at: number): WorkerStatus[] =>
    sixty.map((each) => ({ ...each, startedAt: at, updatedAt: at }));

  test(
    "one notice tells from when to when, and which workers were off Telegram, as soon as they " +
      "are back",
    async () => {
      const next = await killed(sixty);
      const at = NOW + 3 * MIN;
      next.absence.look(at, true);
      next.absence.tell(at, sixty);
      expect(told(next)).toBe("");
      next.absence.tell(at + 57_000, back(at + 57_000));
      expect(told(next)).toMatch(/Flotilla was not running from .* \(3 min\)|\(3 min .*\)/);
      expect(told(next)).toContain("60 of 60 workers (acc_1, acc_10,");
      next.absence.tell(at + 60_000, back(at + 57_000));
      expect(next.alerts.countOpen()).toBe(1);
    },
  );

  test("workers that do not come back are named after two minutes", async () => {
    const next = await killed([running(1), running(2)]);
    const at = NOW + MIN;
    next.absence.look(at, true);
    const one = running(1, { startedAt: at + 1000, updatedAt: at + 1000 });
    next.absence.tell(at + 119_000, [one]);
    expect(told(next)).toBe("");
    next.absence.tell(at + 120_000, [one]);
    for (const words of ALL_WORDS)
      expect(told(next, words)).toMatch(/(Not back yet|Ещё не вернулись): 1 \(acc_2\)/);
  });

  test("when only the bot was killed the notice says that the workers went on", async () => {
    const next = await killed([running(1)]);
    next.absence.look(NOW + MIN, true);
    next.absence.tell(NOW + MIN + 1, [running(1, { updatedAt: NOW + MIN + 1 })]);
    expect(told(next)).toContain("The bot was not running");
  });

  describe("workers that crashed while the bot alone was away have a card of their own", () => {
    const crashed = [1, 2].map((n) => running(n, { startedAt: NOW + 3000, updatedAt: NOW + 6000 }));
    const ran = running(3, { updatedAt: NOW + 6000 });

    test("and nothing is told of a moment", async () => {
      const next = await killed([running(1), running(2), running(3)]);
      next.absence.look(NOW + 4000, true);
      next.absence.tell(NOW + 6000, [...crashed, ran]);
      expect(told(next)).toBe("");
    });

    test("and of a longer time it is told that the bot did not run", async () => {
      const next = await killed([running(1), running(2), running(3)]);
      next.absence.look(NOW + MIN, true);
      next.absence.tell(
        NOW + MIN + 1,
        [...crashed, ran].map((each) => ({ ...each, updatedAt: NOW + MIN + 1 })),
      );
      expect(told(next)).toContain("The bot was not running");
    });

    test(
      "and those that it had seen start were not off Telegram, however short before its end that " +
        "was",
      async () => {
        const db = await controlDb();
        const before = bot(db);
        before.absence.look(NOW, true);
        const started = [1, 2, 3].map((n) => running(n, { startedAt: NOW + 2000 }));
        before.absence.look(NOW + 3000, true, started);
        before.rollups.add(
          new Map(started.map((status) => [status.worker, lookAt(status, null, NOW + 3000)])),
        );
        const next = bot(db);
        next.absence.look(NOW + 11_000, true);
        const [first, ...others] = started.map((status) => ({
          ...status,
          updatedAt: NOW + 12_000,
        }));
        next.absence.tell(NOW + 12_000, [
          { ...(first as WorkerStatus), startedAt: NOW + 9000 },
          ...others,
        ]);
        expect(told(next)).toBe("");
      },
    );

    test("and one that is not back is not told as missing for that", async () => {
      const next = await killed([running(1), running(3)]);
      next.absence.look(NOW + 4000, true);
      next.absence.tell(NOW + 3 * MIN, [
        running(1, { state: "GAVE_UP", pid: null, startedAt: null, updatedAt: NOW + 6000 }),
        ran,
      ]);
      expect(told(next)).toBe("");
    });

    test("but of a host of which none ran on, all were off Telegram", async () => {
      const far = { host: parseHostId("host-b") };
      const next = await killed([running(1, far), running(2, far), running(3)]);
      next.absence.look(NOW + 4000, true);
      next.absence.tell(NOW + 6000, [...crashed.map((each) => ({ ...each, ...far })), ran]);
      expect(told(next)).toMatch(/Flotilla was not running[\s\S]*2 of 3 workers \(acc_1, acc_2\)/);
    });
  });

  test("workers that were stopped before are not counted", async () => {
    const next = await killed([
      running(1),
      running(2, { state: "STOPPED", pid: null, startedAt: null }),
    ]);
    next.absence.look(NOW + MIN, true);
    next.absence.tell(NOW + MIN, [running(1, { startedAt: NOW + MIN })]);
    expect(told(next)).toContain("1 of 1 workers (acc_1)");
  });

  test("also when it was started again within seconds", async () => {
    const next = await killed([running(1)]);
    next.absence.look(NOW + 4000, true);
    next.absence.tell(NOW + 9000, [running(1, { startedAt: NOW + 8000, updatedAt: NOW + 9000 })]);
    expect(told(next)).toMatch(/Flotilla was not running from .* \(8 s\)/);
  });

  test(
    "nothing is told after a stop as it should be, after a moment of the bot alone, and at the " +
      "very first start",
    async () => {
      const first = bot(await controlDb());
      first.absence.look(NOW, true);
      first.absence.tell(NOW + 10 * MIN, []);
      const soon = await killed([running(1)]);
      soon.absence.look(NOW + 5000, true);
      soon.absence.tell(NOW + 6000, [running(1, { updatedAt: NOW + 6000 })]);
      const stopped = await killed([running(1)]);
      stopped.absence.look(NOW + 1, true);
      stopped.absence.stopped(NOW + 2);
      const next = new Absence(stopped);
      next.look(NOW + 10 * MIN, true);
      next.tell(NOW + 20 * MIN, []);
      const failed = await killed([running(1)]);
      failed.absence.stopped(NOW + 1);
      const later = new Absence(failed);
      later.look(NOW + 10 * MIN, true);
      later.tell(NOW + 20 * MIN, []);
      expect(
        failed.alerts.countOpen(),
        "a start that failed does not make the end before it a stop",
      ).toBe(1);
      expect([first, soon, stopped].map((each) => each.alerts.countOpen())).toEqual([0, 0, 0]);
    },
  );
});

describe("a host is not blamed for the time in which the bot was away itself", () => {
  const kinds = (watchingSince: number | null, now: number, heardAt: number) =>
    conditionsOf({
      now,
      watchingSince,
      statuses: [running(1, { updatedAt: heardAt })],
      redisAwaySince: null,
      tokenConflict: false,
      host: HOST,
    }).map(({ body }) => body.kind);

  test.each([
    ["a planned restart", [0]],
    ["a laptop that wakes up after an hour", [-61 * MIN, -60 * MIN, 0]],
    ["a clock that jumps ahead", [-61 * MIN, 0]],
  ])("%s", async (_what, looks) => {
    const { absence } = bot(await controlDb());
    const since = looks.map((at) => absence.look(NOW + at, true)).at(-1) ?? null;
    expect(kinds(since, NOW, NOW - 60 * MIN)).toEqual([]);
    expect(kinds(since, NOW + 29_000, NOW - 60 * MIN)).toEqual([]);
    expect(
      kinds(since, NOW + 31_000, NOW - 60 * MIN),
      "silent for as long as it is looked at",
    ).toEqual(["host-away"]);
  });

  test("a host that falls silent while the bot looks is told as before", async () => {
    const { absence } = bot(await controlDb());
    let since: number | null = null;
    for (let at = 0; at <= 60_000; at += 2000) since = absence.look(NOW + at, true);
    expect(kinds(since, NOW + 60_000, NOW + 29_000)).toEqual(["host-away"]);
  });

  test("the time in which Redis was away counts as well", async () => {
    const { absence } = bot(await controlDb());
    absence.look(NOW, true);
    for (let at = 2000; at < 60_000; at += 2000) expect(absence.look(NOW + at, false)).toBeNull();
    expect(kinds(absence.look(NOW + 60_000, true), NOW + 60_000, NOW - 2000)).toEqual([]);
  });
});

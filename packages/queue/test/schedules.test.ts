import { AppError } from "@flotilla/kernel";
import {
  consumeTicks,
  cronTiming,
  type DueTick,
  isSlot,
  nextRun,
  Schedules,
  type Timing,
} from "@flotilla/queue";
import { redisCommand, waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { queueOf, sharedPlace, watched } from "./support.ts";

type Place = Awaited<ReturnType<typeof sharedPlace>>;
const at = (text: string): number => Date.parse(text);
const HOURLY: Timing = { kind: "every", everyMs: 3_600_000 };

async function schedulesAt(place: Place): Promise<Schedules> {
  const schedules = new Schedules(place, () => {});
  onTestFinished(() => schedules.close());
  return schedules;
}

async function ticksAt(place: Place, take = async (_tick: DueTick) => {}): Promise<DueTick[]> {
  const got: DueTick[] = [];
  const handle = async (tick: DueTick): Promise<void> => {
    got.push(tick);
    await take(tick);
  };
  const consumer = await consumeTicks({ place, onError: () => {}, handle });
  onTestFinished(() => consumer.close());
  return got;
}

describe("times of a schedule", () => {
  const daily: Timing = { kind: "cron", pattern: "30 2 * * *", zone: "Europe/Berlin" };

  test("are those of its zone, in summer and in winter", () => {
    expect(nextRun(daily, at("2026-01-10T12:00:00Z"))).toBe(at("2026-01-11T01:30:00Z"));
    expect(nextRun(daily, at("2026-07-10T12:00:00Z"))).toBe(at("2026-07-11T00:30:00Z"));
  });

  test("come once in the night that has the hour twice, and once in the one without it", () => {
    const inNight = (from: string, until: string): number[] => {
      const found: number[] = [];
      for (let time = nextRun(daily, at(from)); time !== null && time < at(until); ) {
        found.push(time);
        time = nextRun(daily, time);
      }
      return found;
    };
    expect(inNight("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z")).toHaveLength(1);
    expect(inNight("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z")).toHaveLength(1);
  });

  test("only a planned time is one", () => {
    const planned = at("2026-01-11T01:30:00Z");
    expect(isSlot(daily, planned, planned - 1)).toBe(true);
    expect(isSlot(daily, planned, planned)).toBe(false);
    expect(isSlot(daily, planned + 60_000, planned)).toBe(false);
    expect(isSlot(HOURLY, planned + 3_600_000, planned)).toBe(true);
    expect(isSlot(HOURLY, planned + 60_000, planned)).toBe(false);
  });
});

describe("a cron text", () => {
  const now = at("2026-01-10T12:00:00Z");
  const why = (text: string, zone = "UTC"): string => {
    try {
      cronTiming(text, zone, now);
      return "taken";
    } catch (error) {
      if (error instanceof AppError && error.code === "bad-schedule") return error.message;
      throw error;
    }
  };

  test("is taken with any blanks between its fields", () => {
    expect(cronTiming("  0  4 * *   1-5 ", "UTC", now)).toEqual({
      kind: "cron",
      pattern: "0 4 * * 1-5",
      zone: "UTC",
    });
  });

  test.each([
    ["0 4 * *", /4 of 5 fields/],
    ["* * * * * *", /6 of 5 fields/],
    ["nightly", /1 of 5 fields/],
    ["0 25 * * *", /range|25/],
    ["0 4 * * banana", /.+/],
    ["* * * * *", /more often/],
    ["", /1 of 5 fields/],
  ])("that is bad is refused with the reason: %s", (text, reason) => {
    expect(why(text)).toMatch(reason);
  });

  test("with a zone that there is not is refused", () => {
    expect(why("0 4 * * *", "Mars/Olympus")).not.toBe("taken");
  });
});

describe("schedules in Redis", () => {
  test("are planned, changed and removed as wanted", async () => {
    const schedules = await schedulesAt(await sharedPlace());
    const timing = cronTiming("0 4 * * *", "Asia/Tokyo", Date.now());
    const after = Date.now();
    await schedules.keep([
      { id: "archive", timing: HOURLY, after },
      { id: "restart", timing, after },
    ]);
    const found = await schedules.list();
    expect(found.map(({ id }) => id).toSorted()).toEqual(["archive", "restart"]);
    expect(found.find(({ id }) => id === "restart")).toEqual({
      id: "restart",
      timing,
      next: nextRun(timing, after),
    });
    const other = cronTiming("0 5 * * *", "Asia/Tokyo", Date.now());
    await schedules.keep([{ id: "restart", timing: other, after }]);
    expect(await schedules.list()).toMatchObject([{ id: "restart", timing: other }]);
  });

  test("stay as they are when nothing changes", async () => {
    const place = await sharedPlace();
    const schedules = await schedulesAt(place);
    const wanted = [{ id: "archive", timing: HOURLY, after: Date.now() }];
    await schedules.keep(wanted);
    const [first] = await schedules.list();
    await schedules.keep(wanted);
    expect(await schedules.list()).toEqual([first]);
  });

  test("come back after Redis lost everything", async () => {
    const place = await sharedPlace();
    const schedules = await schedulesAt(place);
    const wanted = [{ id: "archive", timing: HOURLY, after: Date.now() }];
    await schedules.keep(wanted);
    await redisCommand(place.redis, "FLUSHDB");
    expect(await schedules.list()).toEqual([]);
    await schedules.keep(wanted);
    expect(await schedules.list()).toHaveLength(1);
  });

  test("are planned again when the clock was a year ahead", async () => {
    const place = await sharedPlace();
    const schedules = await schedulesAt(place);
    const timing = HOURLY;
    const yearOn = Date.now() + 365 * 24 * 3_600_000;
    await schedules.keep([{ id: "archive", timing, after: yearOn }]);
    expect((await schedules.list())[0]?.next).toBeGreaterThan(yearOn);
    await schedules.keep([{ id: "archive", timing, after: Date.now() }]);
    expect((await schedules.list())[0]?.next).toBeLessThan(Date.now() + 2 * 3_600_000);
  });

  test("missed ticks come as one", async () => {
    const place = watched(await sharedPlace());
    const schedules = await schedulesAt(place);
    const everyMs = 500;
    await schedules.keep([{ id: "often", timing: { kind: "every", everyMs }, after: Date.now() }]);
    const [planned] = await schedules.list();
    const missed = (planned?.next ?? 0) + 4 * everyMs;
    await waitFor(() => Date.now() > missed, { what: "five ticks to be missed" });
    const startedAt = Date.now();
    const got = await ticksAt(place);
    await waitFor(() => got.length >= 3);
    expect(got.filter(({ slot }) => slot < startedAt)).toEqual([
      { schedule: "often", slot: planned?.next },
    ]);
    expect(place.refused).toEqual([]);
  });

  test("a tick that this fleet has not signed is refused, and its schedule replaced", async () => {
    const place = watched(await sharedPlace());
    const schedules = await schedulesAt(place);
    const queue = queueOf(place, "schedules");
    const repeat = { every: 300, startDate: Date.now() + 100 };
    await queue.upsertJobScheduler("archive", repeat, { name: "tick", data: { schedule: "x" } });
    const got = await ticksAt(place);
    await waitFor(() => place.refused.length > 0);
    expect(got).toEqual([]);
    await schedules.keep([{ id: "archive", timing: HOURLY, after: Date.now() }]);
    expect(await schedules.list()).toMatchObject([{ id: "archive", timing: HOURLY }]);
    expect((await schedules.list())[0]?.next).not.toBeNull();
  });
});

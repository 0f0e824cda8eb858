/**
 * Times as people read them: with the day when it is another one, with the zone where a clock time
 * is needed (field fault D6).
 */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { say } from "../src/kit/words/said.ts";
import { FLEET_TIMES, Times } from "../src/kit/words/times.ts";
import { commandLine } from "../src/workers/command-line.ts";
import { ALL_WORDS, ASKER, EN, NOW, statusOf, WORKER } from "./support.ts";

const HOUR_MS = 3_600_000;

describe("a clock time", () => {
  test.each([
    [5 * 60_000, /^\d\d:\d\d:\d\d$/],
    [-7.9 * HOUR_MS, /^\d\d:\d\d:\d\d$/],
    [15.9 * HOUR_MS, /^\d\d:\d\d:\d\d$/],
    [16 * HOUR_MS, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/],
    [-8.1 * HOUR_MS, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/],
    [-30 * HOUR_MS, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/],
  ])("%i ms from 8 o'clock is %s", (ms, form) => {
    expect(new Times("UTC").clock(NOW + ms, NOW)).toMatch(form);
  });

  test.each([
    ["UTC", "UTC"],
    ["Europe/Berlin", "UTC+1"],
    ["Asia/Kolkata", "UTC+5:30"],
    ["America/New_York", "UTC-5"],
  ])("in %s names the zone %s, be it the fleet's or an admin's", (zone, name) => {
    const times = [new Times(zone)];
    vi.stubEnv("TZ", zone);
    for (const each of [...times, FLEET_TIMES]) expect(each.name(Date.UTC(2027, 0, 15))).toBe(name);
    for (const words of ALL_WORDS) expect(words.html("updated", { at: NOW }).text).toContain(name);
  });

  test("a wait of a day says for how long, and until which day", () => {
    const until = Date.now() + 27 * HOUR_MS;
    const text = EN.said(say("alert-flood", { worker: "news_1", until, ms: 27 * HOUR_MS })).text;
    expect(text).toMatch(/of 1 d 3 h, until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
  });
});

describe("on a live screen the relative time comes first", () => {
  const SECOND_MS = 1000;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each([
    ["details-last-success", -3 * SECOND_MS, "just now (13:29:57)"],
    ["details-last-success", -200 * SECOND_MS, "3 min ago (13:26:40)"],
    ["details-last-success", -14 * HOUR_MS, "14 h ago (yesterday, 23:30)"],
    ["details-last-success", -50 * HOUR_MS, "2 d 2 h ago (2027-01-13 11:30)"],
    ["details-last-success", 3 * HOUR_MS, "</b> 16:30"],
    ["worker-next", 23 * HOUR_MS, "next try in 23 h (tomorrow, 12:30)"],
    ["worker-next", 31 * SECOND_MS, "next try in under 1 min (13:30:31)"],
    ["worker-next", 61_000, "next try in 1 min (13:31:01)"],
    ["worker-next", -2 * SECOND_MS, "next try now (13:29:58)"],
    ["worker-next", 50 * HOUR_MS, "next try in 2 d 2 h (2027-01-17 15:30)"],
    ["details-process", -5 * SECOND_MS, "up for under 1 min (since 13:29:55)"],
    ["details-process", -26 * HOUR_MS, "up for 1 d 2 h (since yesterday, 11:30)"],
    ["details-process", 2 * HOUR_MS, "up for under 1 min (since 15:30)"],
  ])("%s, %i ms from now: %s", (key, ms, shown) => {
    expect(EN.in("Asia/Kolkata").text(key, { at: NOW + ms, pid: "1" })).toContain(shown);
  });

  test.each([
    ["details-last-success", 12 * 60_000 + 59_000, "10 min ago"],
    ["details-last-success", 59 * 60_000, "55 min ago"],
    ["details-last-success", 119 * 60_000, "1 h ago"],
  ])("%s, %i ms ago: %s", (key, ms, shown) => {
    expect(EN.text(key, { at: NOW - ms })).toContain(shown);
  });

  test("in an hour without news the text of a screen changes 20 times, in a day 43 times", () => {
    const changes = (hours: number): number =>
      new Set(
        Array.from(
          { length: hours * 60 },
          (_, n) => EN.text("details-last-success", { at: NOW - n * 60_000 }).split("(")[0],
        ),
      ).size;
    expect([changes(1), changes(24)]).toEqual([20, 43]);
  });

  test("never more than has passed, and never more than is left", () => {
    const lengthOf = (text: string): number => {
      const units = { d: 24 * HOUR_MS, h: HOUR_MS, min: 60_000 };
      const found = [...text.replace(/\(.*/, "").matchAll(/(\d+) (d|h|min)\b/g)].filter(
        () => !text.includes("under"),
      );
      return found.reduce(
        (sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units],
        0,
      );
    };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 * 24 * HOUR_MS }), (ms) => {
        expect(lengthOf(EN.text("details-last-success", { at: NOW - ms }))).toBeLessThanOrEqual(ms);
        expect(lengthOf(EN.text("worker-next", { at: NOW + ms }))).toBeLessThanOrEqual(ms);
        expect(
          lengthOf(EN.text("details-process", { at: NOW - ms, pid: "x" })),
        ).toBeLessThanOrEqual(ms);
      }),
    );
  });
});

describe("what a command led to is not shown when it is not so any more", () => {
  const done = {
    id: "c",
    worker: WORKER,
    askerId: "777",
    askerName: ASKER.name,
    askedAt: NOW - 9000,
    code: null,
    result: null,
  } as const;
  const line = (verb: string, state: Parameters<typeof statusOf>[1]) =>
    commandLine(
      EN,
      {
        command: { ...done, verb, state: "done", endedAt: NOW - 8000 },
        status: statusOf("news_1", state),
      },
      NOW,
    );

  test.each([
    ["start", { state: "BACKOFF", pid: null, since: NOW - 1000 }, false],
    ["restart", { state: "GAVE_UP", pid: null, since: NOW - 1000 }, false],
    ["start", { state: "RUNNING", since: NOW - 1000 }, true],
    ["start", { state: "BACKOFF", pid: null, since: NOW - 20_000 }, true],
    ["stop", { state: "RUNNING", since: NOW - 1000 }, false],
    ["stop", { state: "STOPPED", pid: null, since: NOW - 8000 }, true],
  ] as const)("%s, then %j: %s", (verb, status, isShown) => {
    expect(line(verb, status) !== null).toBe(isShown);
  });
});

/** Times as people read them: with the day when it is another one, with the zone where a clock time is needed (field fault D6). */
import { describe, expect, test, vi } from "vitest";
import { commandLine } from "../src/screens/command-line.ts";
import { say } from "../src/words/said.ts";
import { clockTime, zoneOf } from "../src/words/times.ts";
import { ALL_WORDS, ASKER, EN, NOW, statusOf, WORKER } from "./support.ts";

const HOUR_MS = 3_600_000;

describe("a clock time", () => {
  test.each([
    [5 * 60_000, /^\d\d:\d\d:\d\d$/],
    [-11 * HOUR_MS, /^\d\d:\d\d:\d\d$/],
    [12 * HOUR_MS, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/],
    [24 * HOUR_MS, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/],
    [-30 * HOUR_MS, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/],
  ])("%i ms away is %s", (ms, form) => {
    expect(clockTime(NOW + ms, NOW)).toMatch(form);
  });

  test.each([
    ["UTC", "UTC"],
    ["Europe/Berlin", "UTC+1"],
    ["Asia/Kolkata", "UTC+5:30"],
    ["America/New_York", "UTC-5"],
  ])("in %s names the zone %s", (zone, name) => {
    vi.stubEnv("TZ", zone);
    expect(zoneOf(Date.UTC(2027, 0, 15))).toBe(name);
    for (const words of ALL_WORDS) expect(words.html("updated", { at: NOW }).text).toContain(name);
  });

  test("a wait of a day says for how long, and until which day", () => {
    const until = Date.now() + 27 * HOUR_MS;
    const text = EN.said(say("alert-flood", { worker: "news_1", until, ms: 27 * HOUR_MS })).text;
    expect(text).toMatch(/for 1 d 3 h, until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
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
    commandLine(EN, { command: { ...done, verb, state: "done", endedAt: NOW - 8000 }, status: statusOf("news_1", state) }, NOW);

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

/** Each admin reads times in a zone of their own (field fault D6). */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { handlePress } from "../src/app/presses.ts";
import { Times } from "../src/kit/words/times.ts";
import { zoneFromText } from "../src/kit/words/zone.ts";
import { meet, startFleet } from "./chat.ts";
import { shownAlerts, shownAnswers, shownLogins, shownScreens } from "./golden/everything.ts";
import { ALL_WORDS, ANN, ASKER, BEN, NOW } from "./support.ts";

const SOURCES = fileURLToPath(new URL("../src", import.meta.url));

describe("a time zone is read as people write it", () => {
  test.each([
    ["Europe/Berlin", "Europe/Berlin"],
    ["europe/berlin", "Europe/Berlin"],
    ["berlin", "Europe/Berlin"],
    [" Berlin ", "Europe/Berlin"],
    ["New York", "America/New_York"],
    ["new_york", "America/New_York"],
    ["São Paulo", "America/Sao_Paulo"],
    ["buenos aires", "America/Buenos_Aires"],
    ["Kyiv", "Europe/Kyiv"],
    ["Kolkata", "Asia/Kolkata"],
    ["tokyo", "Asia/Tokyo"],
    ["UTC", "UTC"],
    ["GMT", "UTC"],
    ["+3", "+03:00"],
    ["+0", "UTC"],
    ["−3", "-03:00"],
    ["UTC+05:30", "+05:30"],
    ["utc +5:30", "+05:30"],
    ["GMT-0330", "-03:30"],
    ["+14", "+14:00"],
    ["I have 14:35 now", "+06:30"],
    ["у меня 11:00", "+03:00"],
    ["9:02", "+01:00"],
    ["8:00", "UTC"],
    ["it is 12:30 pm here", "+04:30"],
    ["12:05 am", "-08:00"],
    ["22.00", "-10:00"],
    // A watch that is a few minutes off; no clock on Earth is 10:15 or 2:15 from UTC.
    ["18:16", "+10:30"],
    ["18:11", "+10:00"],
    ["10:16", "+02:00"],
    ["13:44", "+05:45"],
    ["20:46", "+12:45"],
    ["20:58", "+13:00"],
  ])("%j is %s", (text, zone) => {
    expect(zoneFromText(text, NOW)).toBe(zone);
  });

  test.each([
    "",
    "Atlantis",
    "+15",
    "-13",
    "+3:75",
    "25:00",
    "9:60",
    "13:00 pm",
    "hello",
    "14:35 or 15:35",
    "/settings",
    "a/../b",
  ])("%j is none", (text) => {
    expect(zoneFromText(text, NOW)).toBeNull();
  });

  test("what is read is taken by Intl, whatever was written", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.stringMatching(/^(UTC)?[+-]\d{1,2}(:?\d\d)?$/),
          fc.stringMatching(/^\d{1,2}:\d\d$/),
        ),
        (text) => {
          const zone = zoneFromText(text, NOW);
          if (zone !== null) expect(() => new Times(zone).date(NOW)).not.toThrow();
        },
      ),
    );
  });

  test("each zone of the list is found by its own name and by its city", () => {
    for (const zone of Intl.supportedValuesOf("timeZone")) {
      expect(zoneFromText(zone, NOW)?.toLowerCase()).toBe(zone.toLowerCase());
      expect(
        zoneFromText(zone.replace(/^.*\//, "").replaceAll("_", " "), NOW),
        zone,
      ).not.toBeNull();
    }
  });

  test("the time of any zone, also by a watch that is 5 minutes off, gives a zone with the same time", () => {
    const said = fc.record({
      // +13:45 there in summer is read as -10:15, which no clock has.
      zone: fc.constantFrom(
        ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "Pacific/Chatham"),
      ),
      now: fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2040, 0) }),
      offMin: fc.integer({ min: -5, max: 5 }),
    });
    fc.assert(
      fc.property(said, ({ zone, now, offMin }) => {
        const watch = new Times(zone).wall(now + offMin * 60_000);
        const text = `${watch.hour}:${String(watch.minute).padStart(2, "0")}`;
        const there = new Times(zoneFromText(text, now) ?? "").wall(now);
        const here = new Times(zone).wall(now);
        expect([there.hour, there.minute]).toEqual([here.hour, here.minute]);
      }),
      { numRuns: 300 },
    );
  });
});

describe("the times of a zone", () => {
  test("a time of day there is found again, also where clocks change", () => {
    const zones = fc.constantFrom(
      null,
      "Europe/Berlin",
      "America/New_York",
      "Asia/Kathmandu",
      "Pacific/Chatham",
      "+05:30",
      "Africa/Cairo",
    );
    fc.assert(
      fc.property(zones, fc.integer({ min: 0, max: 4_000_000_000 }), (zone, seconds) => {
        const times = new Times(zone);
        const at = Math.floor(seconds / 60) * 60_000;
        const found = times.at(times.wall(at));
        // An hour that comes twice is one of both.
        expect([0, 3_600_000]).toContain(Math.abs((found ?? 0) - at));
      }),
    );
  });

  test.each([
    [{ year: 2027, month: 2, day: 30, hour: 1, minute: 0 }],
    [{ year: 2027, month: 3, day: 28, hour: 2, minute: 30 }],
    [{ year: 2027, month: 1, day: 1, hour: 24, minute: 0 }],
    [{ year: 2027, month: 13, day: 1, hour: 1, minute: 0 }],
  ])("%j is no time in Berlin", (wall) => {
    expect(new Times("Europe/Berlin").at(wall)).toBeNull();
  });

  test("a time has its date when it is not today there", () => {
    const tokyo = new Times("Asia/Tokyo");
    expect(tokyo.clock(NOW, NOW)).toBe("17:00:00");
    expect(tokyo.clock(NOW + 6.99 * 3_600_000, NOW)).toBe("23:59:24");
    expect(tokyo.clock(NOW + 7 * 3_600_000, NOW)).toBe("2027-01-16 00:00:00");
    expect(tokyo.clock(NOW - 18 * 3_600_000, NOW)).toBe("2027-01-14 23:00:00");
    expect([tokyo.clock(Number.NaN), tokyo.date(Number.POSITIVE_INFINITY)]).toEqual(["?", "?"]);
  });

  test("UTC times in texts from outside are shown there", () => {
    const text = "host-b runs it (since 2027-01-15T07:40:00.123Z), not 2027-01-15 07:40";
    expect(new Times("+05:30").local(text)).toContain("13:10:00), not 2027-01-15 07:40");
  });
});

describe("every time that the chat shows", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each(ALL_WORDS.map((words) => [words.language, words] as const))(
    "is in the zone of its reader, in %s",
    async (_, words) => {
      vi.useFakeTimers({ toFake: ["Date"], now: NOW });
      const everything = async (zone: string): Promise<string[]> => {
        const its = words.in(zone);
        const cards = [
          ...(await shownScreens(its)),
          ...shownLogins(its),
          ...shownAnswers(its),
          ...(await shownAlerts(its)),
        ];
        return cards
          .join("\n")
          .split("\n")
          .filter((line) => !isExample(line));
      };
      // 8:00 in London is 13:45 in Kathmandu, on the same day.
      const [here, there] = [await everything("UTC"), await everything("Asia/Kathmandu")];
      expect(there.length).toBe(here.length);
      const shown = here.flatMap((line, n) =>
        timesIn(line).map((time, k) => [line, time, timesIn(there[n] ?? "")[k]] as const),
      );
      expect(shown.length).toBeGreaterThan(100);
      for (const [line, time, other] of shown) expect(other, line).toBe(inKathmandu(time));
    },
  );

  test("is made in one place", () => {
    const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((path) =>
      path.endsWith(".ts"),
    );
    const own =
      /toLocale|DateTimeFormat|\.get(UTC)?(FullYear|Month|Date|Day|Hours|Minutes|Seconds)\(|toTimeString|toUTCString/;
    const makes = files.filter((path) => own.test(readFileSync(join(SOURCES, path), "utf8")));
    expect(makes.sort()).toEqual(["kit/words/times.ts", "kit/words/zone.ts"]);
  });
});

/**
 * Hours and dates that are no time at which something happens: those of the quiet hours, and how an
 * answer is to be written.
 */
function isExample(line: string): boolean {
  // Times to choose from, and times that name their zone, are the same for everybody.
  if (/^(\[ \d\d:00 \]\s*)+$|\(Europe\/Berlin\)/.test(line)) return true;
  return /22:00|2026-11-01|14:35|30 4 \* \* 1-5/.test(line);
}

function timesIn(line: string): string[] {
  return [...line.matchAll(/(?<![\d:.+-])\d\d:\d\d(:\d\d)?(?![\d:])/g)].map((match) => match[0]);
}

function inKathmandu(time: string): string {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  const there = hours * 60 + minutes + 345;
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(Math.floor(there / 60) % 24)}:${two(there % 60)}${time.slice(5)}`;
}

describe("an admin's zone", () => {
  test("is asked for in Settings, is that admin's alone, and goes with the admin", async () => {
    const fleet = await startFleet();
    await meet(fleet, 777, "Ann");
    await meet(fleet, 778, "Ben");
    const { parts } = fleet;
    await fleet.poll();
    const press = async (arg: string): Promise<void> => {
      const message = (await fleet.shown(777)).findLast(({ from }) => from === "bot")?.id ?? 0;
      const who = { admin: ANN, role: "viewer", asker: ASKER, toast: async () => {} } as const;
      await handlePress(parts, {
        ...who,
        id: "press-0000000001",
        press: { verb: "zone", about: "", arg },
        chat: "777",
        message,
      });
    };
    const type = async (text: string): Promise<void> => {
      await fleet.post("/chat/text", { user: 777, text });
    };
    await press("");
    await type("Atlantis");
    await fleet.waitForBot(777, "no such city");
    await type("kathmandu");
    await fleet.waitForBot(777, "Your time zone: Asia/Kathmandu (UTC+5:45)");
    expect([parts.admins.zone(ANN), parts.admins.zone(BEN), parts.admins.expecting(ANN)]).toEqual([
      "Asia/Kathmandu",
      null,
      null,
    ]);
    expect(parts.wordsOf("777").times.name(NOW)).toBe("UTC+5:45");
    expect([parts.wordsOf("778").times.zone, parts.wordsOf("-100123").times.zone]).toEqual([
      null,
      null,
    ]);
    await press("off");
    expect(parts.admins.zone(ANN)).toBeNull();
    parts.admins.setZone(BEN, "Asia/Tokyo");
    parts.admins.keepOnly([ANN]);
    parts.admins.keepOnly([ANN, BEN]);
    expect(parts.admins.zone(BEN)).toBeNull();
  });
});

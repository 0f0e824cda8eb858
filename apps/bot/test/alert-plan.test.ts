import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ALERT_KINDS, alertRule } from "../src/alerts/kinds.ts";
import {
  type AlertFact,
  type AlertSituation,
  groupKey,
  hiddenBy,
  isQuietTime,
  isSilenced,
  planAlerts,
} from "../src/alerts/plan.ts";

const NOW = 1_800_000_000_000;
const fact = (more: Partial<AlertFact> = {}): AlertFact => ({
  n: 1,
  kind: "crash",
  worker: "news_1",
  host: "host-a",
  code: "",
  readyAt: NOW - 1,
  resolvedAt: null,
  ...more,
});

const facts = fc
  .array(
    fc.record({
      kind: fc.constantFrom(...ALERT_KINDS),
      worker: fc.option(fc.constantFrom("news_1", "news_2", "sport"), { nil: null }),
      host: fc.constantFrom("host-a", "host-b"),
      code: fc.constantFrom("", "AUTH_KEY_DUPLICATED"),
      readyAt: fc.integer({ min: NOW - 60_000, max: NOW + 60_000 }),
      resolvedAt: fc.option(fc.constant(NOW - 10), { nil: null }),
    }),
    { maxLength: 12 },
  )
  .map((list) => list.map((each, index) => ({ n: index + 1, ...each })));

const situation = (
  untold: readonly AlertFact[],
  more: Partial<AlertSituation> = {},
): AlertSituation => ({
  now: NOW,
  minuteOfDay: 600,
  untold,
  open: untold.filter((each) => each.resolvedAt === null),
  silences: [],
  quiet: null,
  holdMs: 30_000,
  cards: [],
  ...more,
});
const recent = fc.array(
  fc
    .record({
      alert: facts.filter((all) => all.length > 0),
      open: fc.boolean(),
      agoMs: fc.nat(600_000),
      toldMs: fc.nat(600_000),
    })
    .map(({ alert, open, agoMs, toldMs }) => ({
      key: groupKey(alert[0] ?? fact()),
      open,
      openedAt: NOW - agoMs,
      toldAt: NOW - Math.min(agoMs, toldMs),
    })),
  { maxLength: 4 },
);
const told = ({ cards, joins }: ReturnType<typeof planAlerts>) =>
  [...cards, ...joins].flatMap(({ alerts }) => alerts);
const situations = fc
  .record({
    untold: facts,
    minuteOfDay: fc.nat(1439),
    silences: fc.array(
      fc.record({
        worker: fc.option(fc.constantFrom("news_1", "sport"), { nil: null }),
        until: fc.integer({ min: NOW - 1000, max: NOW + 1000 }),
      }),
      { maxLength: 2 },
    ),
    quiet: fc.option(fc.record({ fromMin: fc.nat(1439), toMin: fc.nat(1439) }), { nil: null }),
    cards: recent.map((list) => list.map((each, index) => ({ n: index + 1, ...each }))),
  })
  .map(({ untold, ...more }) => situation(untold, more));

describe("the plan", () => {
  test("puts no alert on two cards, drops only what is solved, and tells nothing before its time", () => {
    fc.assert(
      fc.property(situations, (given) => {
        const plan = planAlerts(given);
        const all = [...told(plan), ...plan.drop].map((each) => each.n);
        expect(new Set(all).size).toBe(all.length);
        expect(plan.drop.every((each) => each.resolvedAt !== null)).toBe(true);
        expect(told(plan).every((each) => each.readyAt <= NOW)).toBe(true);
        for (const card of plan.cards)
          expect(new Set(card.alerts.map(groupKey))).toEqual(new Set([card.key]));
        for (const { card, alerts } of plan.joins)
          expect(new Set(alerts.map(groupKey))).toEqual(
            new Set([given.cards.find(({ n }) => n === card)?.key]),
          );
      }),
    );
  });

  test(
    "loses nothing: once holds, silences and quiet hours are over and causes are solved, every " +
      "open alert is told",
    () => {
      fc.assert(
        fc.property(situations, (given) => {
          const now = NOW + 3_600_000;
          const later = { ...given, now, minuteOfDay: 0, silences: [], quiet: null, open: [] };
          const heard = told(planAlerts(later)).map((each) => each.n);
          const open = given.untold
            .filter((each) => each.resolvedAt === null)
            .map((each) => each.n);
          expect(open.every((n) => heard.includes(n))).toBe(true);
        }),
      );
    },
  );

  test("tells nothing that is silenced or hidden, and in quiet hours only what is red or asked for", () => {
    fc.assert(
      fc.property(situations, (given) => {
        for (const alert of told(planAlerts(given))) {
          expect(isSilenced(alert, given.silences, NOW)).toBe(false);
          expect(hiddenBy(alert, given.open)).toBeNull();
          const { level, cause } = alertRule(alert.kind);
          if (isQuietTime(given.quiet, given.minuteOfDay))
            expect(level === "red" || cause === "none").toBe(true);
        }
      }),
    );
  });

  test("of ten workers that crash together is one card; of two hosts are two", () => {
    const crowd = Array.from({ length: 10 }, (_, n) =>
      fact({ n: n + 1, worker: `w${n}`, host: n < 7 ? "host-a" : "host-b" }),
    );
    expect(planAlerts(situation(crowd)).cards.map((card) => card.alerts.length)).toEqual([7, 3]);
  });

  test("of sessions that ended for two causes are two cards: each has its own remedy", () => {
    const ended = (n: number, code: string) =>
      fact({ n, kind: "needs-login", worker: `w${n}`, code, host: n % 2 ? "host-a" : "host-b" });
    const crowd = Array.from({ length: 25 }, (_, n) =>
      ended(n + 1, n < 20 ? "AUTH_KEY_UNREGISTERED" : "AUTH_KEY_DUPLICATED"),
    );
    expect(planAlerts(situation(crowd)).cards.map((card) => card.alerts.length)).toEqual([20, 5]);
  });

  describe("a further alert of the same group", () => {
    const given = (kind: AlertFact["kind"], agoMs: number, open: boolean, holdMs = 30_000) => {
      const alert = fact({ kind });
      const at = NOW - agoMs;
      const { cards, joins } = planAlerts(
        situation([alert], {
          holdMs,
          cards: [{ n: 7, key: groupKey(alert), open, openedAt: at, toldAt: at }],
        }),
      );
      if (joins[0]) return joins[0].loud ? "joins loud" : "joins";
      return cards[0]?.silent ? "new silent" : "new";
    };
    test.each([
      ["crash", 1, true, "joins"],
      ["crash", 299_999, true, "joins"],
      ["crash", 300_000, true, "new"],
      ["crash", 1, false, "new silent"],
      ["crash", 300_000, false, "new"],
      ["needs-login", 29_999, true, "joins"],
      ["needs-login", 30_001, true, "joins loud"],
      ["needs-login", 1, false, "new"],
    ] as const)("%s, %i ms after a card (open: %s): %s", (kind, agoMs, open, what) => {
      expect(given(kind, agoMs, open)).toBe(what);
    });
    test("a card of a clock that was ahead takes nothing in", () => {
      expect(given("crash", -86_400_000, true)).toBe("new");
    });
  });

  test("drops a short loss of the network, and still tells of a crash that mended itself", () => {
    const plan = planAlerts(
      situation([
        fact({ n: 1, kind: "offline", resolvedAt: NOW }),
        fact({ n: 2, resolvedAt: NOW }),
      ]),
    );
    expect([
      plan.drop.map((each) => each.n),
      plan.cards.flatMap((card) => card.alerts.map((each) => each.n)),
    ]).toEqual([[1], [2]]);
  });
});

describe("a cause hides what it explains, and only that", () => {
  test.each([
    ["host-away", "crash", true],
    ["host-away", "needs-login", false],
    ["redis-away", "host-away", true],
    ["redis-away", "crash", false],
    ["host-network", "offline", true],
    ["host-network", "crash", false],
    ["needs-login", "quiet", true],
    ["needs-login", "crash", false],
  ] as const)("%s hides %s: %s", (cause, kind, hidden) => {
    const alert = fact({ n: 2, kind });
    const open = (more: Partial<AlertFact>) => [alert, fact({ n: 1, kind: cause, ...more })];
    expect(hiddenBy(alert, open({})) !== null).toBe(hidden);
    expect(hiddenBy(alert, open({ resolvedAt: NOW })), "a cause that is solved").toBeNull();
    if (cause.startsWith("host"))
      expect(hiddenBy(alert, open({ host: "host-b" })), "another host").toBeNull();
  });

  test("nothing hides itself or both each other", () => {
    fc.assert(
      fc.property(facts, (open) => {
        for (const alert of open) {
          const cause = hiddenBy(alert, open);
          expect(cause?.n).not.toBe(alert.n);
          if (cause) expect(hiddenBy(cause, open)?.n).not.toBe(alert.n);
        }
      }),
    );
  });
});

test("quiet hours may cross midnight, and equal ends are none", () => {
  const night = { fromMin: 1320, toMin: 420 };
  expect([1319, 1320, 0, 419, 420].map((minute) => isQuietTime(night, minute))).toEqual([
    false,
    true,
    true,
    true,
    false,
  ]);
  expect(isQuietTime({ fromMin: 60, toMin: 60 }, 60)).toBe(false);
  expect(isQuietTime({ fromMin: 60, toMin: 120 }, 119)).toBe(true);
});

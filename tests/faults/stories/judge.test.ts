/** The judge of the stories goes red for each way in which a chat can be wrong. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readSaying } from "./claims.ts";
import { judgeStory } from "./judge.ts";
import type { Bounds, Happening, Told } from "./model.ts";
import { storyTable } from "./table.ts";

const T0 = Date.UTC(2026, 10, 30, 3, 0, 0);
const ANN = "1001";
const BOUNDS: Bounds = { hears: [ANN], workers: 30, messages: 8, busyMs: 0, presses: [] };

const crash = (about: string, at = T0, over: number | null = T0 + 30_000): Happening => ({
  trouble: "crash",
  about,
  at,
  over,
  withinMs: 1000,
});
const sent = (message: number, at: number, html: string): Told => ({
  at,
  chat: ANN,
  message,
  how: "sent",
  html,
  buttons: "",
});
const edited = (message: number, at: number, html: string): Told => ({
  ...sent(message, at, html),
  how: "edited",
});

const since = (n: number, at = T0): string =>
  `Since ${new Date(at).toISOString().slice(11, 19)} UTC · host-a · #A${n}`;
const one = (name: string, n = 1, at = T0): string =>
  `🟠 ❌ <b>${name}</b> crashed (SIGKILL, after 18 s)\n<i>It left no error message.</i>\n${since(n, at)}`;
const names = (open: readonly string[], over: readonly string[] = []): string =>
  [...open.map((name) => `<b>${name}</b>`), ...over.map((name) => `✅ <s>${name}</s>`)].join(", ");
const some = (count: number, list: string, n = 1): string =>
  `🟠 ❌ <b>${count} of 30 workers crashed</b> (SIGKILL)\n${list}\n${since(n)}`;
const solved = (facts: string, n = 1): string =>
  `✅ #A${n}: all 3 resolved after 30 s\n\n<i>${facts}</i>`;
const end = (n = 1): string => `✅ #A${n}: all 3 resolved after 30 s`;

const HAPPENED = ["a", "b", "c"].map((name) => crash(name));
/** What a chat should be like. */
const GOOD: readonly Told[] = [
  sent(2, T0 + 300, some(2, names(["a", "b"]))),
  edited(2, T0 + 3300, some(3, names(["a", "b", "c"]))),
  edited(2, T0 + 32_000, solved(some(3, names([], ["a", "b", "c"])))),
  sent(3, T0 + 32_010, end()),
];
const judged = (
  told: readonly Told[],
  happened: readonly Happening[] = HAPPENED,
  more: Partial<Bounds> = {},
): string[] => judgeStory(happened, told, { ...BOUNDS, ...more });

test("a chat that tells each trouble once, in time and truly is right", () => {
  expect(judged(GOOD)).toEqual([]);
  expect(judged([], [])).toEqual([]);
  expect(storyTable(HAPPENED, GOOD)).toContain("HAPPENED crash × 3: a, b, c");
});

describe("false:", () => {
  test.each([
    [
      "a trouble that did not happen",
      sent(9, T0 + 40_000, one("d", 9, T0 + 40_000)),
      /false: crash of d/,
    ],
    [
      "a trouble of another kind",
      sent(9, T0 + 500, `🔴 🖥 <b>host-a</b> does not answer (3 workers)\n${since(9)}`),
      /false: host of/,
    ],
    [
      "the network of the host",
      sent(
        9,
        T0 + 500,
        `🟠 🔌 <b>host-a</b>: all 5 workers have been offline since 03:00:00: the network\n${since(9)}`,
      ),
      /false: network of host-a/,
    ],
    [
      "words that the judge does not know",
      sent(9, T0 + 500, "Something is odd."),
      /nothing is known of “Something is odd/,
    ],
    [
      "more than happened",
      edited(2, T0 + 6500, some(5, `${names(["a", "b", "c"])} … and 2 more`)),
      /2 crash too many/,
    ],
    [
      "a number that is not that of the names",
      edited(2, T0 + 6500, some(4, names(["a", "b", "c"]))),
      /says 4, names 3/,
    ],
    [
      "another time",
      edited(2, T0 + 6500, some(3, names(["a", "b", "c"])).replace("03:00:00", "03:00:12")),
      /false time: since 03:00:12/,
    ],
    [
      "a fleet of another size",
      edited(2, T0 + 6500, some(3, names(["a", "b", "c"])).replace("of 30", "of 29")),
      /a fleet of 29/,
    ],
    [
      "an end too early",
      edited(2, T0 + 6500, some(3, names(["a", "b"], ["c"]))),
      /crash of c at 03:00:00.000 is told as over/,
    ],
    [
      "an end of the whole card too early",
      edited(2, T0 + 6500, solved(some(3, names([], ["a", "b", "c"])))),
      /crash of a .* told as over/,
    ],
    [
      "the end of a card that was not told",
      sent(9, T0 + 40_000, end(7)),
      /the end of #A7, which was not told/,
    ],
  ])("%s", (_what, wrong, message) => {
    expect(judged([...GOOD, wrong].sort((a, b) => a.at - b.at)).join("\n")).toMatch(message);
  });

  test("a trouble is told before it happened", () => {
    expect(judged(GOOD, [...HAPPENED.slice(0, 2), crash("c", T0 + 4000)]).join("\n")).toMatch(
      /false: crash of c at 03:00:03/,
    );
  });
});

test("the time of a Redis that hangs is as true as the bot can know it: it asks every two seconds", () => {
  const away = (at: number): readonly Told[] => {
    const text = `🟠 🔌 <b>Redis away</b>\n${since(4, T0 + at)}`;
    return [
      sent(4, T0 + 12_000, text),
      edited(
        4,
        T0 + 21_000,
        `✅ <b>Redis</b> #A4 resolved after 20 s (by itself)\n\n<i>${text}</i>`,
      ),
    ];
  };
  const redis: Happening = {
    trouble: "redis",
    about: "Redis",
    at: T0,
    over: T0 + 20_000,
    withinMs: 13_000,
  };
  expect(judged(away(3000), [redis])).toEqual([]);
  expect(judged(away(12_000), [redis]).join("\n")).toMatch(/false time: since 03:00:12/);
});

describe("late:", () => {
  test("the first message of a burst", () => {
    const told = GOOD.map((each, n) => (n === 0 ? { ...each, at: T0 + 1200 } : each));
    expect(judged(told).join("\n")).toMatch(/late: crash of a .* after 1200 ms/);
  });

  test("one of a burst, by more than the gap between two edits", () => {
    const told = GOOD.map((each, n) => (n === 1 ? { ...each, at: T0 + 6000 } : each));
    expect(judged(told)).toEqual([expect.stringMatching(/late: crash of c .* after 6000 ms/)]);
  });

  test("and not on a machine that is as busy as that", () => {
    const told = GOOD.map((each) => ({ ...each, at: each.at + 15_000 }));
    expect(judged(told, HAPPENED, { busyMs: 20_000 })).toEqual([]);
    expect(judged(told, HAPPENED, { busyMs: 2000 })).not.toEqual([]);
  });

  test("the end", () => {
    const told = GOOD.map((each, n) => (n > 1 ? { ...each, at: each.at + 15_000 } : each));
    expect(judged(told).join("\n")).toMatch(/late: the end of crash of a/);
  });
});

describe("doubled:", () => {
  test("two messages about one trouble", () => {
    expect(
      judged([...GOOD.slice(0, 2), sent(8, T0 + 3400, one("c", 8)), ...GOOD.slice(2)]).join("\n"),
    ).toMatch(/doubled: crash of c .* by 2 messages/);
  });

  test("two replies about one end", () => {
    expect(judged([...GOOD, sent(8, T0 + 33_000, end())])).toEqual([
      expect.stringMatching(/doubled: the end of #A1/),
    ]);
  });
});

describe("missing:", () => {
  test("a trouble", () => {
    expect(judged(GOOD, [...HAPPENED, crash("z")])).toEqual([
      expect.stringMatching(/missing: crash of z/),
    ]);
  });

  test("the end of one", () => {
    expect(judged(GOOD.slice(0, 2)).join("\n")).toMatch(/missing: the end of crash of a/);
  });

  test("in one of two chats that have to hear of it", () => {
    expect(judged(GOOD, HAPPENED, { hears: [ANN, "1002"] })).toHaveLength(3);
  });

  test("a trouble that happens to a worker a second time, when only the first is told", () => {
    const again = crash("a", T0 + 60_000, T0 + 90_000);
    expect(judged(GOOD, [...HAPPENED, again])).toEqual([
      expect.stringMatching(/missing: crash of a at 03:01:00/),
    ]);
    const told = [
      sent(9, T0 + 60_300, one("a", 9, T0 + 60_000)),
      edited(9, T0 + 92_000, solved(one("a", 9, T0 + 60_000), 9)),
    ];
    expect(judged([...GOOD, ...told], [...HAPPENED, again])).toEqual([]);
  });
});

describe("too much:", () => {
  const screen = (n: number, text = `🛰 <b>Fleet</b> ${n}`): string =>
    `${text}\n\n<i>updated 03:00:00 UTC</i>`;

  test("messages", () => {
    expect(judged(GOOD, HAPPENED, { messages: 1 })).toEqual([
      expect.stringMatching(/2 messages in chat 1001, 1 at most/),
    ]);
  });

  test("edits close to each other, unless a press is answered", () => {
    const told = [
      sent(5, T0, screen(0)),
      edited(5, T0 + 5000, screen(1)),
      edited(5, T0 + 6000, screen(2)),
    ];
    expect(judged(told, [])).toEqual([expect.stringMatching(/two edits within 1000 ms/)]);
    expect(judged(told, [], { presses: [{ chat: ANN, at: T0 + 5900 }] })).toEqual([]);
    expect(judged(told, [], { presses: [{ chat: "1002", at: T0 + 5900 }] })).toHaveLength(1);
  });

  test("more than twenty edits in a minute, also of answers", () => {
    const told = Array.from({ length: 22 }, (_, n) => edited(5, T0 + n * 2500, screen(n)));
    const presses = told.map(({ at }) => ({ chat: ANN, at: at - 100 }));
    expect(judged(told, [], { presses })).toEqual([
      expect.stringMatching(/over 20 edits in the minute/),
    ]);
  });

  test("no edit for one that changes a button", () => {
    const told = [
      sent(5, T0, screen(1)),
      { ...edited(5, T0 + 5000, screen(1)), buttons: "Restart these 2" },
    ];
    expect(judged(told, [])).toEqual([]);
  });

  test("an edit that changes nothing but the clock, or that Telegram refuses for it", () => {
    const told = [
      sent(5, T0, screen(1)),
      edited(5, T0 + 5000, screen(1).replace("03:00:00", "03:00:05")),
    ];
    expect(judged(told, [])).toEqual([expect.stringMatching(/an edit without a change/)]);
    const refused: Told = { ...edited(5, T0 + 5000, screen(2)), how: "unchanged" };
    expect(judged([...told.slice(0, 1), refused], [])).toEqual([
      expect.stringMatching(/an edit without a change/),
    ]);
  });
});

describe("those without a name on a long list", () => {
  const four = ["a", "b", "c", "d"].map((name, n) =>
    crash(name, T0, T0 + ([28, 26, 18, 8][n] ?? 0) * 1000),
  );
  const card = (at: number, wellAgain = 0): Told => {
    const counted = wellAgain === 0 ? "" : `\n✅ ${wellAgain} well again, ${4 - wellAgain} not yet`;
    const text = some(4, `${names(["a", "b"])} … and 2 more${counted}`);
    return at === 0 ? sent(2, T0 + 400, text) : edited(2, T0 + at, text);
  };
  const last = edited(2, T0 + 32_000, solved(some(4, `${names([], ["a", "b"])} … and 2 more`)));
  const judge = (more: readonly Told[], happened: readonly Happening[] = four): string[] =>
    judged([card(0), ...more, last], happened);

  test("stand for what happened, and are well again when the card counts them so", () => {
    expect(judge([card(9000, 1), card(20_000, 2)])).toEqual([]);
  });

  test("are too many", () => {
    expect(judge([card(9000, 1), card(20_000, 2)], four.slice(0, 3)).join("\n")).toMatch(
      /1 crash too many/,
    );
  });

  test("are told as well again too early", () => {
    expect(judge([card(9000, 2)])).toEqual([
      expect.stringMatching(/false: crash of c .* is told as over/),
    ]);
  });

  test("are told as well again late", () => {
    expect(judge([card(27_000, 2)])).toEqual([
      expect.stringMatching(/late: the end of crash of d .* after 19000 ms/),
    ]);
  });
});

test("every alert that the bot knows is read as one, and none as words without a meaning", () => {
  const golden = readFileSync(
    new URL("../../../apps/bot/test/golden/alerts.en.txt", import.meta.url),
    "utf8",
  );
  const kinds = [
    "crash",
    "gave-up",
    "needs-login",
    "banned",
    "offline",
    "locked",
    "broken",
    "gap",
    "host-network",
    "host-away",
    "redis-away",
  ];
  for (const kind of kinds) {
    const text = golden.split(`━━━ ${kind}\n`)[1]?.split("\n\n")[0] ?? "";
    const html = text
      .replace(/(?<=^\S+ (?:\S+ )?)(?!\d)(\w+(?:-\w+)?)/u, "<b>$1</b>")
      .replace("<b>Redis</b> away", "<b>Redis away</b>");
    expect(readSaying(html), text).toMatchObject({ kind: "alert", claims: [{}] });
  }
});

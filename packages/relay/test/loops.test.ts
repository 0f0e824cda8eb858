import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { knownChats } from "../src/known-chats.ts";
import { LoopBreaker } from "../src/loop-breaker.ts";
import { findHarmful, validateRoutes } from "../src/validate.ts";
import { aMessage, aRoute } from "./support.ts";

const CHANNEL = "-1002000000001";
const GROUP = "-1002000000002";
const source = (more: object) => ({
  ref: GROUP,
  chat: GROUP,
  title: null,
  username: null,
  lastMessageAt: null,
  rhythmMs: null,
  usualSilenceMs: 0,
  closed: null,
  copiesOf: null,
  ...more,
});
const reader = (...sources: ReturnType<typeof source>[]) => ({ sources });
const from = (...chats: string[]) => ({ worker: "reader", chats });
const to = (chat: string) => ({ kind: "worker", worker: "sender", chat });

describe("service chats", () => {
  it.each([
    ["777000", "from"],
    ["333000", "from"],
    ["42777", "from"],
    ["489000", "from"],
    ["@VerificationCodes", "from"],
    ["@replies", "from"],
  ])("%s can be no source", (chat, field) => {
    const route = aRoute({ from: from("-1000000000001", chat) });
    expect(validateRoutes([route])).toMatchObject([
      { field, code: "service-chat", about: { chat } },
    ]);
  });

  it.each(["777000", "@VerificationCodes"])("%s can be no target, not even of the bot", (chat) => {
    const problems = validateRoutes([
      aRoute({ to: { kind: "bot", chat } }),
      aRoute({ id: "b", to: to(chat) }),
    ]);
    expect(problems.filter(({ code }) => code === "service-chat")).toHaveLength(2);
  });

  it("is known by the number that a reader learned for a name", () => {
    const route = aRoute({ from: from("@innocent") });
    const chats = knownChats([reader(source({ ref: "@innocent", chat: "777000" }))]);
    expect(validateRoutes([route])).toEqual([]);
    expect(validateRoutes([route], chats)).toMatchObject([{ code: "service-chat" }]);
  });

  it("does not keep an admin from changing other routes when the route is off", () => {
    const old = aRoute({ id: "old", on: false, from: from("777000") });
    expect(validateRoutes([old, aRoute()], knownChats([]), ({ on }) => on)).toEqual([]);
    expect(findHarmful([old], knownChats([]))).toMatchObject([
      { route: "old", code: "service-chat" },
    ]);
  });

  it("leaves chats with similar numbers alone", () => {
    for (const chat of ["-777000", "-1001777000", "7770001", "77700"])
      expect(validateRoutes([aRoute({ from: from(chat) })])).toEqual([]);
  });
});

describe("a channel and its discussion group", () => {
  const discussion = source({ copiesOf: { chat: CHANNEL, username: "the_channel" } });

  it.each([
    ["by number", CHANNEL],
    ["by name", "@The_Channel"],
  ])("a route from the group to the channel is a loop, %s", (_, target) => {
    const routes = [aRoute({ from: from(GROUP), to: to(target) })];
    expect(validateRoutes(routes)).toEqual([]);
    expect(validateRoutes(routes, knownChats([reader(discussion)]))).toMatchObject([
      { code: "loop", about: { to: target, back: GROUP } },
    ]);
  });

  it("is found over several routes, and through the bot", () => {
    const routes = [
      aRoute({ id: "a", from: from("@talk"), to: to("-1000000000001") }),
      aRoute({ id: "b", from: from("-1000000000001"), to: { kind: "bot", chat: "@the_channel" } }),
    ];
    const chats = knownChats([
      reader(source({ ref: "@talk", copiesOf: { chat: CHANNEL, username: "the_channel" } })),
    ]);
    expect(validateRoutes(routes, chats).map(({ route }) => route)).toEqual(["a", "b"]);
  });

  it("allows what goes round nowhere: from the channel to its group, and from the group elsewhere", () => {
    const chats = knownChats([reader(discussion, source({ ref: CHANNEL, chat: CHANNEL }))]);
    const routes = [
      aRoute({ id: "down", from: from(CHANNEL), to: to(GROUP) }),
      aRoute({ id: "away", from: from(GROUP), to: to("-1000000000009") }),
    ];
    expect(validateRoutes(routes, chats)).toEqual([]);
  });

  it("copies have no topic: a route that reads one topic of the group is none", () => {
    const chats = knownChats([reader(discussion)]);
    const reads = (topic: number) => aRoute({ from: { ...from(GROUP), topic }, to: to(CHANNEL) });
    expect(validateRoutes([reads(5)], chats)).toEqual([]);
    expect(validateRoutes([reads(1)], chats)).toMatchObject([{ code: "loop" }]);
  });
});

describe("what a loop looks like", () => {
  const START = 1_800_000_000_000;
  /** Number of messages after which the breaker trips; null = never. */
  const trips = (messages: { text: string; afterS: number; sender?: string }[]): number | null => {
    const breaker = new LoopBreaker();
    let date = START;
    for (const [n, { text, afterS, sender }] of messages.entries()) {
      date += afterS * 1000;
      if (breaker.looksLikeLoop("r", aMessage({ text, date, sender: sender ?? "5" }))) return n + 1;
    }
    return null;
  };
  const times = <T>(count: number, make: (n: number) => T): T[] =>
    Array.from({ length: count }, (_, n) => make(n));

  it.each([
    [
      "the same text every three seconds",
      () => times(30, () => ({ text: "buy BTC now", afterS: 3 })),
      8,
    ],
    [
      "a template that puts words around it",
      () => times(30, (n) => ({ text: `${"From A: ".repeat(n)}buy BTC`, afterS: 3 })),
      9,
    ],
    [
      "a template that puts words behind it",
      () => times(30, (n) => ({ text: `buy BTC${" (via A)".repeat(n)}`, afterS: 20 })),
      9,
    ],
    [
      "other capitals, widths and blanks",
      () => times(30, (n) => ({ text: n % 2 ? "BUY  BTC" : "buy ｂｔｃ", afterS: 3 })),
      8,
    ],
    ["one picture of a text, slowly", () => times(30, () => ({ text: "👍", afterS: 49 })), 12],
    [
      "two messages that go round together",
      () => times(40, (n) => ({ text: n % 2 ? "sell ETH" : "buy BTC", afterS: 2 })),
      15,
    ],
  ])("%s", (_, messages, after) => {
    expect(trips(messages())).toBe(after);
  });

  it.each([
    [
      "a conversation in which people agree",
      () => times(40, (n) => ({ text: "ok", afterS: 2, sender: String(n) })),
    ],
    ["a sign of life each minute", () => times(100, () => ({ text: "✅ alive", afterS: 60 }))],
    ["numbers that change", () => times(100, (n) => ({ text: `BTC ${40_000 + n}`, afterS: 5 }))],
    ["pictures without a text", () => times(100, () => ({ text: "", afterS: 1 }))],
    [
      "short texts that are part of longer ones",
      () => times(100, (n) => ({ text: "a".repeat((n % 6) + 1), afterS: 20 })),
    ],
  ])("is not: %s", (_, messages) => {
    expect(trips(messages())).toBeNull();
  });

  it("counts each route and each sender for itself", () => {
    const breaker = new LoopBreaker();
    const seen = (route: string, sender: string, n: number): boolean =>
      breaker.looksLikeLoop(
        route,
        aMessage({ sender, date: START + n * 1000, text: "buy BTC now" }),
      );
    const found = times(14, (n) => seen(n % 2 ? "a" : "b", n % 3 ? "5" : "6", n));
    expect(found).not.toContain(true);
  });

  it("never speaks of texts that are all different and long, whatever the pace", () => {
    const texts = fc.uniqueArray(fc.integer({ min: 1_000_000_000, max: 9_999_999_999 }), {
      minLength: 20,
      maxLength: 60,
    });
    fc.assert(
      fc.property(texts, fc.nat(60), (numbers, afterS) => {
        expect(trips(numbers.map((n) => ({ text: `signal ${n} end`, afterS })))).toBeNull();
      }),
    );
  });

  it("always speaks of an echo within eight turns, whatever is between", () => {
    const noise = fc.array(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 2 });
    fc.assert(
      fc.property(
        fc.string({ minLength: 9, maxLength: 60 }).filter((text) => text.trim().length > 8),
        noise,
        (text, between) => {
          const round = [
            { text, afterS: 3 },
            ...between.map((other) => ({ text: other, afterS: 1, sender: "9" })),
          ];
          const found = trips(times(9, () => round).flat());
          expect(found).not.toBeNull();
        },
      ),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffRoutes } from "../src/diff.ts";
import { matchRoute, readyRoute } from "../src/match.ts";
import { afterTry, percentile, resultOfFault } from "../src/outcome.ts";
import { deriveRandomId } from "../src/random-id.ts";
import { planDelete, planEdit, planNew } from "../src/steps.ts";
import { validateRoutes } from "../src/validate.ts";
import { aMessage, aRoute } from "./support.ts";

const noCopy = (): null => null;
const at = (message: number | null) =>
  message === null ? null : { message, rest: [], said: null, form: null, album: null };
const worker = (chat: string, name = "sender") => ({ kind: "worker", worker: name, chat });

describe("matching", () => {
  const resolve = (ref: string): string | null => (ref === "@signals" ? "-1000000000001" : ref);
  const verdict = (route: object, message: object, own = false) =>
    matchRoute(readyRoute(aRoute(route), resolve), aMessage(message), own);

  it("takes by marked id and by a name that was resolved; who has the name now does not matter", () => {
    expect(verdict({ filter: "btc" }, {})).toEqual({ kind: "take", because: ["btc"] });
    expect(verdict({ from: { worker: "reader", chats: ["@signals"] } }, {})).toMatchObject({
      kind: "take",
    });
    const other = { from: { worker: "reader", chats: ["@Other_1"] } };
    expect(verdict(other, { chatUsername: "other_1" })).toEqual({
      kind: "skip",
      reason: "other-chat",
    });
  });

  it.each([
    ["off", { on: false }, {}],
    [
      "other-chat",
      {
        from: {
          worker: "reader",
          chats: ["-1000000000001", "-1000000000005"],
          paused: ["-1000000000001"],
        },
      },
      {},
    ],
    ["other-chat", {}, { chat: "-1000000000009" }],
    [
      "other-topic",
      { from: { worker: "reader", chats: ["-1000000000001"], topic: 3 } },
      { topic: 4 },
    ],
    [
      "other-topic",
      { from: { worker: "reader", chats: ["-1000000000001"], topic: 3 } },
      { topic: null },
    ],
    [
      "other-topic",
      { from: { worker: "reader", chats: ["-1000000000001"], topic: 1 } },
      { topic: 3 },
    ],
    ["filtered", { filter: "eth" }, {}],
    ["protected", {}, { protected: true }],
    ["ephemeral", {}, { ephemeral: true, media: "photo" }],
    ["empty", {}, { text: "" }],
  ])("skips: %s", (reason, route, message) => {
    expect(verdict(route, message)).toEqual({ kind: "skip", reason });
  });

  it("never relays what a relay delivered", () => {
    expect(verdict({}, {}, true)).toEqual({ kind: "skip", reason: "own-relay" });
  });
});

describe("validation", () => {
  const problems = (...routes: object[]) => validateRoutes(routes.map((route) => aRoute(route)));

  it("accepts what is right", () => {
    expect(
      problems(
        {},
        { id: "b", to: worker("me", "reader") },
        { id: "c", to: { kind: "webhook", url: "https://example.org/x" } },
      ),
    ).toEqual([]);
  });

  it.each([
    ["two names", [{}, { to: worker("-1000000000003") }], "id"],
    ["a person as target", [{ to: worker("123") }], "to"],
    ["a bad filter", [{ filter: "(" }], "filter"],
    ["a bad template", [{ action: { kind: "copy", template: "{x}" } }], "action"],
    [
      "a bot that forwards",
      [{ action: { kind: "forward" }, to: { kind: "bot", chat: "-1000000000002" } }],
      "action",
    ],
    [
      "a private chat forwarded by another worker",
      [{ action: { kind: "forward" }, from: { worker: "reader", chats: ["55"] } }],
      "action",
    ],
    ["a loop onto itself", [{ to: worker("-1000000000001") }], "to"],
  ])("refuses %s", (_name, routes, field) => {
    expect(problems(...routes).map((problem) => problem.field)).toContain(field);
  });

  it("finds loops over several routes and over names that mean the same chat", () => {
    const routes = [
      aRoute({
        id: "a",
        from: { worker: "reader", chats: ["-1000000000001"] },
        to: worker("@Middle"),
      }),
      aRoute({
        id: "b",
        from: { worker: "sender", chats: ["-1000000000002"] },
        to: worker("-1000000000003", "other"),
      }),
      aRoute({
        id: "c",
        from: { worker: "other", chats: ["-1000000000003"] },
        to: { kind: "bot", chat: "-1000000000001" },
      }),
    ];
    expect(validateRoutes(routes)).toEqual([]);
    const chats = {
      idOf: (ref: string) => (ref.toLowerCase() === "@middle" ? "-1000000000002" : ref),
      copiesTo: () => [],
    };
    const found = validateRoutes(routes, chats);
    expect(found.map(({ route }) => route)).toEqual(["a", "b", "c"]);
  });

  it("knows that two topics of one forum are two places, and that General is one of them", () => {
    const inForum = (from: number | undefined, topic: number | undefined) =>
      problems({
        from: {
          worker: "reader",
          chats: ["-1000000000001"],
          ...(from === undefined ? {} : { topic: from }),
        },
        to: {
          kind: "worker",
          worker: "sender",
          chat: "-1000000000001",
          ...(topic === undefined ? {} : { topic }),
        },
      }).map(({ field }) => field);
    expect([inForum(5, 7), inForum(5, 1), inForum(5, undefined)]).toEqual([[], [], []]);
    expect([inForum(5, 5), inForum(undefined, 5), inForum(1, undefined)]).toEqual([
      ["to"],
      ["to"],
      ["to"],
    ]);
  });

  it("allows 20 targets for one worker and not 21", () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ id: `r${n}`, to: worker(`-2${n}`) }));
    expect(problems(...many(20), { id: "again", to: worker("-20") })).toEqual([]);
    expect(problems(...many(21))).toMatchObject([
      { route: "r20", field: "to", message: expect.stringContaining("more than 20") },
    ]);
  });
});

describe("steps", () => {
  it("gives the same random id for the same delivery and another one for any other", () => {
    const arbitrary = fc.record({
      route: fc.constantFrom("a", "b"),
      chat: fc.constantFrom("-1000000000001", "-1000000000002"),
      to: fc.constantFrom("-5", "-6"),
      id: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(arbitrary, arbitrary, (one, two) => {
        const id = ({ route, chat, to, id }: typeof one) =>
          deriveRandomId(route, aRoute({ to: worker(to) }).to, { chat, id });
        expect(id(one) === id(two)).toBe(JSON.stringify(one) === JSON.stringify(two));
        expect(BigInt.asIntN(64, BigInt(id(one))).toString()).toBe(id(one));
      }),
    );
    // Pinned: another derivation would send every delivery under way a second time.
    expect(
      deriveRandomId("signals", aRoute({ to: worker("-1002") }).to, { chat: "-1001", id: 7 }),
    ).toBe("6464841347848546622");
  });

  it("answers what it answered in the source, or nothing", () => {
    const map = new Map([[3, 30]]);
    const plan = (replyTo: number) =>
      planNew(aRoute(), [aMessage({ replyTo })], (id) => at(map.get(id) ?? null));
    expect(plan(3)).toMatchObject({ step: { kind: "send", replyTo: 30, text: "buy BTC now" } });
    expect(plan(4)).toMatchObject({ step: { kind: "send", replyTo: null } });
  });

  it("keeps an album in one step, and lets files travel by reference", () => {
    const pieces = [
      aMessage({ id: 1, media: "photo", groupedId: "g" }),
      aMessage({ id: 2, media: "photo", groupedId: "g", text: "" }),
    ];
    expect(planNew(aRoute(), pieces, noCopy)).toMatchObject({
      step: { kind: "forward", ids: [1, 2], dropAuthor: true },
    });
    expect(planNew(aRoute({ action: { kind: "forward" } }), pieces, noCopy)).toMatchObject({
      step: { dropAuthor: false },
    });
    const bot = aRoute({ to: { kind: "bot", chat: "-1000000000002" } });
    expect(planNew(bot, [aMessage({ media: "photo", text: "" })], noCopy)).toMatchObject({
      step: { kind: "send", text: "https://t.me/c/1/7" },
    });
  });

  it("follows edits and deletions of what was delivered, unless told not to", () => {
    const find = (id: number) => at(id === 7 ? 70 : null);
    expect(planEdit(aRoute(), aMessage({ text: "new" }), "v", find)).toMatchObject({
      step: { kind: "edit", message: 70, text: "new" },
    });
    expect(planEdit(aRoute(), aMessage({ id: 8 }), "v", find)).toEqual({
      kind: "nothing",
      reason: "never-delivered",
    });
    expect(planEdit(aRoute({ edits: false }), aMessage(), "v", find)).toEqual({
      kind: "nothing",
      reason: "switched-off",
    });
    expect(planEdit(aRoute({ action: { kind: "forward" } }), aMessage(), "v", find)).toEqual({
      kind: "nothing",
      reason: "forwarded",
    });
    expect(planDelete(aRoute(), { chat: "-1", id: 7 }, find)).toEqual({
      kind: "step",
      step: { kind: "delete", messages: [70] },
    });
    expect(planDelete(aRoute({ deletes: false }), { chat: "-1", id: 7 }, find)).toEqual({
      kind: "nothing",
      reason: "switched-off",
    });
  });
});

describe("after a try", () => {
  const fault = (cls: string, code: string, waitS?: number) =>
    resultOfFault(
      { class: cls as "FLOOD", code, message: code, ...(waitS === undefined ? {} : { waitS }) },
      1000,
    );

  it("takes a wait in full and a second more", () => {
    expect(fault("FLOOD", "FLOOD_WAIT_30", 30)).toMatchObject({
      kind: "parked",
      waitMs: 31_000,
      until: 32_000,
    });
    expect(fault("FLOOD", "SLOWMODE_WAIT_5", 5)).toMatchObject({
      kind: "parked",
      waitMs: 6000,
      until: 7000,
    });
  });

  it("sets aside a message, stops for a target, waits for a network", () => {
    expect(fault("REQUEST", "MESSAGE_TOO_LONG").kind).toBe("refused");
    expect(fault("SOURCE", "CHAT_WRITE_FORBIDDEN").kind).toBe("blocked");
    expect(fault("NETWORK", "link-socket").kind).toBe("parked");
    expect(fault("AUTH_DEAD", "SESSION_REVOKED").kind).toBe("parked");
    expect(fault("CRASH", "unexpected").kind).toBe("failed");
  });

  it("tries the unexpected five times, and waits for everything else as long as it takes", () => {
    const failed = { kind: "failed", code: "x", reason: "x" } as const;
    expect([0, 1, 2, 3].map((attempts) => afterTry(attempts, failed, 0).kind)).toEqual([
      "wait",
      "wait",
      "wait",
      "wait",
    ]);
    expect(afterTry(4, failed, 0).kind).toBe("poison");
    expect(afterTry(4, { kind: "parked", until: 9, reason: "" }, 0)).toMatchObject({
      kind: "wait",
      attempts: 4,
      waitMs: 9,
    });
  });

  it("waits as long as the sender was told to, whatever the two clocks say", () => {
    const told = fault("FLOOD", "FLOOD_WAIT_5", 5);
    const DAY = 86_400_000;
    for (const skew of [-DAY, -1, 0, 1, DAY, 365 * DAY])
      expect(afterTry(0, told, 1000 + skew), String(skew)).toMatchObject({
        kind: "wait",
        waitMs: 6000,
      });
    // A sender of version 0.1 sends only `until`: the wait is at most that of a blocked route.
    expect(afterTry(0, { kind: "parked", until: DAY, reason: "" }, 0)).toMatchObject({
      waitMs: 600_000,
    });
    expect(afterTry(0, { kind: "parked", until: 0, reason: "" }, DAY)).toMatchObject({ waitMs: 0 });
  });

  it("knows percentiles", () => {
    expect(percentile([], 0.5)).toBeNull();
    expect(percentile([3, 1, 2], 0.5)).toBe(2);
    expect(
      percentile(
        Array.from({ length: 100 }, (_, n) => n + 1),
        0.99,
      ),
    ).toBe(99);
  });
});

describe("comparing", () => {
  it("names what is new, changed and gone, whatever the order of the fields", () => {
    const same = aRoute({ id: "same" });
    const before = [same, aRoute({ id: "old" }), aRoute({ id: "changed" })];
    const reordered = Object.fromEntries(Object.entries(same).reverse()) as typeof same;
    const diff = diffRoutes(before, [
      reordered,
      aRoute({ id: "changed", on: false }),
      aRoute({ id: "new" }),
    ]);
    expect(diff.added.map(({ id }) => id)).toEqual(["new"]);
    expect(diff.changed.map(({ after }) => after.id)).toEqual(["changed"]);
    expect(diff.removed.map(({ id }) => id)).toEqual(["old"]);
  });
});

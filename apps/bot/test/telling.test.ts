import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { audience, type CardFact, escalationOf, pace, repeatIsDue } from "../src/alerts/telling.ts";

const NOW = 1_800_000_000_000;

describe("a card that no admin takes", () => {
  const card = (more: Partial<CardFact> = {}): CardFact => ({
    openedAt: NOW,
    toldAt: NOW,
    taken: false,
    quiet: false,
    level: 0,
    repeatMs: 3_600_000,
    calm: false,
    ...more,
  });
  const minutes = (count: number): number => NOW + count * 60_000;

  test("goes to the next admin after 15 min and to everybody after 60", () => {
    expect([14.9, 15, 59.9, 60].map((count) => escalationOf(card(), minutes(count)))).toEqual([
      0, 1, 1, 2,
    ]);
  });

  test("that an admin takes, or that is muted, goes no further, and none ever goes back", () => {
    expect(escalationOf(card({ taken: true }), minutes(90))).toBe(0);
    expect(escalationOf(card({ quiet: true }), minutes(90))).toBe(0);
    expect(escalationOf(card({ level: 2 }), minutes(1))).toBe(2);
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.constantFrom(0 as const, 1 as const, 2 as const),
        fc.nat(200),
        (taken, level, count) => {
          expect(escalationOf(card({ taken, level }), minutes(count))).toBeGreaterThanOrEqual(
            level,
          );
        },
      ),
    );
  });

  test("is told again after its time, unless an admin took it", () => {
    expect(repeatIsDue(card(), minutes(59.9))).toBe(false);
    expect(repeatIsDue(card(), minutes(60))).toBe(true);
    expect(repeatIsDue(card({ taken: true }), minutes(600))).toBe(false);
    expect(repeatIsDue(card({ quiet: true }), minutes(600))).toBe(false);
    expect(repeatIsDue(card({ repeatMs: null }), minutes(600))).toBe(false);
  });
});

test(
  "the first admin is asked, then the next one, then all; who cannot be reached is skipped; " +
    "groups always hear",
  () => {
    const chat = (name: string, more: object = {}) => ({
      chat: name,
      reachable: true,
      group: false,
      ...more,
    });
    const chats = [
      chat("ann"),
      chat("ben", { reachable: false }),
      chat("cid"),
      chat("ops", { group: true }),
      chat("dan"),
    ];
    expect(audience(chats, 0, false)).toEqual(["ops", "ann"]);
    expect(audience(chats, 1, false)).toEqual(["ops", "ann", "cid"]);
    expect(audience(chats, 2, false)).toEqual(["ops", "ann", "cid", "dan"]);
    expect(audience(chats, 0, true)).toEqual(["ops", "ann", "cid", "dan"]);
  },
);

test("a chat never gets more than six messages a minute, and a digest leaves nothing behind", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: NOW - 120_000, max: NOW }), { maxLength: 6 }),
      fc.nat(40),
      (sentAt, waiting) => {
        const { single, digest } = pace(sentAt, waiting, NOW);
        const recent = sentAt.filter((at) => NOW - at < 60_000).length;
        expect(recent + single + (digest ? 1 : 0)).toBeLessThanOrEqual(6);
        if (!digest && recent < 6) expect(single).toBe(waiting);
      },
    ),
  );
  expect(pace([], 7, NOW)).toEqual({ single: 5, digest: true });
});

import type { SourceRow } from "@flotilla/session-store";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Listening } from "../../src/updates/listening.ts";

const MINUTE = 60_000;
const row = (more: Partial<SourceRow> = {}): SourceRow => ({
  chat: "-1000000000005",
  lastMessageId: 7,
  lastMessageAt: 0,
  rhythmMs: 4 * MINUTE,
  silences: [],
  closed: null,
  ...more,
});

test(
  "asked for after five times its rhythm and five minutes, told of after twenty times and an " +
    "hour, and once",
  () => {
    const listening = new Listening();
    expect(listening.isDue(row(), 20 * MINUTE)).toBe(false);
    expect(listening.isDue(row(), 21 * MINUTE)).toBe(true);
    expect(listening.isDue(row({ rhythmMs: 1 }), 5 * MINUTE)).toBe(false);
    listening.asking(["-1000000000005"], 21 * MINUTE);
    expect(listening.isDue(row(), 40 * MINUTE)).toBe(false);
    expect(listening.heard(row(), row(), 0, 79 * MINUTE)).toBe(false);
    expect(listening.heard(row(), row(), 0, 80 * MINUTE)).toBe(true);
    expect(listening.heard(row(), row(), 0, 200 * MINUTE)).toBe(false);
    expect(listening.quiet(() => row())).toMatchObject([
      { silentSince: 0, rhythmMs: 4 * MINUTE, found: 0 },
    ]);
  },
);

test(
  "what the server had and did not push is told at once; a new message, and the end of " +
    "access, end it",
  () => {
    const listening = new Listening();
    const after = row({ lastMessageId: 9 });
    expect(listening.heard(row(), after, 2, 21 * MINUTE)).toBe(true);
    expect(listening.quiet(() => after)).toMatchObject([{ found: 2, withheld: false }]);
    listening.withheld(after);
    expect(listening.quiet(() => after)).toMatchObject([{ found: 2, withheld: true }]);
    expect(listening.quiet(() => row({ lastMessageId: 10 }))).toEqual([]);
    listening.withheld(after);
    expect(listening.quiet(() => row({ closed: "CHANNEL_PRIVATE" }))).toEqual([]);
  },
);

test("nothing is said of chats that are closed or have no rhythm yet", () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.option(fc.nat(), { nil: null }),
      fc.boolean(),
      (now, rhythmMs, isClosed) => {
        fc.pre(rhythmMs === null || isClosed);
        const listening = new Listening();
        expect(
          listening.isDue(row({ rhythmMs, closed: isClosed ? "CHANNEL_PRIVATE" : null }), now),
        ).toBe(false);
      },
    ),
  );
});

test(
  "a chat that is quiet every night is reported only when the silence is too long; the " +
    "server is asked in both cases",
  () => {
    const HOUR = 60 * MINUTE;
    const day = 24 * HOUR;
    const listening = new Listening();
    const asleep = row({
      lastMessageAt: 6 * day,
      silences: [{ from: 5 * day + HOUR, ms: 8 * HOUR }],
    });
    expect(listening.isDue(asleep, 6 * day + 2 * HOUR)).toBe(true);
    expect(listening.heard(asleep, asleep, 0, 6 * day + 9 * HOUR)).toBe(false);
    expect(listening.heard(asleep, asleep, 0, 6 * day + 10 * HOUR)).toBe(true);
    const other = new Listening();
    expect(
      other.heard(asleep, row({ lastMessageId: 9 }), 2, 6 * day + 3 * HOUR),
      "what was not pushed",
    ).toBe(true);
  },
);

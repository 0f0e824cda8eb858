/**
 * Each alert says since when its trouble is, and is about the right one: a session that is asked
 * about again is not offline (K2, A12).
 */
import { randomUUID } from "node:crypto";
import {
  type Fault,
  type FleetEvent,
  NO_LINK,
  type WorkerState,
  type WorkerStatus,
} from "@flotilla/contracts";
import { parseHostId } from "@flotilla/kernel";
import { describe, expect, test } from "vitest";
import { SettingStore } from "../src/admins/setting-store.ts";
import { alertCard } from "../src/alerts/alert-card.ts";
import { AlertDesk } from "../src/alerts/alert-desk.ts";
import { AlertStore } from "../src/alerts/alert-store.ts";
import { CardStore } from "../src/alerts/card-store.ts";
import { applyToAlerts } from "../src/alerts/from-events.ts";
import { SilenceStore } from "../src/alerts/silence-store.ts";
import { conditionsOf, type Sight, watch } from "../src/alerts/watch.ts";
import { say } from "../src/kit/words/said.ts";
import { ALL_WORDS, controlDb, HOST, NOW, statusOf, TestClock, WORKER } from "./support.ts";

const enders = { solvedBy: () => say("solved-itself"), stoppedBy: () => null };
const seen = (more: Partial<Sight>): Sight => ({
  now: NOW,
  statuses: [],
  redisAwaySince: null,
  tokenConflict: false,
  host: HOST,
  ...more,
});
const away = (
  worker: string,
  fault: Fault | null,
  more: Partial<WorkerStatus> = {},
): WorkerStatus =>
  statusOf(worker, {
    state: "RECONNECTING",
    since: NOW - 90_000,
    fault,
    link: { ...NO_LINK, attempt: 2 },
    ...more,
  });

const FLOODED = {
  state: "FLOOD",
  since: NOW - 9000,
  link: { ...NO_LINK, nextTryAt: NOW + 1_000_000 },
} as const;
const SIGHTS: readonly (readonly [string, Partial<Sight>, number])[] = [
  ["redis:", { redisAwaySince: NOW - 12_000 }, NOW - 12_000],
  [
    "host:host-b",
    { statuses: [statusOf("a", { host: parseHostId("host-b"), updatedAt: NOW - 70_000 })] },
    NOW - 70_000,
  ],
  ["link:a", { statuses: [away("a", null), statusOf("b")] }, NOW - 90_000],
  [
    "network:host-a",
    { statuses: [away("a", null), away("b", null, { since: NOW - 95_000 })] },
    NOW - 95_000,
  ],
  ["flood:a", { statuses: [statusOf("a", FLOODED)] }, NOW - 9000],
];

describe.each(SIGHTS)("%s", (subject, sight, since) => {
  test("is open since it is so, not since it was told", async () => {
    const store = new AlertStore(await controlDb(), 30_000);
    watch(store, seen(sight));
    expect(store.open(subject)?.openedAt).toBe(since);
    watch(store, seen({ ...sight, now: NOW + 1000 }));
    expect(store.open(subject)?.openedAt).toBe(since);
  });
});

const DOUBTED = [
  "AUTH_KEY_UNREGISTERED",
  "SESSION_REVOKED",
  "SESSION_EXPIRED",
  "AUTH_KEY_INVALID",
].map((code) => ({
  class: "AUTH_DEAD" as const,
  code,
  message: "gone",
}));
const BANNED = { class: "BANNED" as const, code: "USER_DEACTIVATED_BAN", message: "banned" };
const NETWORK = { class: "NETWORK" as const, code: "lost", message: "The connection was lost." };
const UNKNOWN_KEY = { class: "AUTH_DEAD" as const, code: "unknown-key", message: "unknown" };

describe("a session that Telegram is asked about again", () => {
  test.each([...DOUBTED, BANNED])(
    "($code) is neither offline nor a matter of the network",
    (fault) => {
      expect(conditionsOf(seen({ statuses: [away("a", fault), away("b", fault)] }))).toEqual([]);
      expect(conditionsOf(seen({ statuses: [away("a", fault)] }))).toEqual([]);
    },
  );

  test("proves that the network is there: others that are offline stand for themselves", () => {
    const statuses = [away("a", DOUBTED[0] ?? null), away("b", NETWORK), away("c", NETWORK)];
    expect(conditionsOf(seen({ statuses })).map(({ subject }) => subject)).toEqual([
      "link:b",
      "link:c",
    ]);
  });

  test.each([NETWORK, UNKNOWN_KEY, null])(
    "is not one whose connection fails otherwise (%j)",
    (fault) => {
      expect(
        conditionsOf(seen({ statuses: [away("a", fault), statusOf("b")] })).map(
          ({ subject }) => subject,
        ),
      ).toEqual(["link:a"]);
    },
  );
});

const became = (
  state: WorkerState,
  more: Partial<Extract<FleetEvent, { kind: "worker.state" }>>,
): FleetEvent => ({
  v: 1,
  id: randomUUID(),
  at: NOW,
  host: HOST,
  kind: "worker.state",
  worker: WORKER,
  previous: "RECONNECTING",
  status: statusOf(WORKER, { state, fault: state === "BANNED" ? BANNED : (DOUBTED[0] ?? null) }),
  ...more,
});

describe("a session that ended", () => {
  test.each(["NEEDS_LOGIN", "BANNED"] as const)(
    "is told since Telegram first said so (%s)",
    async (state) => {
      const store = new AlertStore(await controlDb(), 0);
      applyToAlerts(store, became(state, { previousSince: NOW - 120_000 }), enders);
      expect(store.open(`account:${WORKER}`)?.openedAt).toBe(NOW - 120_000);
    },
  );

  test.each([
    ["a host of an earlier version", {}],
    [
      "a worker that came to Telegram just now",
      { previous: "STARTING", previousSince: NOW - 120_000 },
    ],
    ["a worker that ran until then", { previous: "RUNNING", previousSince: NOW - 9_000_000 }],
  ] as const)("is told since now, when it is of %s", async (_who, more) => {
    const store = new AlertStore(await controlDb(), 0);
    applyToAlerts(store, became("NEEDS_LOGIN", more), enders);
    expect(store.open(`account:${WORKER}`)?.openedAt).toBe(NOW);
  });

  test.each([UNKNOWN_KEY, NETWORK])(
    "and was told as offline before ($code) stays one alert",
    async (fault) => {
      const store = new AlertStore(await controlDb(), 0);
      watch(store, seen({ statuses: [away(WORKER, fault), statusOf("b")] }));
      const before = store.open(`link:${WORKER}`);
      applyToAlerts(store, became("NEEDS_LOGIN", {}), enders);
      expect(store.allOpen().map(({ n, subject, body }) => [n, subject, body.kind])).toEqual([
        [before?.n, `account:${WORKER}`, "needs-login"],
      ]);
    },
  );
});

test.each(ALL_WORDS.map((words) => [words.language, words] as const))(
  "in %s the end of a Redis that was away names Redis",
  async (_, words) => {
    const db = await controlDb();
    const [alerts, clock] = [new AlertStore(db, 0), new TestClock()];
    const cards = new CardStore(db, alerts);
    const desk = new AlertDesk({
      db,
      alerts,
      cards,
      silences: new SilenceStore(db),
      settings: new SettingStore(db),
      clock,
      host: HOST,
    });
    watch(alerts, seen({ redisAwaySince: NOW - 12_000 }));
    desk.look();
    watch(alerts, seen({ now: NOW + 8000 }));
    const [card] = cards.current(NOW);
    const text = card ? alertCard(words, card, 3).html : "";
    expect(text).toMatch(/^✅ <b>Redis<\/b> #A1 .* 20 /);
  },
);

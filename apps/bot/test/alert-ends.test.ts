/**
 * What ends an alert: every kind that a worker's state can end, against every state (field faults
 * D2, K11).
 */

import { randomUUID } from "node:crypto";
import { type FleetEvent, NO_LINK, WorkerState, type WorkerStatus } from "@flotilla/contracts";
import { parseWorkerId, type WorkerId } from "@flotilla/kernel";
import { describe, expect, test } from "vitest";
import { AlertStore } from "../src/alerts/alert-store.ts";
import { applyToAlerts, type Enders } from "../src/alerts/from-events.ts";
import { STATE_FAMILIES } from "../src/alerts/over.ts";
import { watch } from "../src/alerts/watch.ts";
import { whoStopped } from "../src/alerts/who-stopped.ts";
import { handleEvent } from "../src/app/events.ts";
import { type Said, say } from "../src/kit/words/said.ts";
import { workerScreen } from "../src/workers/details.ts";
import { meet, startFleet } from "./chat.ts";
import {
  ALL_WORDS,
  ASKER,
  BEN,
  controlDb,
  crashBody,
  HOST,
  NOW,
  statusOf,
  viewOf,
  WORKER,
  workerView,
} from "./support.ts";

const ITSELF = say("solved-itself");
const noAdmin: Enders = { solvedBy: () => ITSELF, stoppedBy: () => null };
const ann: Enders = { ...noAdmin, stoppedBy: () => say("solved-stopped", { by: "Ann" }) };
const DEAD = { class: "AUTH_DEAD" as const, code: "AUTH_KEY_UNREGISTERED", message: "gone" };
const SOURCES = { checkedAt: NOW, readable: 3, closed: [], quiet: [] };

const became = (
  state: WorkerState,
  more: Partial<WorkerStatus> = {},
): Extract<FleetEvent, { kind: "worker.state" }> => ({
  v: 1,
  id: randomUUID(),
  at: NOW,
  host: HOST,
  kind: "worker.state",
  worker: WORKER,
  previous: "STARTING",
  status: statusOf("news_1", {
    state,
    startedAt: NOW - 1000,
    link: { ...NO_LINK, sources: SOURCES },
    ...more,
  }),
});

/**
 * All of a worker's alerts are open, then this is heard and seen. Returns how each that is over
 * ended.
 */
async function ended(
  heard: ReturnType<typeof became>,
  enders: Enders = noAdmin,
): Promise<Record<string, Said | null>> {
  const store = new AlertStore(await controlDb(), 0);
  for (const family of [...STATE_FAMILIES, "gap", "poison", "route", "sender"])
    store.raise(`${family}:${WORKER}`, crashBody(), NOW - 5000);
  store.raise(`network:${HOST}`, crashBody({ worker: null, kind: "host-network" }), NOW - 5000);
  applyToAlerts(store, heard, enders);
  const { stoppedBy } = enders;
  const sight = {
    now: NOW,
    statuses: [heard.status],
    redisAwaySince: null,
    tokenConflict: false,
    host: HOST,
    stoppedBy,
  };
  watch(store, sight);
  const over = store.history(0).filter(({ resolvedAt }) => resolvedAt !== null);
  return Object.fromEntries(
    over.map(({ subject, resolvedBy }) => [subject.split(":")[0], resolvedBy]),
  );
}

const ONLINE = [
  "broken",
  "closed",
  "exit",
  "flood",
  "link",
  "locked",
  "network",
  "quiet",
  "storage",
];
const ENDS: Record<WorkerState, readonly string[]> = {
  RUNNING: ["account", ...ONLINE],
  CATCHING_UP: ["account", ...ONLINE],
  // Perhaps without its lease, and so off Telegram.
  DEGRADED: ONLINE.filter((family) => family !== "link" && family !== "network"),
  FLOOD: ONLINE,
  NEEDS_LOGIN: ["broken", "exit", "locked"],
  LOGGING_IN: ["broken", "locked"],
  STOPPED: [],
  MAINTENANCE: [],
  STOPPING: [],
  STARTING: [],
  // Its session is open, so nothing else holds it.
  RECONNECTING: ["broken", "locked"],
  LOCKED: [],
  IN_USE: [],
  BACKOFF: [],
  GAVE_UP: [],
  BROKEN: [],
  // The ban is an alert of its own.
  BANNED: ["broken", "exit", "locked"],
};

describe.each(WorkerState.options)("a worker that is %s", (state) => {
  test("ends what this proves to be over, and nothing else", async () => {
    const over = await ended(became(state));
    expect(Object.keys(over).toSorted()).toEqual([...ENDS[state]].toSorted());
    for (const [family, by] of Object.entries(over)) {
      const isReplaced = state === "BANNED" && family === "exit";
      expect(by).toEqual(isReplaced ? say("solved-replaced") : ITSELF);
    }
  });
});

test("a degraded worker ends a lost connection once Telegram has answered it since", async () => {
  const at = (lastSuccessAt: number) =>
    ended(became("DEGRADED", { link: { ...NO_LINK, sources: SOURCES, lastSuccessAt } }));
  expect(Object.keys(await at(NOW - 5000))).not.toContain("link");
  expect(Object.keys(await at(NOW - 4999)).toSorted()).toEqual([...ONLINE].toSorted());
});

const OF_WORKER = [...STATE_FAMILIES, "network"].toSorted();

test.each(["STOPPED", "MAINTENANCE"] as const)(
  "a worker that Ann wanted %s ends its own alerts by her name",
  async (state) => {
    const over = await ended(became(state), ann);
    expect(Object.keys(over).toSorted()).toEqual(OF_WORKER);
    for (const by of Object.values(over)) expect(by).toEqual(say("solved-stopped", { by: "Ann" }));
  },
);

test("a crash after which Telegram refuses the key is told on by the other alert, which stays", async () => {
  const over = await ended(became("NEEDS_LOGIN", { fault: DEAD }));
  expect(over).toEqual({ exit: say("solved-replaced"), locked: ITSELF, broken: ITSELF });
});

test("an exit because of a dead key or a ban is one alert, that of the account", async () => {
  const store = new AlertStore(await controlDb(), 0);
  for (const fault of [DEAD, { ...DEAD, class: "BANNED" as const }]) {
    const exit = {
      pid: 1,
      uptimeMs: 1,
      exitCode: 1,
      signal: null,
      firstErrorLine: null,
      fault,
      decision: { kind: "park" },
    } as const;
    const { status: _, previous: __, ...base } = became("RUNNING");
    applyToAlerts(store, { ...base, kind: "worker.exited", exit }, noAdmin);
  }
  expect(store.countOpen()).toBe(0);
});

test("a host that is silent, and Redis away, prove nothing about its workers", async () => {
  const store = new AlertStore(await controlDb(), 0);
  for (const subject of [
    `link:${WORKER}`,
    `flood:${WORKER}`,
    `quiet:${WORKER}:-1`,
    `closed:${WORKER}:-1`,
    `network:${HOST}`,
  ])
    store.raise(subject, crashBody(), NOW);
  const sight = { now: NOW, redisAwaySince: null, tokenConflict: false, host: HOST };
  watch(store, { ...sight, statuses: [statusOf("news_1", { updatedAt: NOW - 600_000 })] });
  watch(store, { ...sight, statuses: [statusOf("news_1")], redisAwaySince: NOW });
  watch(store, { ...sight, statuses: [] });
  expect(store.allOpen().filter(({ subject }) => !subject.startsWith("host:"))).toHaveLength(4 + 1);
});

describe("a dead session", () => {
  const deaths = [
    ["NEEDS_LOGIN", "AUTH_DEAD", "AUTH_KEY_UNREGISTERED"],
    ["NEEDS_LOGIN", "AUTH_DEAD", "AUTH_KEY_DUPLICATED"],
    ["NEEDS_LOGIN", "AUTH_DEAD", "SESSION_REVOKED"],
    ["BANNED", "BANNED", "USER_DEACTIVATED_BAN"],
  ] as const;
  test.each(
    deaths.flatMap((death) =>
      [true, false].map((restoreHelps) => [...death, restoreHelps] as const),
    ),
  )(
    "(%s, %s, %s, a copy helps: %s) has 🔁 Look again on its alert and on its card",
    async (state, kind, code, restoreHelps) => {
      const store = new AlertStore(await controlDb(), 0);
      const fault = { class: kind, code, message: "gone" };
      applyToAlerts(store, became(state, { fault, restoreHelps }), noAdmin);
      expect(store.open(`account:${WORKER}`)?.body.buttons).toContain("look");
      for (const words of ALL_WORDS) {
        const card = workerScreen(
          viewOf([workerView("news_1", { state, fault, restoreHelps })], { words }),
          "news_1",
        );
        expect(card.keyboard.flat().map(({ text }) => text)).toContain(words.text("button-look"));
      }
    },
  );
});

describe("in the fleet", () => {
  const other = parseWorkerId("news_2");
  const dead = (worker: WorkerId, state: WorkerState): FleetEvent => ({
    ...became(state),
    worker,
    status: statusOf(worker, { state, fault: state === "NEEDS_LOGIN" ? DEAD : null }),
  });

  async function withDead() {
    const fleet = await startFleet();
    await meet(fleet, 777, "Ann");
    const take = async (...events: FleetEvent[]): Promise<void> => {
      for (const event of events)
        await handleEvent(
          { ...fleet.parts, onChatError: () => {} },
          { ...event, id: randomUUID() },
        );
      await fleet.parts.outbox.flush();
    };
    await take(dead(WORKER, "NEEDS_LOGIN"), dead(other, "NEEDS_LOGIN"));
    return { ...fleet, take };
  }

  const AROUND = ["STOPPING", "STOPPED", "STARTING", "NEEDS_LOGIN"] as const;

  test(
    "Ctrl+C and the next start, and Restart all, leave the alert of a dead key as it is: one " +
      "row, one message",
    async () => {
      const { take, parts, shown } = await withDead();
      const before = await shown(777);
      await take(...AROUND.map((state) => dead(WORKER, state)));
      parts.commandLog.ask("c1", WORKER, "restart", ASKER, Date.now());
      await take(...AROUND.map((state) => dead(WORKER, state)));
      expect(parts.alerts.history(0)).toHaveLength(2);
      expect(parts.alerts.countOpen()).toBe(2);
      expect(await shown(777)).toEqual(before);
    },
  );

  test(
    "Stop ends it by the name of the admin who stopped; a Start after it makes the next Ctrl+C " +
      "no admin's wish",
    async () => {
      const { take, parts } = await withDead();
      parts.commandLog.ask("c1", WORKER, "stop", ASKER, Date.now());
      await take(dead(WORKER, "STOPPING"), dead(WORKER, "STOPPED"));
      expect(parts.alerts.open(`account:${WORKER}`)).toBeNull();
      parts.commandLog.ask("c2", WORKER, "start", { id: BEN, name: "Ben" }, Date.now() + 1);
      await take(dead(WORKER, "NEEDS_LOGIN"), dead(WORKER, "STOPPING"), dead(WORKER, "STOPPED"));
      expect(parts.alerts.open(`account:${WORKER}`)).not.toBeNull();
      parts.commandLog.ask("c3", WORKER, "forget", ASKER, Date.now() + 2);
      await take({
        ...base(),
        kind: "command.done",
        worker: WORKER,
        command: "c3",
        outcome: { kind: "done" },
      });
      expect(parts.alerts.openOf(WORKER)).toEqual([]);
      const by = parts.alerts.history(0).map(({ resolvedBy }) => resolvedBy);
      expect(by).toEqual([
        say("solved-deleted", { by: "Ann" }),
        null,
        say("solved-stopped", { by: "Ann" }),
      ]);
    },
  );

  test("Stop all ends those that the host reports as stopped", async () => {
    const { take, parts } = await withDead();
    parts.bulks.begin(
      { id: "bulk-1", action: "stop", workers: [WORKER, "news_2"] },
      ASKER,
      [HOST],
      Date.now(),
    );
    const of = { command: "bulk-1", action: "stop" as const, total: 2, failed: [], current: null };
    await take(dead(WORKER, "STOPPED"), {
      ...base(),
      kind: "bulk.progress",
      phase: "rest",
      ...of,
      done: [WORKER],
    });
    const statuses = [WORKER, other].map((worker) => statusOf(worker, { state: "STOPPED" }));
    const stoppedBy = (worker: WorkerId): Said | null => whoStopped(parts, worker);
    watch(parts.alerts, {
      now: NOW,
      statuses,
      redisAwaySince: null,
      tokenConflict: false,
      host: HOST,
      stoppedBy,
    });
    expect(parts.alerts.open(`account:${WORKER}`)).toBeNull();
    expect(parts.alerts.open(`account:${other}`)).not.toBeNull();
  });

  const base = () => ({ v: 1 as const, id: randomUUID(), at: Date.now(), host: HOST });
});

/** Mutes and maintenance windows: what each of them holds, and what an admin is told of it. */
import { randomUUID } from "node:crypto";
import { parseWorkerId } from "@flotilla/kernel";
import { describe, expect, test } from "vitest";
import { SettingStore } from "../src/admins/setting-store.ts";
import { AlertActions } from "../src/alerts/alert-actions.ts";
import { alertCard } from "../src/alerts/alert-card.ts";
import { AlertDesk } from "../src/alerts/alert-desk.ts";
import { AlertStore } from "../src/alerts/alert-store.ts";
import { alertsScreen } from "../src/alerts/alerts-screen.ts";
import { CardStore } from "../src/alerts/card-store.ts";
import { SilenceStore } from "../src/alerts/silence-store.ts";
import { handleEvent } from "../src/app/events.ts";
import { handlePress } from "../src/app/presses.ts";
import { renderScreen } from "../src/app/screens.ts";
import { FLEET_TIMES } from "../src/kit/words/times.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import {
  ANN,
  ASKER,
  controlDb,
  crashBody,
  EN,
  HOST,
  TestClock,
  viewOf,
  WORKER,
} from "./support.ts";

const HOUR = 3_600_000;
const SPORT = parseWorkerId("sport");

async function withAnn(): Promise<Fleet> {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  fleet.parts.addWorker(WORKER, ASKER);
  return fleet;
}

/** Ann presses a button with this callback data; what the press is answered with. */
async function press(fleet: Fleet, verb: string, worker: string, arg: string): Promise<string> {
  const message = (await fleet.bot.api.sendMessage(777, "card")).message_id;
  const said: string[] = [];
  await handlePress(fleet.parts, {
    id: `press-${message}`,
    role: "owner",
    admin: ANN,
    press: { verb: verb, about: worker, arg },
    asker: ASKER,
    chat: "777",
    message,
    toast: async (text) =>
      void said.push(fleet.parts.wordsOf("777").plain(text ?? { key: "", args: {} })),
  });
  return said.join();
}

const silent = (fleet: Fleet): string[] =>
  fleet.parts.silences.active(fleet.clock.now()).map(({ kind, scope }) => `${kind} ${scope}`);

describe.each([
  ["mute", "mute"],
  ["maintain", "maintenance"],
])("a button that says %s", (verb, kind) => {
  test("with a time that no button has changes nothing, and is said to be out of date", async () => {
    const fleet = await withAnn();
    await press(fleet, verb, WORKER, "60");
    for (const arg of ["", "x", "1x", "-5", "0-1", "1440001", "9999999999999999"])
      expect(`${arg}: ${await press(fleet, verb, WORKER, arg)}`).toBe(
        `${arg}: This screen is out of date`,
      );
    expect(silent(fleet)).toEqual([`${kind} ${WORKER}`]);
    const [row] = fleet.parts.silences.active(fleet.clock.now());
    expect((row?.until ?? 0) - (row?.since ?? 0)).toBe(HOUR);
  });

  test("for a worker that was deleted says so, and silences no later one of its name", async () => {
    const fleet = await withAnn();
    expect(await press(fleet, verb, "gone_1", "60")).toBe("This worker no longer exists.");
    expect([silent(fleet), fleet.parts.audit.find("", 9)]).toEqual([[], []]);
  });
});

/** The alerts of a bot without its chat. The clock stands until a test moves it. */
async function desk() {
  const db = await controlDb();
  const clock = new TestClock();
  const silences = new SilenceStore(db);
  const alerts = new AlertStore(db, 0);
  const cards = new CardStore(db, alerts);
  const settings = new SettingStore(db);
  const look = new AlertDesk({ db, alerts, cards, silences, settings, clock, host: HOST });
  const outbox = { flush: () => Promise.resolve() };
  const now = () => clock.ms;
  const actions = new AlertActions({ alerts, cards, silences, outbox, host: HOST, now });
  const after = (ms: number): void => {
    clock.ms += ms;
    look.look();
  };
  const open = (kind: "crash" | "gave-up" = "crash", worker = WORKER): void => {
    alerts.raise(`exit:${worker}`, crashBody({ worker, kind }), clock.ms);
    look.look();
  };
  const hush = () => actions.hush({ press: { verb: "hush", about: "", arg: "1" }, asker: ASKER });
  const held = (): string[] =>
    silences
      .active(clock.ms)
      .map(({ kind, scope, until }) => `${kind} ${scope} ${(until - clock.ms) / HOUR} h`);
  const summaries = (): string[] =>
    alerts.history(0).flatMap(({ body }) => (body.kind === "notice" ? body.title.key : []));
  return { clock, silences, alerts, cards, settings, actions, after, open, hush, held, summaries };
}

describe("a mute and a maintenance window of the same workers", () => {
  test.each([WORKER, "*"])("are two: each has its own end (%s)", async (scope) => {
    const it = await desk();
    it.actions.maintain(scope, 8 * HOUR, "Ben");
    it.actions.mute(scope, HOUR, "Ann");
    expect(it.held()).toEqual([`maintenance ${scope} 8 h`, `mute ${scope} 1 h`]);
    it.actions.mute(scope, 0, "Ann");
    expect(it.held()).toEqual([`maintenance ${scope} 8 h`]);
    it.actions.mute(scope, 24 * HOUR, "Ann");
    it.actions.maintain(scope, 0, "Ben");
    it.after(1);
    expect(it.silences.active(it.clock.ms).map(({ kind }) => kind)).toEqual(["mute"]);
    expect(it.summaries()).toEqual([expect.stringContaining("maintenance-over")]);
  });

  test("/mute all off leaves every maintenance window as it is", async () => {
    const it = await desk();
    it.actions.maintain("*", 8 * HOUR, "Ben");
    it.actions.maintain(WORKER, 9 * HOUR, "Ben");
    it.actions.mute("*", HOUR, "Ann");
    it.actions.mute("*", 0, "Ann");
    expect(it.held()).toEqual(["maintenance * 8 h", `maintenance ${WORKER} 9 h`]);
  });

  test("are both shown, each with the button that ends it", async () => {
    const fleet = await withAnn();
    for (const scope of ["*", WORKER]) {
      fleet.parts.alertActions.maintain(scope, 8 * HOUR, "Ben");
      fleet.parts.alertActions.mute(scope, HOUR, "Ann");
    }
    for (const [screen, off] of [
      [{ kind: "menu" }, "v1:maintain::0"],
      [{ kind: "worker", worker: WORKER }, `v1:mute:${WORKER}:0`],
      [{ kind: "more", worker: WORKER }, `v1:maintain:${WORKER}:0`],
      [{ kind: "alerts", tab: "open", page: 0 }, "v1:mute::0"],
    ] as const) {
      const card = await renderScreen(fleet.parts, "777", screen);
      if (screen.kind !== "more") {
        expect(card.html).toContain("Muted by Ann");
        expect(card.html).toContain("Maintenance by Ben");
      }
      expect(JSON.stringify(card.keyboard)).toContain(`"${off}"`);
    }
  });
});

test("a worker that is deleted takes its silence with it: the next one of its name is heard", async () => {
  const fleet = await withAnn();
  const { alertActions, commandLog, clock, workers } = fleet.parts;
  alertActions.mute(WORKER, HOUR, "Ann");
  alertActions.maintain(WORKER, HOUR, "Ann");
  alertActions.mute("sport", HOUR, "Ann");
  commandLog.ask("c1", WORKER, "forget", ASKER, clock.now());
  const outcome = { kind: "done", note: null } as const;
  const event = { v: 1, id: randomUUID(), at: clock.now(), host: HOST, worker: WORKER } as const;
  await handleEvent(
    { ...fleet.parts, onChatError: () => {} },
    { ...event, kind: "command.done", command: "c1", outcome },
  );
  expect([workers.find(WORKER), silent(fleet)]).toEqual([null, ["mute sport"]]);
});

describe("🔕 on a card", () => {
  test("keeps a longer mute of its worker", async () => {
    const it = await desk();
    it.open();
    it.actions.mute(WORKER, 24 * HOUR, "Ben");
    it.hush();
    expect(it.held()).toEqual([`mute ${WORKER} 24 h`]);
    it.actions.mute(WORKER, HOUR, "Ben");
    it.hush();
    expect(it.held()).toEqual([`mute ${WORKER} 4 h`]);
  });

  test("is over after its 4 h: neither the card nor the list of muted ones has it", async () => {
    const it = await desk();
    it.open();
    it.hush();
    const shown = (): unknown => {
      const card = it.cards.find(1);
      const view = {
        cards: new Map(card ? [[1, card]] : []),
        silences: it.silences.active(it.clock.ms),
      };
      const list = alertsScreen(viewOf([], { now: it.clock.ms }), {
        ...view,
        tab: "muted",
        page: 0,
        alerts: it.alerts.allOpen(),
      });
      return [
        /muted until/.test(card ? alertCard(EN, card, 1).html : ""),
        /Muted alerts<\/b> \((\d)/.exec(list.html)?.[1],
      ];
    };
    expect(shown()).toEqual([true, "1"]);
    const before = it.cards.find(1)?.revision ?? 0;
    it.after(4 * HOUR);
    expect(shown()).toEqual([false, "0"]);
    expect(it.cards.find(1)?.revision, "its messages are edited").toBeGreaterThan(before);
  });

  test("ends with the mute of its worker", async () => {
    const it = await desk();
    it.open();
    it.hush();
    it.actions.mute("sport", 0, "Ann");
    expect(it.cards.find(1)?.mutedUntil).not.toBeNull();
    it.actions.mute(WORKER, 0, "Ann");
    expect(it.cards.find(1)?.mutedUntil).toBeNull();
  });
});

describe("the card of a worker that is muted after it was told", () => {
  const quiet = [
    ["mute", WORKER],
    ["mute", "*"],
    ["maintain", WORKER],
    ["maintain", "*"],
  ] as const;

  test.each(quiet)(
    "goes to no other admin and is not repeated until that ends (%s %s)",
    async (act, scope) => {
      const it = await desk();
      it.open();
      it.actions[act](scope, 12 * HOUR, "Ann");
      it.after(5 * HOUR);
      expect(it.cards.find(1)).toMatchObject({ level: 0, telling: 1 });
      it.after(7 * HOUR);
      expect(it.cards.find(1)).toMatchObject({ level: 2, telling: 2 });
    },
  );

  test("makes no sound when it gets worse; it is told again when that ends", async () => {
    const it = await desk();
    it.open();
    it.actions.mute(WORKER, 2 * HOUR, "Ann");
    it.open("gave-up");
    expect(it.cards.find(1)).toMatchObject({ telling: 1, revision: 2 });
    it.after(2 * HOUR);
    expect(it.cards.find(1)).toMatchObject({ telling: 2 });
  });

  test("is repeated while another worker on it is not muted", async () => {
    const it = await desk();
    it.open();
    it.open("crash", SPORT);
    it.actions.mute(WORKER, 12 * HOUR, "Ann");
    it.after(5 * HOUR);
    expect(it.cards.find(1)).toMatchObject({ level: 2, telling: 2 });
  });
});

describe("who ends a mute", () => {
  test.each([
    ["mute", "*", "All workers are muted until"],
    ["maintain", "*", "Maintenance holds"],
    ["maintain", WORKER, "Maintenance holds"],
  ] as const)("is told that the worker is still not heard (%s %s)", async (act, scope, told) => {
    const fleet = await withAnn();
    fleet.parts.alertActions.mute(WORKER, HOUR, "Ann");
    fleet.parts.alertActions[act](scope, HOUR, "Ben");
    const said = await press(fleet, "mute", WORKER, "0");
    expect(said).toContain(told);
    expect(said).toContain("by Ben");
    await fleet.poll();
    await fleet.post("/chat/text", { user: 777, text: `/mute ${WORKER} off` });
    await fleet.waitForBot(777, /unmuted\nBut .*by Ben/);
  });

  test("🔔 Unmute all ends what /mute all off ends", async () => {
    const fleet = await withAnn();
    const { alertActions, alerts, cards, outbox, clock } = fleet.parts;
    alerts.raise(`exit:${WORKER}`, crashBody(), clock.now());
    await outbox.flush();
    cards.mute(1, clock.now() + HOUR);
    for (const scope of ["*", WORKER]) alertActions.mute(scope, HOUR, "Ann");
    expect(await press(fleet, "mute", "", "0")).toContain("Everything is unmuted");
    expect([silent(fleet), cards.find(1)?.mutedUntil]).toEqual([[], null]);
  });
});

test("the question which worker is meant repeats the name as it was written", async () => {
  const fleet = await withAnn();
  fleet.parts.addWorker(SPORT, ASKER);
  for (const [id, name] of [
    [WORKER, "Ночь север"],
    [SPORT, "Ночь север 2"],
  ] as const)
    fleet.parts.workers.setLabel(id, name);
  await fleet.poll();
  await fleet.post("/chat/text", { user: 777, text: "/mute Ночь се 1h" });
  const { text } = await fleet.waitForBot(777, "matches 2 workers");
  const [command = ""] = /\/mute [^…]*\* 1h/.exec(text) ?? [];
  expect(command).toBe("/mute Ночь се* 1h");
  await fleet.post("/chat/text", { user: 777, text: command });
  await fleet.waitForBot(777, "news_1, sport: muted for 1 h");
});

test.each([
  ["crash", 0, 1],
  ["gave-up", 2, 2],
] as const)(
  "in quiet hours a card of %s that was told before goes to level %i",
  async (kind, level, telling) => {
    const it = await desk();
    it.open(kind);
    const { hour, minute } = FLEET_TIMES.wall(it.clock.ms);
    const fromMin = hour * 60 + minute;
    it.settings.setQuiet({ fromMin, toMin: (fromMin + 6 * 60) % 1440 });
    it.after(5 * HOUR);
    expect(it.cards.find(1)).toMatchObject({ level, telling });
    it.after(2 * HOUR);
    expect(it.cards.find(1)).toMatchObject({ level: 2, telling: telling + 1 });
  },
);

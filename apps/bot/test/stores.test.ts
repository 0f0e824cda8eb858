import { parseWorkerId } from "@flotilla/kernel";
import { describe, expect, test } from "vitest";
import { AdminStore } from "../src/admins/admin-store.ts";
import { AlertStore } from "../src/alerts/alert-store.ts";
import { CardStore } from "../src/alerts/card-store.ts";
import { REGISTRY } from "../src/app/features.ts";
import { PanelStore } from "../src/kit/chat/panel-store.ts";
import { firstSight } from "../src/kit/control-db.ts";
import { say } from "../src/kit/words/said.ts";
import { WizardStore } from "../src/login/wizard-store.ts";
import { CommandStore } from "../src/workers/command-store.ts";
import { WorkerStore } from "../src/workers/worker-store.ts";
import { ANN, ASKER, BEN, controlDb, crashBody, HOST, NOW, WORKER } from "./support.ts";

const SPORT = parseWorkerId("sport");
describe("commands", () => {
  test("the same asked twice is already under way; another verb or worker is not", async () => {
    const store = new CommandStore(await controlDb());
    expect(store.ask("c1", WORKER, "restart", ASKER, NOW)).toBeNull();
    expect(store.ask("c2", WORKER, "restart", { id: "778", name: "Ben" }, NOW)).toMatchObject({
      id: "c1",
      askerName: "Ann",
    });
    expect(store.find("c2")).toBeNull();
    expect(store.ask("c3", WORKER, "stop", ASKER, NOW)).toBeNull();
    expect(store.ask("c4", SPORT, "restart", ASKER, NOW)).toBeNull();
  });

  test("once it ended it may be asked again", async () => {
    const store = new CommandStore(await controlDb());
    store.ask("c1", WORKER, "restart", ASKER, NOW);
    store.end("c1", { kind: "done", text: "ok" }, NOW + 1);
    expect(store.find("c1")).toMatchObject({ state: "done", endedAt: NOW + 1, result: "ok" });
    expect(store.ask("c2", WORKER, "restart", ASKER, NOW + 2)).toBeNull();
    expect(store.latest(WORKER)?.id).toBe("c2");
  });

  test("a late answer replaces unanswered, and nothing else", async () => {
    const store = new CommandStore(await controlDb());
    store.ask("c1", WORKER, "restart", ASKER, NOW);
    store.ask("c2", SPORT, "restart", ASKER, NOW + 10);
    expect(store.giveUp(NOW + 5, NOW + 60).map((row) => row.id)).toEqual(["c1"]);
    expect(store.find("c1")).toMatchObject({ state: "unanswered", endedAt: NOW + 60 });
    expect(store.find("c2")?.state).toBe("asked");
    store.end("c1", { kind: "failed", code: "x", message: "no" }, NOW + 70);
    expect(store.find("c1")).toMatchObject({ state: "failed", result: "no", endedAt: NOW + 70 });
    store.end("c1", { kind: "done" }, NOW + 80);
    expect(store.find("c1")).toMatchObject({ state: "failed", endedAt: NOW + 70 });
    expect(store.giveUp(NOW + 5, NOW + 90)).toEqual([]);
  });

  test("looking at a log or logging in is not what a card calls the latest", async () => {
    const store = new CommandStore(await controlDb());
    store.ask("c1", WORKER, "stop", ASKER, NOW);
    store.ask("c2", WORKER, "log", ASKER, NOW + 1);
    store.ask("c3", WORKER, "login.begin", ASKER, NOW + 2);
    expect(store.latest(WORKER)?.id).toBe("c1");
  });

  test("what is older than half a year is forgotten", async () => {
    const store = new CommandStore(await controlDb());
    store.ask("c1", WORKER, "stop", ASKER, NOW - 181 * 24 * 3600_000);
    store.end("c1", { kind: "done" }, NOW);
    store.ask("c2", WORKER, "stop", ASKER, NOW);
    expect(store.find("c1")).toBeNull();
  });
});

describe("alerts", () => {
  async function alertStores(holdMs = 0) {
    const db = await controlDb();
    const alerts = new AlertStore(db, holdMs);
    return { alerts, cards: new CardStore(db, alerts) };
  }

  test("are open once per subject, and a new one follows one that was resolved", async () => {
    const { alerts } = await alertStores();
    alerts.raise("exit:news_1", crashBody(), NOW);
    alerts.raise("exit:news_1", crashBody({ times: 2 }), NOW);
    alerts.raise("exit:sport", crashBody({ worker: SPORT }), NOW);
    alerts.raise("account:news_1", crashBody({ kind: "needs-login" }), NOW);
    expect(alerts.countOpen()).toBe(3);
    expect(alerts.openOf(WORKER).map((alert) => alert.body.kind)).toEqual(["crash", "needs-login"]);
    const first = alerts.open("exit:news_1")?.n ?? 0;
    alerts.resolve(first, say("solved-itself"), NOW + 1);
    alerts.resolve(first, say("solved-command"), NOW + 2);
    expect(alerts.history(NOW)[2]).toMatchObject({
      resolvedAt: NOW + 1,
      resolvedBy: say("solved-itself"),
    });
    alerts.raise("exit:news_1", crashBody(), NOW + 3);
    expect(alerts.open("exit:news_1")?.n).toBeGreaterThan(first);
  });

  test(
    "are told at once, unless they often pass by themselves; one that gets worse is told " +
      "again, and a card is over with its last alert",
    async () => {
      const { alerts, cards } = await alertStores(30_000);
      alerts.raise("exit:news_1", crashBody(), NOW);
      expect(alerts.untold()).toMatchObject([{ readyAt: NOW, card: null }]);
      alerts.raise("link:sport", crashBody({ worker: SPORT, kind: "offline" }), NOW);
      expect(alerts.open("link:sport")).toMatchObject({ readyAt: NOW + 30_000 });
      alerts.drop(2);
      alerts.resolve(2, say("solved-itself"), NOW);
      alerts.raise("exit:sport", crashBody({ worker: SPORT }), NOW);
      cards.create("k", [1, 3], { calm: false, over: false }, NOW);
      expect(alerts.untold()).toEqual([]);
      alerts.raise("exit:news_1", crashBody({ kind: "gave-up" }), NOW + 5);
      expect(cards.find(1)).toMatchObject({
        telling: 2,
        revision: 2,
        toldAt: NOW + 5,
        resolvedAt: null,
      });
      alerts.resolve(1, say("solved-itself"), NOW + 6);
      expect(cards.find(1)).toMatchObject({ revision: 3, resolvedAt: null });
      alerts.resolve(3, say("solved-itself"), NOW + 7);
      expect(cards.find(1)).toMatchObject({ revision: 4, resolvedAt: NOW + 7 });
    },
  );

  test("are found by the message that shows them, in the chat that it is in", async () => {
    const { alerts, cards } = await alertStores();
    alerts.raise("exit:news_1", crashBody(), NOW);
    cards.create("k", [1], { calm: false, over: false }, NOW);
    cards.delivered({
      card: 1,
      chat: "777",
      message: 10,
      telling: 1,
      revision: 1,
      digest: 0,
      ended: 0,
      shown: null,
    });
    expect(cards.byMessage("777", 10).map((card) => card.n)).toEqual([1]);
    expect([...cards.byMessage("778", 10), ...cards.byMessage("777", 11)]).toEqual([]);
  });

  test("that ended a month ago are forgotten, with their cards", async () => {
    const { alerts, cards } = await alertStores();
    alerts.raise("exit:news_1", crashBody(), NOW);
    cards.create("k", [1], { calm: false, over: false }, NOW);
    alerts.resolve(1, say("solved-itself"), NOW);
    alerts.prune(NOW + 31 * 24 * 3_600_000);
    expect([cards.find(1), alerts.history(0)]).toEqual([null, []]);
  });
});

describe("logins", () => {
  const row = {
    admin: ANN,
    worker: WORKER,
    login: "l1",
    publicKey: null,
    step: { kind: "preparing" as const },
    expiresAt: NOW,
  };

  test("are found by admin, worker and login, and saved again in place", async () => {
    const store = new WizardStore(await controlDb());
    store.save(row);
    store.save({ ...row, publicKey: "key", step: { kind: "sending-code" } });
    for (const found of [store.ofAdmin(ANN), store.ofWorker(WORKER), store.byLogin("l1")])
      expect(found).toEqual({ ...row, publicKey: "key", step: { kind: "sending-code" } });
    store.remove(ANN);
    expect(store.ofAdmin(ANN)).toBeNull();
  });

  test("of two admins for one worker cannot be", async () => {
    const store = new WizardStore(await controlDb());
    store.save(row);
    expect(() => store.save({ ...row, admin: BEN, login: "l2" })).toThrow();
  });

  test("expire when their time is over", async () => {
    const store = new WizardStore(await controlDb());
    store.save(row);
    expect(store.expired(NOW)).toEqual([]);
    expect(store.expired(NOW + 1)).toHaveLength(1);
  });

  test("of another version are over, with a sentence", async () => {
    const db = await controlDb();
    const store = new WizardStore(db);
    store.save(row);
    db.write("UPDATE wizard SET step = ?", ['{"kind":"ask-dna"}']);
    expect(store.ofAdmin(ANN)?.step).toMatchObject({
      kind: "ended",
      text: say("login-other-version"),
    });
  });
});

test("a chat has one live message, and one of another version shows the menu from now on", async () => {
  const db = await controlDb();
  const store = new PanelStore(db, (kept) => REGISTRY.screenFrom(kept));
  store.set({ chat: "777", message: 1, screen: { kind: "menu" }, shown: "a" });
  store.set({ chat: "777", message: 2, screen: { kind: "worker", worker: WORKER }, shown: "b" });
  store.set({ chat: "778", message: 3, screen: { kind: "menu" }, shown: "c" });
  expect(store.find("777")).toEqual({
    chat: "777",
    message: 2,
    screen: { kind: "worker", worker: WORKER },
    shown: "b",
  });
  db.write("UPDATE panel SET screen = ? WHERE chat = '778'", ['{"kind":"hologram"}']);
  expect(store.all().map((row) => row.chat)).toEqual(["777", "778"]);
  expect(store.find("778")).toEqual({
    chat: "778",
    message: 3,
    screen: { kind: "menu" },
    shown: "c",
  });
  store.forget("777");
  expect(store.find("777")).toBeNull();
});

test("an admin is reachable until Telegram says otherwise, and again after the next word", async () => {
  const store = new AdminStore(await controlDb());
  store.saw(ANN, "Ann", "en");
  store.saw(BEN, "Ben", "en");
  store.expect(ANN, "worker-name");
  store.unreachable(BEN);
  expect(store.reachable()).toEqual(["777"]);
  store.saw(BEN, "Ben", "en");
  store.saw(ANN, "Ann B.", "en");
  expect(store.reachable()).toEqual(["777", "778"]);
  expect(store.expecting(ANN)).toMatchObject({ what: "worker-name" });
  store.expect(ANN, null);
  expect(store.expecting(ANN)).toBeNull();
});

test("a name is taken once", async () => {
  const store = new WorkerStore(await controlDb());
  expect(store.add(WORKER, HOST, "777", NOW)).toBe(true);
  expect(store.add(WORKER, HOST, "778", NOW)).toBe(false);
  expect(store.all()).toEqual([
    { id: WORKER, host: HOST, hostGone: false, label: null, tags: [], note: null },
  ]);
  expect(store.find("sport")).toBeNull();
});

test("an event is new once, for as long as a signed one is good and a day more", async () => {
  const db = await controlDb();
  expect(firstSight(db, "e1", NOW)).toBe(true);
  expect(firstSight(db, "e1", NOW + 1)).toBe(false);
  expect(firstSight(db, "e2", NOW + 1)).toBe(true);
  expect(firstSight(db, "e1", NOW + 25 * 3600_000)).toBe(false);
  expect(firstSight(db, "e1", NOW + 9 * 24 * 3600_000)).toBe(true);
});

test("who is taken off the allow-list loses panel, login and alerts at the next start", async () => {
  const db = await controlDb();
  const admins = new AdminStore(db);
  const panels = new PanelStore(db, (kept) => REGISTRY.screenFrom(kept));
  const wizards = new WizardStore(db);
  admins.saw(ANN, "Ann", "en");
  admins.saw(BEN, "Ben", "en");
  panels.set({ chat: ANN, message: 1, screen: { kind: "menu" }, shown: "" });
  panels.set({ chat: BEN, message: 2, screen: { kind: "menu" }, shown: "" });
  wizards.save({
    admin: BEN,
    worker: WORKER,
    login: "l1",
    publicKey: null,
    step: { kind: "preparing" },
    expiresAt: NOW,
  });
  admins.keepOnly([ANN]);
  expect(admins.reachable()).toEqual([ANN]);
  expect(panels.all().map((panel) => panel.chat)).toEqual([ANN]);
  expect(wizards.ofAdmin(BEN)).toBeNull();
});

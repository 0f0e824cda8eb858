/**
 * What people write: commands with names in part, unknown words, answers to questions (field faults
 * D3, D7).
 */
import { parseWorkerId } from "@flotilla/kernel";
import { waitFor } from "@flotilla/testkit";
import { describe, expect, test } from "vitest";
import { renderScreen } from "../src/app/screens.ts";
import { type Fleet, startFleet } from "./chat.ts";
import { ANN, ASKER, BEN, crashBody, HOST } from "./support.ts";

async function fleetOf(names: readonly string[]): Promise<Fleet> {
  const fleet = await startFleet();
  for (const name of names) fleet.parts.workers.add(parseWorkerId(name), HOST, "777", 1);
  await fleet.poll();
  await fleet.post("/chat/start", { user: 777, firstName: "Ann" });
  await fleet.waitForBot(777, "Fleet");
  return fleet;
}

const accounts = Array.from({ length: 24 }, (_, n) => `acc_${String(n + 1).padStart(2, "0")}`);
const write = (fleet: Fleet, text: string) => fleet.post("/chat/text", { user: 777, text });
const muted = (fleet: Fleet): string[] =>
  fleet.parts.silences.active(Date.now()).map(({ scope }) => scope);

describe("/mute", () => {
  test("of a part of a name that fits many mutes none and asks which", async () => {
    const fleet = await fleetOf([...accounts, "sport", "other"]);
    await write(fleet, "/mute acc 1h");
    const { text } = await fleet.waitForBot(777, "matches 24 workers");
    expect(text).toContain("acc_01");
    expect(text).toContain("/mute acc* 1h");
    expect(muted(fleet)).toEqual([]);
    await write(fleet, "/mute acc* 1h");
    await fleet.waitForBot(777, /acc_01, .*: muted for 1 h/);
    expect(muted(fleet)).toEqual(accounts);
  });

  test.each([
    ["/mute acc_01 30 m", "acc_01: muted for 30 min"],
    ["/mute acc_01 1h30m", "acc_01: muted for 1 h 30 min"],
    ["/mute acc_01 90 мин", "acc_01: muted for 1 h 30 min"],
    ["/mute ACC_01 2 ЧАСА", "acc_01: muted for 2 h"],
    ["/MUTE Night watch 2h", "acc_02: muted for 2 h"],
    ["/Mute All 30 min", "muted for 30 min"],
    ["/mute acc_01 2h please", "Examples: "],
    ["/mute acc_01 acc_02", "Examples: "],
    ["/mute acc_01 1 2h", "No worker matches “acc_01 1”"],
    [`/mute ${"x".repeat(3000)} 1h`, "No worker matches “xxx"],
  ])("%s means what it says, or is not understood", async (command, answer) => {
    const fleet = await fleetOf(accounts.slice(0, 2));
    fleet.parts.workers.setLabel(parseWorkerId("acc_02"), "Night watch");
    await write(fleet, command);
    await fleet.waitForBot(777, answer);
    if (answer === "Examples: ") expect(muted(fleet)).toEqual([]);
  });

  test("says whom it muted, also for one and for a tag", async () => {
    const fleet = await fleetOf([...accounts, "sport"]);
    for (const name of ["acc_03", "sport"])
      fleet.parts.workers.setTags(parseWorkerId(name), ["eu"]);
    await write(fleet, "/mute spo 30m");
    await fleet.waitForBot(777, "🔕 sport: muted for 30 min");
    await write(fleet, "/mute #eu 2h");
    await fleet.waitForBot(777, "🔕 acc_03, sport: muted for 2 h");
    expect(muted(fleet)).toEqual(["acc_03", "sport"]);
  });

  test.each(["/mute all off", "/mute all 0ff", "/mute acc_01 0h"])(
    "off means off: %s",
    async (command) => {
      const fleet = await fleetOf(accounts);
      const { alertActions, cards, alerts, outbox } = fleet.parts;
      alertActions.mute("acc_01", 3_600_000, "Ben");
      alertActions.mute("*", 3_600_000, "Ben");
      alerts.raise(
        "exit:acc_02",
        crashBody({ worker: parseWorkerId("acc_02"), kind: "test" }),
        Date.now(),
      );
      await outbox.flush();
      cards.mute(1, Date.now() + 3_600_000);
      await write(fleet, command);
      if (command !== "/mute all off") {
        await fleet.waitForBot(777, "Examples: ");
        return expect(muted(fleet)).toEqual(["*", "acc_01"]);
      }
      await fleet.waitForBot(777, "Everything is unmuted");
      expect([muted(fleet), cards.find(1)?.mutedUntil]).toEqual([[], null]);
    },
  );

  test("a worker that is heard again while all are muted: the answer says so", async () => {
    const fleet = await fleetOf(accounts);
    fleet.parts.alertActions.mute("*", 3_600_000, "Ben");
    await write(fleet, "/mute acc_01 off");
    await fleet.waitForBot(777, /acc_01: unmuted\nBut all workers are muted .*by Ben/);
  });
});

describe("what is no command", () => {
  test.each([
    ["/foo", "no command /foo"],
    ["/stats acc_01", "Did you mean /status?"],
    ["/Restrat", "Did you mean /restart?"],
    ["/status@another_bot acc_01", "names another bot. For me, send just /status"],
    ["hello", "I do not understand “hello”"],
    [
      "what is going on here, and why do you not answer me?",
      "I do not understand “what is going on",
    ],
    ["<b>&", "I do not understand “<b>&”"],
  ])("%s is answered with what the bot knows", async (text, answer) => {
    const fleet = await fleetOf(accounts);
    await write(fleet, text);
    await fleet.waitForBot(777, answer);
  });

  test.each([
    ["acc_07", /acc_07[\s\S]*(host-a|reported)/],
    ["acc", /Workers[\s\S]*acc_01/],
    ["/Status acc_07", /acc_07[\s\S]*(host-a|reported)/],
    ["/STATUS Night watch", /Night watch/],
    ["/start acc_07", /acc_07/],
    ["/start auth_acc_07", /acc_07/],
  ])("%s opens what it names", async (text, shown) => {
    const fleet = await fleetOf(accounts);
    fleet.parts.workers.setLabel(parseWorkerId("acc_03"), "Night watch");
    await write(fleet, text);
    await fleet.waitForBot(777, shown);
  });

  test("two names are no name: no one is restarted", async () => {
    const fleet = await fleetOf(accounts);
    await write(fleet, "/restart acc_01 acc_02");
    await fleet.waitForBot(777, "No worker matches “acc_01 acc_02”");
    expect(fleet.parts.commandLog.latest(parseWorkerId("acc_01"))).toBeNull();
  });

  test("/start with a name that there is not says so", async () => {
    const fleet = await fleetOf(accounts);
    await write(fleet, "/start demo_1");
    await fleet.waitForBot(777, "No worker matches “demo_1”");
  });
});

test("/help has every command that the reader may give, with an example", async () => {
  const fleet = await fleetOf(["news_1"]);
  const all =
    "start menu workers status restart stop who logs login proxy mute alerts health doctor " +
    "settings cancel here help";
  await write(fleet, "/help");
  const { text } = await fleet.waitForBot(777, "/status news_1");
  for (const name of all.split(" ")) expect(text).toContain(`/${name}`);
  const { admins, clock } = fleet.parts;
  admins.keepOnly([BEN]);
  admins.invite("token-12", "viewer", { id: BEN, name: "Ben" }, clock.now());
  admins.accept("token-12", ASKER, clock.now());
  await write(fleet, "/help");
  const viewer = await waitFor(async () =>
    (await fleet.shown(777)).findLast(
      ({ text: each, id }) => id > 0 && each.includes("/help –") && !each.includes("/restart"),
    ),
  );
  expect(viewer.text).toContain("/status news_1");
});

describe("a question that waits for its answer", () => {
  const asked = async (): Promise<Fleet> => {
    const fleet = await fleetOf(["news_1"]);
    await fleet.post("/chat/press", { user: 777, label: "➕ Add" });
    await fleet.waitForBot(777, "New worker");
    return fleet;
  };

  test("is still open after ✋ on an alert, which leaves it on the screen", async () => {
    const fleet = await asked();
    fleet.parts.alerts.raise("exit:news_1", crashBody(), Date.now());
    await fleet.parts.outbox.flush();
    await fleet.waitForBot(777, "crashed");
    await fleet.post("/chat/press", { user: 777, label: "✋ I'll take it" });
    await fleet.waitForBot(777, "took it");
    await write(fleet, "sport_9");
    await waitFor(() => fleet.parts.workers.find("sport_9") !== null, {
      what: "the answer to be taken",
    });
  });

  test.each(["/menu", "/workers", "/health", "/settings"])(
    "stays open under %s, and the screen says so",
    async (command) => {
      const fleet = await asked();
      await write(fleet, command);
      await fleet.waitForBot(
        777,
        "Still waiting for: the name of the new worker. Send it, or /cancel.",
      );
      await write(fleet, "sport_9");
      await waitFor(() => fleet.parts.workers.find("sport_9") !== null, {
        what: "the answer to be taken",
      });
      const { text } = await fleet.waitForBot(777, "sport_9");
      expect(text).not.toContain("Still waiting for");
    },
  );

  test(
    "stays open when a button of an alert leads to another screen, and is asked again by no " +
      "press",
    async () => {
      const fleet = await asked();
      fleet.parts.alerts.raise("exit:news_1", crashBody(), Date.now());
      await fleet.parts.outbox.flush();
      await fleet.waitForBot(777, "crashed");
      await fleet.post("/chat/press", { user: 777, label: "👷 Details" });
      await fleet.waitForBot(
        777,
        /news_1\.session[\s\S]*Still waiting for: the name of the new worker/,
      );
      await fleet.post("/chat/press", { user: 777, label: "⋯ More" });
      await fleet.waitForBot(777, /Renaming[\s\S]*Still waiting for: the name of the new worker/);
      await write(fleet, "/cancel");
      const { text } = await fleet.waitForBot(777, "🛰 Fleet");
      expect(text).not.toContain("Still waiting for");
      await write(fleet, "sport_9");
      await fleet.waitForBot(777, "no question is open");
      expect(fleet.parts.workers.find("sport_9")).toBeNull();
    },
  );

  test(
    "an unknown command is its answer, and is refused as one; a question that another press " +
      "asks takes its place",
    async () => {
      const fleet = await asked();
      await write(fleet, "/foo");
      await fleet.waitForBot(777, /New worker[\s\S]*❌/);
      await write(fleet, "/settings");
      await fleet.waitForBot(777, "Still waiting for");
      await fleet.post("/chat/press", { user: 777, label: "🕰 My time zone" });
      const { text } = await fleet.waitForBot(777, "Which time zone");
      expect(text).not.toContain("Still waiting for");
      await write(fleet, "berlin");
      await fleet.waitForBot(777, "Europe/Berlin");
      expect(fleet.parts.workers.find("berlin")).toBeNull();
    },
  );

  test("of one admin is said in a group by name, and in no other chat", async () => {
    const { parts } = await fleetOf(["news_1"]);
    const { admins, places } = parts;
    places.add("-100123", "Night watch", "en");
    admins.expect(ANN, "rename", "news_1", "-100123");
    const shown = async (chat: string): Promise<string> =>
      (await renderScreen(parts, chat, { kind: "menu" })).html;
    expect(await shown("-100123")).toContain(
      "Waiting for Ann to send: the new name of <b>news_1</b>",
    );
    expect(await shown("777")).not.toContain("sked");
    admins.expect(ANN, "since", "signals", "777");
    expect(await shown("777")).toContain("Still waiting for: the start date");
    expect(await shown("-100123")).not.toContain("sked");
  });

  test(
    "is over when another screen has taken its place, and what is written then is not taken " +
      "for its answer",
    async () => {
      const fleet = await asked();
      await fleet.post("/chat/press", { user: 777, label: "✖️ Cancel" });
      await fleet.waitForBot(777, "Workers");
      await write(fleet, "sport_9");
      await fleet.waitForBot(777, "I do not understand “sport_9”: no question is open");
      expect(fleet.parts.workers.find("sport_9")).toBeNull();
    },
  );
});

import { consumeHostCommands } from "@flotilla/queue";
import { waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { handleEvent } from "../src/app/events.ts";
import { ScheduleDesk } from "../src/schedules/schedule-desk.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { ASKER, HOST, WORKER } from "./support.ts";

const DAY_MS = 24 * 3_600_000;

/** A fleet with one worker, whose host takes commands and tells what a doctor found. */
async function withHost(findings: readonly string[] = []) {
  const fleet = await startFleet();
  fleet.parts.addWorker(WORKER, ASKER);
  const asked: { readonly kind: string; readonly id: string }[] = [];
  const problems = findings.map((what) => ({ level: "problem" as const, what, todo: "mend it" }));
  const host = await consumeHostCommands(HOST, {
    place: fleet.place,
    onError: () => {},
    handle: async (command) => {
      asked.push({ kind: command.kind, id: command.id });
      const outcome =
        command.kind === "doctor"
          ? ({ kind: "doctor", findings: problems } as const)
          : ({ kind: "done", text: "unchanged" } as const);
      const about = { v: 1, id: `e-${command.id}`, at: fleet.clock.now(), host: HOST } as const;
      const done = { kind: "command.done", worker: WORKER, command: command.id, outcome } as const;
      await handleEvent(fleet.parts, { ...about, ...done });
    },
  });
  onTestFinished(() => host.close());
  return { fleet, asked };
}

/** At some hours of the day the time of the self-check is passed on the way to that of copies. */
function withoutCheck({ parts, clock }: Fleet): void {
  const check = parts.schedules.find("check");
  if (check) parts.schedules.set("check", { ...check, isOn: false }, clock.now());
}

/** The schedules of a bot that starts with this database. */
function deskOf({ parts }: Fleet): ScheduleDesk {
  return new ScheduleDesk({ ...parts, ownBackups: () => null });
}

const runsOf = ({ parts }: Fleet, id: "copies" | "check" | "restart" | "archive") =>
  parts.schedules.history(id, 20);

/** Looks as the bot does every two seconds, until this schedule does not run any more. */
async function untilOver({ parts }: Fleet, id: "copies" | "check" = "copies"): Promise<void> {
  await waitFor(
    async () => {
      await parts.scheduleDesk.look(true);
      return parts.schedules.running().every(({ schedule }) => schedule !== id);
    },
    { what: "the run to be over" },
  );
}

describe("a tick", () => {
  test("runs its schedule once, however often it comes", async () => {
    const { fleet, asked } = await withHost();
    withoutCheck(fleet);
    const { scheduleDesk, schedules, audit } = fleet.parts;
    const copies = schedules.find("copies");
    const slot = (copies && scheduleDesk.next(copies)) ?? 0;
    fleet.clock.pass(slot - fleet.clock.now());
    scheduleDesk.tick("copies", slot);
    scheduleDesk.tick("copies", slot);
    await untilOver(fleet);
    scheduleDesk.tick("copies", slot);
    expect(runsOf(fleet, "copies")).toMatchObject([{ state: "done", slot, isLate: false }]);
    expect(asked.map(({ kind }) => kind)).toEqual(["copy"]);
    expect(audit.find("schedule", 9).map(({ what }) => what.key)).toEqual([
      "audit-schedule-end",
      "audit-schedule",
    ]);
  });

  test("of no time of its schedule, of one that is off, or of none changes nothing", async () => {
    const { fleet } = await withHost();
    const { scheduleDesk, schedules } = fleet.parts;
    const restart = schedules.find("restart");
    const copies = schedules.find("copies");
    const slot = (copies && scheduleDesk.next(copies)) ?? 0;
    fleet.clock.pass(2 * DAY_MS);
    scheduleDesk.tick("copies", slot + 1000);
    scheduleDesk.tick("copies", slot + 30 * DAY_MS);
    scheduleDesk.tick("nothing", slot);
    const timing = restart && scheduleDesk.timing(restart);
    expect(timing?.kind).toBe("cron");
    scheduleDesk.tick("restart", slot + 2 * 3_600_000);
    expect([...runsOf(fleet, "copies"), ...runsOf(fleet, "restart")]).toEqual([]);
  });

  test("that comes while the run before is not over is skipped, and said", async () => {
    const { fleet } = await withHost();
    const { scheduleDesk, schedules } = fleet.parts;
    scheduleDesk.runNow("copies", ASKER);
    const copies = schedules.find("copies");
    const slot = (copies && scheduleDesk.next(copies)) ?? 0;
    fleet.clock.pass(slot - fleet.clock.now());
    scheduleDesk.tick("copies", slot);
    expect(scheduleDesk.runNow("copies", ASKER)).toBeNull();
    await untilOver(fleet);
    expect(runsOf(fleet, "copies").map(({ state }) => state)).toEqual(["skipped", "done"]);
  });
});

describe("after the bot was away for days", () => {
  test("the one tick that Redis kept is the one run, late", async () => {
    const { fleet } = await withHost();
    const { scheduleDesk, schedules } = fleet.parts;
    const copies = schedules.find("copies");
    const slot = (copies && scheduleDesk.next(copies)) ?? 0;
    fleet.clock.pass(5 * DAY_MS);
    scheduleDesk.tick("copies", slot);
    scheduleDesk.tick("copies", slot + DAY_MS);
    await untilOver(fleet);
    expect(runsOf(fleet, "copies")).toMatchObject([{ slot, isLate: true, state: "done" }]);
  });

  test("with a Redis that was emptied it runs once as well", async () => {
    const { fleet } = await withHost();
    const { scheduleDesk } = fleet.parts;
    fleet.clock.pass(5 * DAY_MS);
    await scheduleDesk.look(true);
    await untilOver(fleet, "copies");
    await untilOver(fleet, "check");
    expect(runsOf(fleet, "copies")).toMatchObject([{ isLate: true, state: "done" }]);
    expect(runsOf(fleet, "check")).toHaveLength(1);
    expect(runsOf(fleet, "restart")).toEqual([]);
    expect(scheduleDesk.wanted().map(({ id }) => id)).toEqual(["archive", "copies", "check"]);
  });

  test("and with a clock that was a year ahead the next time is near", async () => {
    const { fleet } = await withHost();
    const { scheduleDesk, schedules } = fleet.parts;
    schedules.setSeen("copies", fleet.clock.now() + 365 * DAY_MS);
    await scheduleDesk.look(true);
    const copies = schedules.find("copies");
    expect((copies && scheduleDesk.next(copies)) ?? 0).toBeLessThan(fleet.clock.now() + 2 * DAY_MS);
  });
});

test("a self-check tells what is wrong once, and its end", async () => {
  const found = ["The disk has 5 MB left"];
  const { fleet } = await withHost(found);
  const { scheduleDesk, alerts } = fleet.parts;
  const check = async (): Promise<void> => {
    scheduleDesk.runNow("check", ASKER);
    await untilOver(fleet, "check");
  };
  await check();
  const [first] = alerts.allOpen();
  expect(first?.subject).toBe(`check:${HOST}`);
  await check();
  expect(alerts.allOpen().map(({ n }) => n)).toEqual([first?.n]);
});

describe("in the chat", () => {
  test("an owner sets a time in a zone of their own, and a bad one is explained", async () => {
    const fleet = await startFleet();
    await meet(fleet, 777, "Ann");
    await fleet.poll();
    fleet.parts.admins.setZone(ASKER.id, "Asia/Tokyo");
    const press = async (label: string) => await fleet.post("/chat/press", { label });
    const write = async (text: string) => await fleet.post("/chat/text", { user: 777, text });
    await write("/schedules");
    await fleet.waitForBot(777, "🗓 Schedules");
    await press("💤 🔄 Restart at night");
    await fleet.waitForBot(777, "one by one");
    await press("03:00");
    await waitFor(() => fleet.parts.schedules.find("restart")?.time !== null);
    await fleet.waitForBot(777, "Daily at 03:00 (Asia/Tokyo)");
    await press("🟢 Switch on");
    await fleet.waitForBot(777, "⏭ Next");
    expect(fleet.parts.schedules.find("restart")).toMatchObject({
      isOn: true,
      time: { kind: "daily", hour: 3, zone: "Asia/Tokyo" },
    });
    await press("⏱ Another time");
    await fleet.waitForBot(777, "Send the time");
    await write("0 25 * * *");
    await fleet.waitForBot(777, "I cannot read that as a time");
    await write("4:30");
    await fleet.waitForBot(777, "At 30 4 * * * (Asia/Tokyo)");
    expect(fleet.parts.audit.find("Ann", 9).map(({ what }) => what.key)).toContain(
      "audit-schedule-set",
    );
  });
});

test("a bot that is killed at any step of a run finishes it, and each command is done once", async () => {
  for (let diesAt = 1; ; diesAt += 1) {
    const { fleet, asked } = await withHost();
    withoutCheck(fleet);
    const { parts, db, clock } = fleet;
    const copies = parts.schedules.find("copies");
    const slot = (copies && parts.scheduleDesk.next(copies)) ?? 0;
    clock.pass(slot - clock.now());
    const write = db.write.bind(db);
    let writes = 0;
    db.write = (sql, params) => {
      // The commit of a transaction never comes after a kill.
      if (++writes >= diesAt) throw new Error("killed");
      return write(sql, params);
    };
    const life = async (): Promise<void> => {
      parts.scheduleDesk.tick("copies", slot);
      await parts.scheduleDesk.look(true);
    };
    const isDead = await life().then(
      () => false,
      () => true,
    );
    db.write = write;
    // Redis hands the tick out again; another desk over the same database takes it.
    const next = deskOf(fleet);
    next.tick("copies", slot);
    await waitFor(async () => {
      await next.look(true);
      return parts.schedules.running().length === 0;
    });
    expect(runsOf(fleet, "copies")).toMatchObject([{ state: "done", slot }]);
    expect(asked.map(({ kind }) => kind)).toEqual(["copy"]);
    if (!isDead) return;
  }
});

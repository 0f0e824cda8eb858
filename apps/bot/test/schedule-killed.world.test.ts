/** A real bot that is killed between the tick of a schedule and its outcome. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HostCommand, hostQueue } from "@flotilla/contracts";
import {
  claimFleet,
  consumeHostCommands,
  EventPublisher,
  fleetPlace,
  HostBoard,
  type QueuePlace,
} from "@flotilla/queue";
import { redisCommand, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { AuditStore } from "../src/admins/audit-store.ts";
import { openControlDb } from "../src/kit/control-db.ts";
import type { ScheduleId } from "../src/schedules/kinds.ts";
import { type RunRow, ScheduleStore } from "../src/schedules/schedule-store.ts";
import { type BotPlace, botPlace, FLEET_KEY } from "./bot-process.ts";
import { HOST } from "./support.ts";

const HOUR_MS = 3_600_000;
/** The bot acts without a tick when none came for 90 s. */
const CATCH_UP_MS = 150_000;

interface Killed extends BotPlace {
  readonly queue: QueuePlace;
  /** What control.db says of the runs; only while no bot runs. */
  runs(): { readonly runs: readonly RunRow[]; readonly audit: readonly string[] };
}

/**
 * A bot that missed the time of one schedule, sent its command, and was killed: the queue has the
 * command, and no supervisor took it.
 */
async function killed(id: ScheduleId, missedMs: number): Promise<Killed> {
  const at = await botPlace();
  const { dataDir, redisUrl: redis } = at;
  const known = { known: null, from01: false, rekeyedFrom: [] };
  const fleet = await claimFleet({ redis, fleetKey: FLEET_KEY, ...known });
  const queue = fleetPlace({ redis, fleet, fleetKey: FLEET_KEY });
  // A supervisor has this folder: the bot makes no archive of its own.
  writeFileSync(join(dataDir, "host.db"), "");
  const db = openControlDb(join(dataDir, "control.db"));
  const schedules = new ScheduleStore(db);
  schedules.begin(Date.now());
  const hour = (new Date().getUTCHours() + 12) % 24;
  const time = id === "archive" ? null : ({ kind: "daily", hour, zone: "UTC" } as const);
  for (const row of schedules.all())
    schedules.set(
      row.id,
      { isOn: row.id === id, time, tag: "" },
      Date.now() - (row.id === id ? missedMs : 0),
    );
  db.close();
  const bot = await at.start();
  const waiting = `${queue.prefix}:${hostQueue(HOST)}:wait`;
  await waitFor(async () => (await redisCommand(redis, "LLEN", waiting)) === 1, {
    timeoutMs: CATCH_UP_MS,
    what: "the command in the queue of the host",
  });
  bot.kill("SIGKILL");
  await bot.exited;
  const runs = () => {
    using control = openControlDb(join(dataDir, "control.db"));
    const keys = new AuditStore(control).find("schedule", 20).map(({ what }) => what.key);
    const audit = keys.filter((key) => key.startsWith("audit-schedule"));
    return { runs: new ScheduleStore(control).history(id, 20), audit };
  };
  expect(runs()).toMatchObject({ runs: [{ state: "running" }], audit: ["audit-schedule"] });
  return { ...at, queue, runs };
}

/** A supervisor that comes late: what it is asked for, and its answers. */
async function supervise(
  { queue }: Killed,
  carryOut: (command: HostCommand) => Promise<void>,
): Promise<HostCommand[]> {
  const asked: HostCommand[] = [];
  const handle = async (command: HostCommand): Promise<void> => {
    asked.push(command);
    await carryOut(command);
  };
  const consumer = await consumeHostCommands(HOST, { place: queue, handle, onError: () => {} });
  onTestFinished(() => consumer.close());
  return asked;
}

test("killed after it asked a host for an archive, the next bot asks for no other one", async () => {
  const it = await killed("archive", 25 * HOUR_MS);
  const board = new HostBoard(it.queue, () => {});
  onTestFinished(() => board.close());
  const bot = await it.start();
  const asked = await supervise(it, async () => {
    const [since, now] = [Date.now() - HOUR_MS, Date.now()];
    const backup = { everyMs: 24 * HOUR_MS, since, triedAt: now, problem: null, good: null };
    await board.write({ host: HOST, hosts: "one", at: now, backup });
  });
  await it.chat.post("/chat/text", { user: 777, text: "/schedules" });
  await it.press("Archives");
  await it.says(/✅ .*: 1 of 1 in /);
  bot.kill("SIGTERM");
  await bot.exited;
  expect(asked.map(({ kind }) => kind)).toEqual(["archive"]);
  expect(it.runs()).toMatchObject({
    runs: [{ state: "done" }],
    audit: ["audit-schedule-end", "audit-schedule"],
  });
});

test("killed after it made up for a missed time, the next bot ends that run, and says that it was late", async () => {
  const it = await killed("copies", 3 * 24 * HOUR_MS);
  const events = new EventPublisher(it.queue, () => {});
  onTestFinished(() => events.close());
  const bot = await it.start();
  const asked = await supervise(it, async (command) => {
    const about = { v: 1, id: `e-${command.id}`, at: Date.now(), host: HOST } as const;
    const outcome = { kind: "done", text: "unchanged" } as const;
    const [worker] = "worker" in command ? [command.worker] : [];
    if (worker !== undefined)
      events.publish({ ...about, kind: "command.done", worker, command: command.id, outcome });
  });
  await it.chat.post("/chat/text", { user: 777, text: "/schedules" });
  await it.press("Copies of sessions");
  await it.says(/✅ .*: 1 of 1 in .* · late/);
  bot.kill("SIGTERM");
  await bot.exited;
  expect(asked.map(({ kind }) => kind)).toEqual(["copy"]);
  expect(it.runs()).toMatchObject({
    runs: [{ state: "done", isLate: true }],
    audit: ["audit-schedule-end", "audit-schedule"],
  });
});

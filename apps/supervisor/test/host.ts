import { readFileSync, writeFileSync } from "node:fs";
import { Copies } from "@flotilla/archive";
import type { FleetEvent, WorkerStatus } from "@flotilla/contracts";
import { parseHostId, systemClock } from "@flotilla/kernel";
import { createLogger } from "@flotilla/observability";
import { fleetPlace, type QueuePlace } from "@flotilla/queue";
import { testDir } from "@flotilla/testkit";
import { onTestFinished } from "vitest";
import { Fleet, type FleetDeps } from "../src/fleet/fleet.ts";
import { SessionService } from "../src/fleet/session-service.ts";
import { HostCommands } from "../src/host/host-commands.ts";
import { Mover } from "../src/host/mover.ts";
import { OwnProgram } from "../src/host/own-program.ts";
import { RecordRescue } from "../src/host/record-rescue.ts";
import { readArchivedRecord } from "../src/record/archived-record.ts";
import { HostDb } from "../src/record/host-db.ts";
import { IdleSessions } from "../src/record/idle-sessions.ts";
import { CHILD, LIMITS, RULES } from "./support.ts";

export const FLEET_KEY = Buffer.alloc(32, 1);

const FLEET = { id: "0123456789abcdef", from01: false };

/**
 * The workers of a host as real processes without Telegram, and its commands without Redis. `dir`
 * is the data folder.
 */
export async function host(
  plan = "stay",
  spacingMs = 0,
  dir?: string,
  order?: FleetDeps["order"],
  place?: QueuePlace,
) {
  const dataDir = dir ?? (await testDir("host-"));
  // The data folder may be on a disk that the test fills.
  const journal = `${await testDir("journal-")}/journal`;
  writeFileSync(journal, "");
  const db = new HostDb(`${dataDir}/host.db`);
  const events: FleetEvent[] = [];
  const removed: string[] = [];
  const log = createLogger({ name: "test", level: "silent" });
  const sessions = new SessionService({ dataDir, fleetKey: FLEET_KEY, db, graceMs: 1000 });
  const fleet = new Fleet({
    host: parseHostId("host-a"),
    program: {
      file: CHILD,
      env: { PLAN: plan, JOURNAL: journal, SESSION: `${dataDir}/sessions/alpha.session` },
      nodeFlags: [],
    },
    rules: RULES,
    limits: LIMITS,
    spacingMs,
    dataDir,
    logDir: `${dataDir}/logs`,
    db,
    sessions,
    clock: systemClock,
    log,
    publish: (event) => void events.push(event),
    writeStatus: () => {},
    removeStatus: (worker) => void removed.push(worker),
    newId: () => `event-${events.length}`,
    ...(order ? { order } : {}),
  });
  onTestFinished(async () => {
    await fleet.stopAll();
    db.close();
  });
  const program = new OwnProgram({ root: dataDir, keptBy: "launcher", run: "run-1" });
  const archives = `${dataDir}/archives`;
  const idle = new IdleSessions(db, dataDir);
  const record = new RecordRescue({
    db,
    fleet,
    copies: new Copies({
      folder: archives,
      host: "host-a",
      fleetKey: () => FLEET_KEY,
      name: "host.db",
      scratch: `${dataDir}/looking`,
      read: readArchivedRecord,
    }),
    idleSessions: () => idle.names(),
    clock: systemClock,
    log,
  });
  const commands = new HostCommands({
    fleet,
    db,
    clock: systemClock,
    log,
    sessions,
    dropStandby: async () => {},
    mover: new Mover({
      dropStandby: async () => {},
      db,
      fleet,
      sessions,
      place:
        place ?? fleetPlace({ redis: "redis://127.0.0.1:1", fleet: FLEET, fleetKey: FLEET_KEY }),
      dataDir,
      fleetKey: FLEET_KEY,
      clock: systemClock,
    }),
    doctor: async () => ({ kind: "doctor", findings: [] }),
    program,
    beginArchive: () => true,
    record,
  });
  const starts = () =>
    readFileSync(journal, "utf8")
      .split("\n")
      .filter((line) => line.endsWith("started")).length;
  const states = (): Record<string, WorkerStatus["state"]> =>
    Object.fromEntries(fleet.statuses().map((status) => [status.worker, status.state]));
  return {
    dataDir,
    archives,
    record,
    fleet,
    commands,
    program,
    db,
    events,
    removed,
    starts,
    states,
  };
}

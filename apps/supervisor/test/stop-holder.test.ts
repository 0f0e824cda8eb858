import type { FleetEvent, HostCommand } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { processIdentity } from "@flotilla/os";
import { openSession } from "@flotilla/session-store";
import { isAlive, spawnProcess, waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { FLEET_KEY, host } from "./host.ts";

const A = parseWorkerId("alpha");
const HOLDER =
  "import sqlite3,sys,time\nc=sqlite3.connect(sys.argv[1])\nc.execute('begin " +
  "immediate')\nprint('held',flush=True)\ntime.sleep(600)";

const stateEvents = (events: readonly FleetEvent[]) =>
  events.filter((event) => event.kind === "worker.state");

function command(
  what: { kind: "start" } | { kind: "stop-holder"; pid: number },
  id: string,
): HostCommand {
  const askedBy = { id: "777", name: "Ann" };
  return { v: 1, askedBy, askedAt: 1, id, worker: A, deadlineAt: Date.now() + 60_000, ...what };
}

test.runIf(process.platform === "linux")(
  "the status names the pid of our process that holds a session, [⏹ Stop holder] ends it, " +
    "and the waiting worker runs",
  async () => {
    const { dataDir, commands, db, events, states, starts } = await host("session");
    const dir = `${dataDir}/sessions`;
    openSession({ dir, name: A, fleetKey: FLEET_KEY }).close();
    const holder = spawnProcess("python3", ["-c", HOLDER, `${dir}/alpha.session`]);
    await holder.waitForOutput("held");
    const identity = processIdentity(holder.pid);
    if (!identity) throw new Error("the holder is not there");
    db.addChild(A, identity);
    holder.kill("SIGSTOP");
    await commands.carryOut(command({ kind: "start" }, "command-1"));
    const told = await waitFor(
      () => stateEvents(events).find(({ status }) => status.holder !== undefined),
      {
        what: "an event that names the holder",
      },
    );
    expect(told).toMatchObject({
      previous: "LOCKED",
      status: { state: "LOCKED", holder: { pid: holder.pid, ours: true } },
    });
    expect(told.status.fault?.message).toContain(`held by pid ${holder.pid}`);
    await commands.carryOut(command({ kind: "stop-holder", pid: holder.pid }, "command-2"));
    expect(events.filter((event) => event.kind === "command.done").at(-1)).toMatchObject({
      outcome: { kind: "done" },
    });
    expect(isAlive(holder.pid)).toBe(false);
    await waitFor(() => states()["alpha"] === "RUNNING", { what: "the worker to run" });
    expect(starts(), "one process waited for the session").toBe(1);
    expect(
      stateEvents(events).filter(({ status }) => status.holder !== undefined),
      "told once",
    ).toHaveLength(1);
  },
);

import type { FleetEvent, HostCommand } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { host } from "./host.ts";

const [A, B] = [parseWorkerId("alpha"), parseWorkerId("beta")];

const base = { v: 1, askedBy: { id: "777", name: "Ann" }, askedAt: 1 } as const;
const command = (
  kind: "start" | "stop" | "restart" | "maintenance",
  id: string,
  deadlineAt = Date.now() + 60_000,
): HostCommand => ({
  ...base,
  kind,
  id,
  worker: A,
  deadlineAt,
});
const bulk = (action: "start" | "stop" | "restart" | "maintenance", id: string): HostCommand => ({
  ...base,
  kind: "bulk",
  id,
  action,
  workers: [A, B],
  canary: true,
  deadlineAt: Date.now() + 60_000,
});
const answers = (events: readonly FleetEvent[]) =>
  events.flatMap((event) => (event.kind === "command.done" ? [event.outcome] : []));
const phases = (events: readonly FleetEvent[]) =>
  events.flatMap((event) => (event.kind === "bulk.progress" ? [event.phase] : []));

test("a redelivered command is carried out once and answered twice", async () => {
  const { commands, db, starts, events } = await host();
  db.setDesired(A, "stopped", 1);
  await Promise.all([
    commands.carryOut(command("restart", "command-1")),
    commands.carryOut(command("restart", "command-1")),
  ]);
  await commands.carryOut(command("restart", "command-1"));
  expect(starts()).toBe(1);
  expect(answers(events)).toEqual([{ kind: "done" }, { kind: "done" }]);
});

test("a command after its deadline does nothing and is answered as expired", async () => {
  const { commands, starts, events } = await host();
  await commands.carryOut(command("start", "command-1", Date.now() - 1));
  expect(starts()).toBe(0);
  expect(answers(events)).toEqual([{ kind: "expired" }]);
});

test("a command whose retries are used up is answered, for one worker and for many", async () => {
  const { commands, events } = await host();
  commands.giveUp(
    command("start", "command-1"),
    new Error("job stalled more than allowable limit"),
  );
  commands.giveUp(bulk("start", "command-2"), new Error("job stalled more than allowable limit"));
  expect(answers(events)).toEqual([
    { kind: "failed", code: "given-up", message: expect.stringContaining("three times") },
  ]);
  expect(events.at(-1)).toMatchObject({
    kind: "bulk.progress",
    phase: "done",
    failed: [{ worker: A }, { worker: B }],
  });
});

test(
  "a bulk starts workers one after the other, restarts them and puts them into maintenance, " +
    "with progress",
  async () => {
    const { commands, events, states, starts } = await host();
    await commands.carryOut(bulk("start", "command-1"));
    await waitFor(() => Object.values(states()).every((state) => state === "RUNNING"));
    expect(phases(events)).toEqual(["canary", "rest", "done"]);
    await commands.carryOut(bulk("restart", "command-2"));
    expect(starts()).toBe(4);
    await commands.carryOut(bulk("maintenance", "command-3"));
    expect(states()).toEqual({ alpha: "MAINTENANCE", beta: "MAINTENANCE" });
  },
);

test("a canary that crashes leaves the other workers as they are", async () => {
  const { commands, events, starts } = await host("bad-config");
  await commands.carryOut(bulk("start", "command-1"));
  expect(phases(events)).toEqual(["canary", "canary-failed"]);
  expect(starts()).toBe(1);
});

test("a host starts the desired workers in order with a pause between two, and keeps maintenance", async () => {
  const { fleet, db, starts, states } = await host("stay", 600_000);
  const [C] = [parseWorkerId("gamma")];
  db.setDesired(A, "running", 1);
  db.setDesired(B, "running", 2);
  db.setDesired(C, "maintenance", 3);
  const starting = fleet.startDesired();
  await waitFor(() => states().alpha === "RUNNING");
  expect(states()).toEqual({ alpha: "RUNNING", beta: "STARTING", gamma: "MAINTENANCE" });
  await fleet.stopAll();
  await starting;
  expect(starts(), "a stop ends the start").toBe(1);
});

test("a relay sender starts before its reader, in any creation order", async () => {
  const { fleet, db, states } = await host("stay", 600_000, undefined, async (workers) =>
    workers.toReversed(),
  );
  db.setDesired(A, "running", 1);
  db.setDesired(B, "running", 2);
  const starting = fleet.startDesired();
  await waitFor(() => states().beta === "RUNNING");
  expect(states()).toEqual({ alpha: "STARTING", beta: "RUNNING" });
  await fleet.stopAll();
  await starting;
});

test(
  "a worker gives up by its own rules, the others by the fleet's, and the rules survive the " +
    "supervisor",
  async () => {
    const { commands, events, fleet, db, states, starts } = await host("exit-at-once");
    db.setDesired(A, "stopped", 1);
    const rules = { crashLimit: 1, crashDelayS: 0.01 };
    const own = {
      ...base,
      kind: "rules",
      id: "command-1",
      worker: A,
      deadlineAt: Date.now() + 60_000,
      rules,
    } as const;
    await commands.carryOut(own);
    expect(answers(events)).toEqual([{ kind: "done" }]);
    await commands.carryOut(command("start", "command-2"));
    await waitFor(() => states()["alpha"] === "GAVE_UP");
    expect(starts()).toBe(2);
    await fleet.find(B).worker.start();
    await waitFor(() => states()["beta"] === "GAVE_UP");
    expect(starts()).toBe(2 + 6);
    expect(fleet.find(A).worker.status().rules).toMatchObject({
      crashLimit: 1,
      crashDelayS: 0.01,
      own: rules,
    });
    expect(db.ownRules(A)).toEqual(rules);
    await commands.carryOut({ ...own, id: "command-3", rules: {} });
    expect(fleet.find(A).worker.status()).toMatchObject({ crashLimit: 5, rules: { own: {} } });
  },
);

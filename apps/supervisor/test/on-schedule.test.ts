import { parseWorkerId } from "@flotilla/kernel";
import { expect, test } from "vitest";
import { host } from "./host.ts";

const worker = parseWorkerId("alpha");
const base = { v: 1, worker, askedBy: { id: "0", name: "schedule" }, askedAt: 1 } as const;

test.each([
  ["archive", { kind: "done" }],
  ["copy", { kind: "done", text: "unchanged" }],
] as const)("%s of a schedule is done once, and its outcome told again", async (kind, outcome) => {
  const { commands, db, events } = await host();
  db.setDesired(worker, "stopped", 1);
  const command = { ...base, kind, id: `command-${kind}`, deadlineAt: Date.now() + 60_000 };
  await commands.carryOut(command);
  await commands.carryOut(command);
  const told = events.flatMap((event) => (event.kind === "command.done" ? [event.outcome] : []));
  expect(told).toEqual([outcome, outcome]);
});

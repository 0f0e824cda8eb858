import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FleetEvent, HostCommand } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { expect, test } from "vitest";
import { host } from "./host.ts";

const GHOST = parseWorkerId("ghost");
const base = { v: 1, worker: GHOST, askedBy: { id: "777", name: "Ann" }, askedAt: 1 } as const;

const REQUESTS = [
  { kind: "restart" },
  { kind: "stop" },
  { kind: "maintenance" },
  { kind: "who" },
  { kind: "retry" },
  { kind: "stop-holder", pid: process.pid },
  { kind: "backups" },
  { kind: "backup" },
  { kind: "restore", copy: "golden" },
  { kind: "rules", rules: { crashLimit: 3 } },
  { kind: "log", lines: 10 },
  { kind: "remove-session" },
] as const;

const command = (
  request: (typeof REQUESTS)[number] | { kind: "forget" | "start" },
  deadlineAt = Date.now() + 60_000,
): HostCommand =>
  ({ ...base, id: `command-${request.kind}`, deadlineAt, ...request }) as HostCommand;

const outcome = (events: readonly FleetEvent[]) =>
  events.flatMap((event) => (event.kind === "command.done" ? [event.outcome] : []));

test.each(REQUESTS)(
  "$kind for an unknown worker fails and leaves no process, no file and no row",
  async (request) => {
    const { commands, db, events, starts, states, dataDir } = await host();
    await commands.carryOut(command(request));
    expect(outcome(events)).toEqual([
      { kind: "failed", code: "no-such-worker", message: expect.stringContaining("ghost") },
    ]);
    expect([db.workers(), states(), starts()]).toEqual([[], {}, 0]);
    const files = readdirSync(dataDir, { recursive: true, encoding: "utf8" });
    expect(files.filter((name) => name.includes("ghost"))).toEqual([]);
  },
);

test("an unknown name in a bulk does not stop the other workers and leaves no trace", async () => {
  const { commands, db, events, dataDir } = await host();
  const alpha = parseWorkerId("alpha");
  db.setDesired(alpha, "stopped", 1);
  const { worker: _, ...asked } = base;
  const deadlineAt = Date.now() + 60_000;
  const workers = [GHOST, alpha];
  await commands.carryOut({
    ...asked,
    kind: "bulk",
    id: "command-1",
    action: "restart",
    workers,
    canary: false,
    deadlineAt,
  });
  expect(events.findLast((event) => event.kind === "bulk.progress")).toMatchObject({
    done: [alpha],
    failed: [{ worker: GHOST, code: "no-such-worker" }],
  });
  expect(db.workers().map(({ id }) => id)).toEqual([alpha]);
  expect(existsSync(join(dataDir, "logs", "ghost.log"))).toBe(false);
});

test("an unknown worker can be forgotten; a start creates it, an expired start does not", async () => {
  const { commands, db, events, removed, starts, states, dataDir } = await host();
  await commands.carryOut(command({ kind: "forget" }));
  expect(outcome(events)).toEqual([{ kind: "done" }]);
  expect(removed, "its leftover status is removed").toEqual([GHOST]);
  expect([states(), existsSync(join(dataDir, "logs"))]).toEqual([{}, false]);
  await commands.carryOut(command({ kind: "start" }, 1));
  expect([db.workers(), starts()]).toEqual([[], 0]);
  await commands.carryOut({ ...command({ kind: "start" }), id: "command-start-2" } as HostCommand);
  expect([db.workers().map(({ id }) => id), starts()]).toEqual([[GHOST], 1]);
});

test("a worker with a session file is known, even without a row in the record", async () => {
  const { commands, events, dataDir } = await host();
  mkdirSync(join(dataDir, "sessions"), { recursive: true });
  writeFileSync(join(dataDir, "sessions", "ghost.session"), "");
  await commands.carryOut(command({ kind: "log", lines: 10 }));
  expect(outcome(events)).toEqual([{ kind: "log", lines: [] }]);
});

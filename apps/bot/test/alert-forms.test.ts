/** One trouble of a worker that changes its form is one alert on one card (field fault K9). */
import { randomUUID } from "node:crypto";
import type { ExitReport, Fault, FleetEvent, WorkerState } from "@flotilla/contracts";
import { describe, expect, test } from "vitest";
import { handleEvent } from "../src/app/events.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { HOST, statusOf, WORKER } from "./support.ts";

const base = () => ({
  v: 1 as const,
  id: randomUUID(),
  at: Date.now(),
  host: HOST,
  worker: WORKER,
});
const fault = (kind: Fault["class"], code: string): Fault => ({ class: kind, code, message: code });

const FORMS = {
  crash: (): FleetEvent => {
    const decision = { kind: "restart", delayMs: 30_000, attempt: 1, limit: 5 } as const;
    const exit: ExitReport = {
      pid: 4,
      uptimeMs: 1000,
      exitCode: null,
      signal: "SIGKILL",
      firstErrorLine: null,
      fault: fault("CRASH", "x"),
      decision,
    };
    return { ...base(), kind: "worker.exited", exit };
  },
  locked: (): FleetEvent => state("LOCKED", fault("SESSION_LOCKED", "sqlite-locked")),
  "in use": (): FleetEvent => state("IN_USE", fault("IN_USE", "lease-held")),
  broken: (): FleetEvent => state("BROKEN", fault("DB_BROKEN", "sqlite-corrupt")),
} as const;
type Form = keyof typeof FORMS;

const KINDS: Readonly<Record<Form, string>> = {
  crash: "crash",
  locked: "locked",
  "in use": "locked",
  broken: "broken",
};

function state(to: WorkerState, found: Fault | null = null): FleetEvent {
  return {
    ...base(),
    kind: "worker.state",
    previous: "STARTING",
    status: statusOf(WORKER, { state: to, fault: found }),
  };
}

async function take(fleet: Fleet, event: FleetEvent): Promise<void> {
  await handleEvent({ ...fleet.parts, onChatError: () => {} }, event);
  await fleet.parts.outbox.flush();
}

const forms = Object.keys(FORMS) as Form[];
const pairs = forms.flatMap((from) =>
  forms.filter((to) => KINDS[from] !== KINDS[to]).map((to) => [from, to] as const),
);

describe.each(pairs)("%s, then %s", (from, to) => {
  test("is one alert and one message, which says how it is now; one end", async () => {
    const fleet = await startFleet();
    fleet.parts.workers.add(WORKER, HOST, "777", 1);
    await meet(fleet, 777, "Ann");
    await take(fleet, FORMS[from]());
    await take(fleet, FORMS[to]());
    expect(fleet.parts.alerts.allOpen().map(({ body }) => [body.kind, body.times])).toEqual([
      [KINDS[to], 1],
    ]);
    const messages = (await fleet.shown(777)).filter((message) => message.from === "bot");
    expect(messages).toHaveLength(1);
    await take(fleet, state("RUNNING"));
    expect(
      fleet.parts.alerts.history(0).map(({ body, resolvedAt }) => [body.kind, resolvedAt !== null]),
    ).toEqual([[KINDS[to], true]]);
  });
});

test("a trouble that comes back to its first form counts on from there", async () => {
  const fleet = await startFleet();
  fleet.parts.workers.add(WORKER, HOST, "777", 1);
  await meet(fleet, 777, "Ann");
  for (const form of ["crash", "locked", "crash"] as const) await take(fleet, FORMS[form]());
  expect(fleet.parts.alerts.allOpen().map(({ body }) => body.kind)).toEqual(["crash"]);
});

import { randomUUID } from "node:crypto";
import type {
  CommandOutcome,
  ExitReport,
  FleetEvent,
  WorkerState,
  WorkerStatus,
} from "@flotilla/contracts";
import { describe, expect, test } from "vitest";
import { handleEvent } from "../src/app/events.ts";
import { WizardStore } from "../src/login/wizard-store.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { ANN, ASKER, HOST, statusOf, WORKER } from "./support.ts";

const base = () => ({
  v: 1 as const,
  id: randomUUID(),
  at: Date.now(),
  host: HOST,
  worker: WORKER,
});

function exited(
  decision: ExitReport["decision"] = { kind: "restart", delayMs: 30_000, attempt: 1, limit: 5 },
): FleetEvent {
  const fault = {
    class: "CRASH" as const,
    code: "exit-1",
    message: "The worker ended with exit code 1.",
  };
  const exit = {
    pid: 1,
    uptimeMs: 1000,
    exitCode: 1,
    signal: null,
    firstErrorLine: "Error: x",
    fault,
    decision,
  };
  return { ...base(), kind: "worker.exited", exit };
}

function became(state: WorkerState, more: Partial<WorkerStatus> = {}): FleetEvent {
  return {
    ...base(),
    kind: "worker.state",
    previous: "STARTING",
    status: statusOf("news_1", { state, ...more }),
  };
}

const done = (command: string, outcome: CommandOutcome): FleetEvent => ({
  ...base(),
  kind: "command.done",
  command,
  outcome,
});

/** Takes events and waits until the chats show them. */
async function take(fleet: Fleet, ...events: FleetEvent[]): Promise<void> {
  for (const event of events) await handleEvent({ ...fleet.parts, onChatError: () => {} }, event);
  await fleet.parts.outbox.flush();
}

async function withAnn(): Promise<Fleet> {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  return fleet;
}

const fromBot = async (fleet: Fleet) =>
  (await fleet.shown(777)).filter((message) => message.from === "bot");

describe("an event that is delivered twice", () => {
  test("is one crash and one message", async () => {
    const fleet = await withAnn();
    const event = exited();
    await take(fleet, event, event, event);
    expect(fleet.parts.alerts.open("exit:news_1")?.body).toMatchObject({ times: 1 });
    expect(await fromBot(fleet)).toHaveLength(1);
  });

  test("does not open again what was resolved in between", async () => {
    const fleet = await withAnn();
    const event = exited();
    await take(fleet, event, became("RUNNING"), event);
    expect(fleet.parts.alerts.countOpen()).toBe(0);
  });

  test("ends a command once", async () => {
    const fleet = await withAnn();
    fleet.parts.commandLog.ask("c1", WORKER, "restart", ASKER, Date.now());
    const event = done("c1", { kind: "done" });
    await take(fleet, event);
    const first = fleet.parts.commandLog.find("c1");
    await take(fleet, event, {
      ...event,
      id: randomUUID(),
      outcome: { kind: "expired" },
    } as FleetEvent);
    expect(fleet.parts.commandLog.find("c1")).toEqual(first);
  });
});

describe("a crash", () => {
  test("that follows another one is counted on the same card", async () => {
    const fleet = await withAnn();
    await take(fleet, exited(), exited());
    expect(await fromBot(fleet)).toMatchObject([{ text: expect.stringContaining("2 times") }]);
  });

  test("that was asked for is no alert", async () => {
    const fleet = await withAnn();
    await take(fleet, exited({ kind: "none" }));
    expect(fleet.parts.alerts.countOpen()).toBe(0);
  });

  test("is over when the worker is up again, by itself or by the admin who pressed", async () => {
    const fleet = await withAnn();
    await take(fleet, exited(), became("STARTING"));
    expect(fleet.parts.alerts.countOpen()).toBe(1);
    await take(fleet, became("RUNNING"));
    expect((await fromBot(fleet))[0]?.text).toContain("(by itself)");
    await take(fleet, exited());
    fleet.parts.commandLog.ask("c1", WORKER, "restart", ASKER, Date.now() + 1);
    await take(fleet, became("RUNNING"));
    expect((await fromBot(fleet)).at(-1)?.text).toContain("(by restart, Ann)");
  });

  test("after which the policy gave up says what to do", async () => {
    const fleet = await withAnn();
    await take(fleet, exited({ kind: "gave-up", attempts: 5, windowMs: 600_000 }));
    expect((await fromBot(fleet))[0]?.text).toMatch(
      /gave up[\s\S]*5 restarts in 10 min did not help/,
    );
  });
});

test("a session that Telegram ended is an alert with the way to log in, until it runs again", async () => {
  const fleet = await withAnn();
  const fault = { class: "AUTH_DEAD" as const, code: "AUTH_KEY_UNREGISTERED", message: "gone" };
  await take(fleet, became("NEEDS_LOGIN", { fault }));
  const [card] = await fromBot(fleet);
  expect(card?.keyboard.flat().map((button) => button.text)).toContain("🔐 Authenticate");
  await take(fleet, became("LOGGING_IN"));
  expect(fleet.parts.alerts.countOpen()).toBe(1);
  await take(fleet, became("RUNNING"));
  expect(fleet.parts.alerts.countOpen()).toBe(0);
});

test("a worker that its host runs and the list does not have is taken into the list", async () => {
  const fleet = await startFleet();
  await take(fleet, {
    v: 1,
    id: "e1",
    at: 1,
    host: HOST,
    kind: "host.started",
    workers: [statusOf("old_1"), statusOf("old_2")],
  });
  expect(fleet.parts.workers.all().map(({ id }) => id)).toEqual(["old_1", "old_2"]);
});

test("a login whose worker went away in the middle is over, and says so", async () => {
  const fleet = await withAnn();
  const store = new WizardStore(fleet.db);
  store.save({
    admin: ANN,
    worker: WORKER,
    login: "l",
    publicKey: "k",
    step: { kind: "sending-code" },
    expiresAt: Date.now() + 1000,
  });
  await take(fleet, exited());
  expect(store.ofAdmin(ANN)?.step).toMatchObject({ kind: "ended", text: { key: "login-lost" } });
});

test("an answer to nothing that was asked changes nothing", async () => {
  const fleet = await withAnn();
  await take(fleet, done("never-asked", { kind: "done" }));
  expect(await fromBot(fleet)).toEqual([]);
});

test(
  "an event of a host whose clock is a day ahead counts from now: its alert is not told " +
    "tomorrow",
  async () => {
    const fleet = await startFleet();
    const now = Date.now();
    const trouble = {
      v: 1,
      id: "trouble-1",
      host: HOST,
      kind: "host.trouble",
      trouble: "clock-apart",
      over: false,
    } as const;
    await take(fleet, { ...trouble, at: now + 86_400_000, detail: "+86400 s" });
    const [alert] = fleet.parts.alerts.allOpen();
    expect(alert?.openedAt).toBeGreaterThanOrEqual(now);
    expect(alert?.openedAt).toBeLessThan(now + 60_000);
  },
);

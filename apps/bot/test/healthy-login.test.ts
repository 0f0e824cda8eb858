/** 🔐 on a worker that is on Telegram takes it off: that is asked first (field fault D10). */
import type { WorkerState } from "@flotilla/contracts";
import { StatusWriter } from "@flotilla/queue";
import { waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Fleet, startFleet } from "./chat.ts";
import { ANN, HOST, statusOf, WORKER } from "./support.ts";

async function withWorker(state: WorkerState, pid: number | null = 42): Promise<Fleet> {
  const fleet = await startFleet();
  fleet.parts.workers.add(WORKER, HOST, "777", 1);
  const writer = new StatusWriter(fleet.place, () => {});
  onTestFinished(() => writer.close());
  await writer.write(statusOf(WORKER, { state, pid, updatedAt: Date.now() }));
  await fleet.poll();
  await fleet.post("/chat/start", { user: 777, firstName: "Ann" });
  await fleet.waitForBot(777, "Fleet");
  await fleet.post("/chat/text", { user: 777, text: "/status news_1" });
  await fleet.waitForBot(777, "news_1");
  return fleet;
}

const begun = (fleet: Fleet): boolean => fleet.parts.wizard.of(ANN)?.worker === WORKER;
const begins = (fleet: Fleet) => waitFor(() => begun(fleet), { what: "the login to begin" });

describe.each(["the button", "the command"])("with %s", (how) => {
  const login = async (fleet: Fleet): Promise<void> => {
    if (how === "the command") await fleet.post("/chat/text", { user: 777, text: "/login news_1" });
    else await fleet.post("/chat/press", { user: 777, label: "🔐 Authenticate" });
  };

  test.each(["RUNNING", "CATCHING_UP", "DEGRADED", "FLOOD", "RECONNECTING"] as const)(
    "%s: asks first",
    async (state) => {
      const fleet = await withWorker(state);
      await login(fleet);
      await fleet.waitForBot(777, "Log news_1 in again?");
      expect(begun(fleet)).toBe(false);
      await fleet.post("/chat/press", { user: 777, label: "🔐 Yes, log in" });
      await begins(fleet);
    },
  );

  test.each(["NEEDS_LOGIN", "LOGGING_IN"] as const)("%s: begins at once", async (state) => {
    const fleet = await withWorker(state);
    await login(fleet);
    await begins(fleet);
  });
});

describe("a login whose worker does not answer", () => {
  const DAY_MS = 86_400_000;

  test("does not stay at getting ready: it says so, with what to do", async () => {
    const fleet = await withWorker("NEEDS_LOGIN");
    await fleet.post("/chat/press", { user: 777, label: "🔐 Authenticate" });
    await begins(fleet);
    await fleet.waitForBot(777, "Getting the session ready");
    const { commandLog, wizard, panels } = fleet.parts;
    wizard.unanswered(commandLog.giveUp(Date.now() + DAY_MS, Date.now()));
    await panels.refresh("777", "urgent");
    await fleet.waitForBot(777, "news_1 did not answer in time");
  });

  test("a command of another kind that was not answered leaves the login alone", async () => {
    const fleet = await withWorker("NEEDS_LOGIN");
    await fleet.post("/chat/press", { user: 777, label: "🔐 Authenticate" });
    await begins(fleet);
    const { commandLog, wizard } = fleet.parts;
    commandLog.ask("other", WORKER, "who", { id: "777", name: "Ann" }, 1);
    wizard.unanswered(commandLog.giveUp(2, Date.now()));
    expect(wizard.of(ANN)?.step.kind).toBe("preparing");
  });
});

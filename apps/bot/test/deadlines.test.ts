/** How long the bot waits: for the answer to a command, and for a login to end. */
import type { HostCommand } from "@flotilla/contracts";
import { consumeHostCommands } from "@flotilla/queue";
import { waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { startFleet } from "./chat.ts";
import { ANN, ASKER, HOST, WORKER } from "./support.ts";

const MIN = 60_000;

test("a command is good for 60 s: of one worker, and of many", async () => {
  const fleet = await startFleet();
  const { commands, bulk, workers, addWorker } = fleet.parts;
  addWorker(WORKER, ASKER);
  const heard: HostCommand[] = [];
  const consumer = await consumeHostCommands(HOST, {
    place: fleet.place,
    handle: async (command) => void heard.push(command),
    onError: () => {},
  });
  onTestFinished(() => consumer.close());
  await commands.askHost("restart", WORKER, ASKER);
  await bulk.begin("restart", workers.all(), ASKER, "press-0000000001");
  await waitFor(() => heard.length === 2, { what: "both commands" });
  // The one who takes it counts what is left on a clock of its own.
  const seconds = heard.map((each) => Math.round((each.deadlineAt - each.askedAt) / 1000));
  expect(seconds).toEqual([60, 60]);
});

test("a login in the chat ends after 10 min", async () => {
  const fleet = await startFleet();
  const { wizard, addWorker } = fleet.parts;
  addWorker(WORKER, ASKER);
  await wizard.begin(ANN, WORKER, ASKER);
  fleet.clock.pass(10 * MIN - 30_000);
  await wizard.expire(ASKER);
  expect(wizard.of(ANN)?.worker).toBe(WORKER);
  fleet.clock.pass(30_001);
  await wizard.expire(ASKER);
  expect(wizard.of(ANN)).toBeNull();
});

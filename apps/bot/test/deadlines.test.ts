/** How long the bot waits: for an answer, for the end of a login, and between two edits. */
import type { HostCommand } from "@flotilla/contracts";
import { consumeHostCommands } from "@flotilla/queue";
import { waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { meet, startFleet } from "./chat.ts";
import { GROUP, groupOf } from "./group.ts";
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
  fleet.clock.stop();
  await wizard.begin(ANN, WORKER, ASKER);
  fleet.clock.pass(10 * MIN);
  await wizard.expire(ASKER);
  expect(wizard.of(ANN)?.worker).toBe(WORKER);
  fleet.clock.pass(1);
  await wizard.expire(ASKER);
  expect(wizard.of(ANN)).toBeNull();
});

test.each([
  ["a private chat", 5000, "777"],
  ["a group", 15_000, String(GROUP)],
])("a screen in %s refreshes by itself at most each %i ms", async (_, gapMs, chat) => {
  const fleet = await startFleet();
  const { sent } = await groupOf(fleet);
  const { panels, places, addWorker } = fleet.parts;
  await meet(fleet, 777, "Ann");
  places.add(String(GROUP), "Night watch", "en");
  fleet.clock.stop();
  await panels.show(chat, { kind: "menu" }, null);
  const edits = async (): Promise<number> =>
    [...sent, ...(await fleet.calls())].filter(({ method }) => method === "editMessageText").length;
  addWorker(WORKER, ASKER);
  fleet.clock.pass(gapMs - 1);
  await panels.refresh(chat, "calm");
  expect(await edits()).toBe(0);
  fleet.clock.pass(1);
  await panels.refresh(chat, "calm");
  expect(await edits()).toBe(1);
});

import { expect, test } from "vitest";
import { renderScreen } from "../src/app/screens.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { ASKER, WORKER } from "./support.ts";

/** Ann has the card of a worker open and presses 📝 Note. */
async function asked(): Promise<Fleet> {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  fleet.parts.addWorker(WORKER, ASKER);
  await fleet.poll();
  await fleet.parts.panels.replace("777", { kind: "more", worker: WORKER });
  await fleet.post("/chat/press", { label: "📝 Note" });
  await fleet.waitForBot(777, `Send a note for ${WORKER}`);
  return fleet;
}
const write = async (fleet: Fleet, text: string): Promise<unknown> =>
  await fleet.post("/chat/text", { user: 777, text });
const find = async ({ parts }: Fleet, text: string): Promise<string> => {
  const shown = { kind: "workers", page: 0, problems: false, find: text } as const;
  return (await renderScreen(parts, "777", shown)).html;
};

test("a note is on the card, found by a part of it, and in the audit", async () => {
  const fleet = await asked();
  await write(fleet, "Pays  for the\nQUOTA of <b>Ben</b>");
  await fleet.waitForBot(777, "📝 Pays for the QUOTA of <b>Ben</b>");
  expect(await find(fleet, "quota")).toContain(WORKER);
  expect(await find(fleet, "quotas")).not.toContain(WORKER);
  const [row] = fleet.parts.audit.find(WORKER, 1);
  expect(row).toMatchObject({ worker: WORKER, what: { key: "audit-note" } });
});

test("a command is not meant for a worker whose note has the word", async () => {
  const fleet = await asked();
  await write(fleet, "do not restart with backlog");
  await fleet.waitForBot(777, "📝 do not restart with backlog");
  await write(fleet, "/restart backlog");
  await fleet.waitForBot(777, "No worker matches “backlog”");
  expect(fleet.parts.commandLog.latest(WORKER)).toBeNull();
});

test("a dash takes the note away", async () => {
  const fleet = await asked();
  await write(fleet, "-");
  await fleet.waitForBot(777, `${WORKER}.session`);
  expect(fleet.parts.workers.find(WORKER)?.note).toBeNull();
  expect(fleet.parts.audit.find(WORKER, 1)[0]?.what.key).toBe("audit-note-off");
});

test("200 characters are kept, one more is asked again, and the old note stays", async () => {
  const fleet = await asked();
  await write(fleet, "🛰".repeat(200));
  await fleet.waitForBot(777, `📝 ${"🛰".repeat(200)}`);
  await fleet.parts.panels.replace("777", { kind: "more", worker: WORKER });
  await fleet.post("/chat/press", { label: "📝 Note" });
  await fleet.waitForBot(777, `Send a note for ${WORKER}`);
  await write(fleet, "x".repeat(201));
  await fleet.waitForBot(777, "That is 201 characters. The limit is 200.");
  expect(fleet.parts.workers.find(WORKER)?.note).toBe("🛰".repeat(200));
  await write(fleet, "shorter");
  await fleet.waitForBot(777, "📝 shorter");
});

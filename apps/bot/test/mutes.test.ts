/** Mutes and maintenance windows: what each of them holds, and what an admin is told of it. */
import { Verb } from "@flotilla/contracts";
import { describe, expect, test } from "vitest";
import { handlePress } from "../src/presses/presses.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { ANN, ASKER, WORKER } from "./support.ts";

const HOUR = 3_600_000;

async function withAnn(): Promise<Fleet> {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  fleet.parts.addWorker(WORKER, ASKER);
  return fleet;
}

/** Ann presses a button with this callback data; what the press is answered with. */
async function press(fleet: Fleet, verb: string, worker: string, arg: string): Promise<string> {
  const message = (await fleet.bot.api.sendMessage(777, "card")).message_id;
  const said: string[] = [];
  await handlePress(fleet.parts, {
    id: `press-${message}`,
    role: "owner",
    admin: ANN,
    press: { verb: Verb.parse(verb), worker, arg },
    asker: ASKER,
    chat: "777",
    message,
    toast: async (text) =>
      void said.push(fleet.parts.wordsOf("777").plain(text ?? { key: "", args: {} })),
  });
  return said.join();
}

const silent = (fleet: Fleet): string[] =>
  fleet.parts.silences.active(fleet.clock.now()).map(({ kind, scope }) => `${kind} ${scope}`);

describe.each([
  ["mute", "mute"],
  ["maintain", "maintenance"],
])("a button that says %s", (verb, kind) => {
  test("with a time that no button has changes nothing, and is said to be out of date", async () => {
    const fleet = await withAnn();
    await press(fleet, verb, WORKER, "60");
    for (const arg of ["", "x", "1x", "-5", "0-1", "1440001", "9999999999999999"])
      expect(`${arg}: ${await press(fleet, verb, WORKER, arg)}`).toBe(
        `${arg}: This screen is out of date`,
      );
    expect(silent(fleet)).toEqual([`${kind} ${WORKER}`]);
    const [row] = fleet.parts.silences.active(fleet.clock.now());
    expect((row?.until ?? 0) - (row?.since ?? 0)).toBe(HOUR);
  });

  test("for a worker that was deleted says so, and silences no later one of its name", async () => {
    const fleet = await withAnn();
    expect(await press(fleet, verb, "gone_1", "60")).toBe("This worker does not exist any more.");
    expect([silent(fleet), fleet.parts.audit.find("", 9)]).toEqual([[], []]);
  });
});

import { Route } from "@flotilla/contracts";
import { expect, test } from "vitest";
import { handlePress } from "../src/app/presses.ts";
import { handleText } from "../src/app/texts.ts";
import { sourceKey } from "../src/relay/source-key.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { ANN, ASKER, BEN, HOST, WORKER } from "./support.ts";

const BY_BEN = { id: "778", name: "Ben" };

async function fleetOfTwo(): Promise<Fleet> {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  await meet(fleet, 778, "Ben");
  fleet.parts.workers.add(WORKER, HOST, "777", 1);
  return fleet;
}

async function press(fleet: Fleet, by: typeof ASKER, verb: string, arg = ""): Promise<void> {
  await handlePress(fleet.parts, {
    id: `press-${by.id}-${verb}`,
    press: { verb, about: WORKER, arg },
    admin: by === ASKER ? ANN : BEN,
    role: "owner",
    asker: by,
    chat: by.id,
    message: 1,
    toast: async () => {},
  });
}

function askedByBen({ parts, clock }: Fleet, verb: string): void {
  parts.commandLog.ask("press-before", WORKER, verb, BY_BEN, clock.now());
}

/** The words that answer a text of Ann. */
async function write(fleet: Fleet, text: string): Promise<string[]> {
  const said: string[] = [];
  await handleText(fleet.parts, {
    id: "answer",
    text,
    admin: ANN,
    role: "owner",
    asker: ASKER,
    chat: ASKER.id,
    erase: async () => true,
    reply: async ({ key }) => void said.push(key),
  });
  return said;
}

test.each(["log", "devices", "backups"])(
  "%s that another admin asked for a moment ago is shown to both",
  async (verb) => {
    const fleet = await fleetOfTwo();
    await press(fleet, ASKER, verb);
    await press(fleet, BY_BEN, verb);
    const screens = [ASKER, BY_BEN].map(({ id }) => fleet.parts.panels.screen(id));
    const shown = { kind: verb, worker: WORKER, command: `press-777-${verb}` };
    expect(screens).toEqual([expect.objectContaining(shown), expect.objectContaining(shown)]);
  },
);

const ROUTES = ["@one_1", "@two_1"].map((chat, n) =>
  Route.parse({
    id: `route_${n}`,
    from: { worker: WORKER, chats: [chat] },
    to: { kind: "worker", worker: WORKER, chat: `@target_${n}` },
  }),
);

test("old messages that another admin fetches already are said to be", async () => {
  const fleet = await fleetOfTwo();
  fleet.parts.routes.replace(ROUTES, 1);
  fleet.parts.admins.expect(ANN, "since", "route_0", ASKER.id);
  askedByBen(fleet, "relay.fill-since");
  expect(await write(fleet, "2020-01-31 12:00")).toEqual(["toast-already"]);
});

test("a worker that another admin deletes already is said to be", async () => {
  const fleet = await fleetOfTwo();
  fleet.parts.admins.expect(ANN, "delete", `${WORKER} ${fleet.clock.now()}`, ASKER.id);
  askedByBen(fleet, "forget");
  expect(await write(fleet, WORKER)).toEqual(["toast-already"]);
});

test("a source that is paused changes only its own routes", async () => {
  const fleet = await fleetOfTwo();
  fleet.parts.routes.replace(ROUTES, 1);
  await press(fleet, ASKER, "srcset", sourceKey("@two_1"));
  expect(fleet.parts.routes.all().map(({ from }) => from.paused ?? [])).toEqual([[], ["@two_1"]]);
  expect(fleet.parts.audit.find(WORKER, 9).map(({ what }) => what.args)).toEqual([
    { route: "route_1" },
  ]);
});

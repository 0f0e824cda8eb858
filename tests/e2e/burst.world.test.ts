import { readFileSync } from "node:fs";
import { Route } from "@flotilla/contracts";
import { markedChannel, parseWorkerId } from "@flotilla/kernel";
import { askBot, RelayBoard } from "@flotilla/queue";
import { openSession } from "@flotilla/session-store";
import { childrenOf, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { runsWorker, startFleet, type TestFleet } from "./support/fleet.ts";
import { allGone, processesOf } from "./support/processes.ts";

/** Posts per burst; `npm run faults -- --burst 10000` sets it. */
const POSTS = Number(process.env["BURST_POSTS"] ?? 3000);
const READER = parseWorkerId("demo_1");
const PHONE = "15550100001";
const OWNER = "15550199999";
const ROUTES = 10;
const LONG = "Long texts are many bytes to decrypt and to keep. ".repeat(60).trim();

test.skipIf(process.platform !== "linux")(
  "a reader of ten routes survives bursts of posts, edits and long texts, also while it " +
    "catches up, and has all once, in order",
  { timeout: 180_000 + POSTS * 60 },
  async () => {
    const fleet = await startFleet({ START_SPACING_S: "0" });
    await runsWorker(fleet);
    const channels = await makeRoutes(fleet);
    const pid = await waitFor(() => pidOf(fleet));
    const burst = (text: string, count: number, edits = false): Promise<unknown> =>
      fleet.post("burst", { channels, count, text, edits });
    const began = performance.now();
    await burst("post", POSTS);
    await settled(fleet, POSTS);
    await burst("changed", POSTS / 2, true);
    await burst(LONG, POSTS / 5);
    // The edited burst adds one post per route.
    const first = POSTS + ROUTES + POSTS / 5;
    await settled(fleet, first);
    await fleet.post("faults/drop", { how: "rst" });
    await burst("missed", POSTS);
    const isBack = async (): Promise<boolean> =>
      (await fleet.get<{ phone: string | null }[]>("connections")).some(
        ({ phone }) => phone === PHONE,
      );
    await waitFor(isBack, { timeoutMs: 60_000, intervalMs: 20, what: "the reader to be back" });
    await burst("meanwhile", POSTS / 2);
    await settled(fleet, first + POSTS + POSTS / 2);
    process.stdout.write(
      `${POSTS} posts in a burst: ${Math.round(performance.now() - began)} ms\n`,
    );
    expect(pidOf(fleet)).toBe(pid);
    const said = await Promise.all(channels.map((channel) => saidIn(fleet, channel)));
    const positions = (await fleet.get<{ id: string; pts: number }[]>("channels")).map(
      ({ id, pts }) => [id, pts],
    );
    const all = processesOf(fleet.process.pid);
    fleet.process.kill("SIGTERM");
    await allGone(all, 60_000);
    const kept = readSession(fleet, channels);
    expect(kept.lanes).toEqual(said);
    expect(kept.positions).toEqual(
      Object.fromEntries(positions.filter(([id]) => channels.includes(String(id)))),
    );
  },
);

/**
 * Creates ten channels, each with its own route; the other worker delivers slowly. Returns the
 * channels.
 */
async function makeRoutes(fleet: TestFleet): Promise<readonly string[]> {
  await fleet.post("accounts", { phone: OWNER, firstName: "Owner" });
  const channels: string[] = [];
  for (let n = 0; n < ROUTES; n++)
    channels.push(
      (
        await fleet.post<{ id: string }>("channels", {
          title: `News ${n}`,
          members: [OWNER, PHONE],
        })
      ).id,
    );
  const target = await fleet.post<{ id: string }>("channels", {
    title: "Target",
    username: "burst_target",
    members: [OWNER],
  });
  const routes = channels.map((channel, n) =>
    Route.parse({
      id: `route_${n}`,
      from: { worker: READER, chats: [markedChannel(channel)] },
      to: { kind: "worker", worker: "demo_2", chat: markedChannel(target.id) },
    }),
  );
  const place = await fleet.place();
  const apply = () =>
    askBot(place, { v: 1, kind: "routes.apply", file: { version: 1, routes } }, 10_000);
  await waitFor(async () => (await apply()).kind === "applied", {
    timeoutMs: 60_000,
    what: "the routes to be taken",
  });
  await waitFor(async () => (await statusOf(fleet))?.routes.length === ROUTES, {
    timeoutMs: 60_000,
    what: "the reader's routes",
  });
  return channels;
}

async function statusOf(fleet: TestFleet) {
  const board = new RelayBoard(await fleet.place(), () => {});
  try {
    await board.ready();
    return await board.read(READER);
  } finally {
    board.close();
  }
}

/** Waits until the routes have taken this many messages. */
async function settled(fleet: TestFleet, messages: number): Promise<void> {
  const board = new RelayBoard(await fleet.place(), () => {});
  onTestFinished(() => board.close());
  await board.ready();
  let matched = 0;
  let counted = "";
  const isThere = async (): Promise<boolean> => {
    const status = await board.read(READER);
    matched = status?.routes.reduce((sum, { counts }) => sum + (counts["matched"] ?? 0), 0) ?? 0;
    counted = JSON.stringify(
      status?.routes.map(({ route, counts, waiting }) => ({ route, counts, waiting })),
    );
    return matched >= messages;
  };
  await waitFor(isThere, {
    timeoutMs: 60_000 + POSTS * 30,
    intervalMs: 250,
    what: `${messages} messages`,
  }).catch((cause) => {
    throw new Error(`${matched} of ${messages} messages: ${counted}`, { cause });
  });
}

/** Message ids of a channel, from the sandbox's record. */
async function saidIn(fleet: TestFleet, channel: string): Promise<number[]> {
  const said = await fleet.get<{ id: number }[]>(`accounts/${OWNER}/history?chat=${channel}`);
  return said.map(({ id }) => id).sort((a, b) => a - b);
}

function pidOf(fleet: TestFleet): number | undefined {
  const supervisor = childrenOf(fleet.process.pid).find(({ command }) =>
    command.includes("/supervisor/src/main.ts"),
  )?.pid;
  return childrenOf(supervisor ?? 0).find(({ command }) => command.includes(`--worker ${READER}`))
    ?.pid;
}

/** The ended reader's file: the messages of each route in delivery order, and its update state. */
function readSession({ dataDir }: TestFleet, channels: readonly string[]) {
  const fleetKey = Buffer.from(readFileSync(`${dataDir}/fleet.key`, "utf8").trim(), "hex");
  using store = openSession({ dir: `${dataDir}/sessions`, name: READER, fleetKey });
  const lanes: number[][] = channels.map(() => []);
  // The sender may not write in the target: taken messages still wait.
  for (let n = 1, row = store.relay.outbox.row(n); row; row = store.relay.outbox.row(++n))
    if (row.kind === "new")
      lanes[Number(row.lane.split("_")[1])]?.push(Number(row.key.split("/")[1]));
  const positions = store.updates.channels().filter(({ id }) => channels.includes(id));
  return { lanes, positions: Object.fromEntries(positions.map(({ id, pts }) => [id, pts])) };
}

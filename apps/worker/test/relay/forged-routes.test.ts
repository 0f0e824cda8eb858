import type { RoutesForReader } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { createLogger } from "@flotilla/observability";
import { openSession } from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { RouteBook } from "../../src/relay/route-book.ts";
import { FLEET_KEY, route } from "./world.ts";

const READER = parseWorkerId("reader");
const log = createLogger({ name: "test", level: "silent" });
const DAY = 24 * 3_600_000;

async function session() {
  const store = openSession({ dir: await testDir(), name: READER, fleetKey: FLEET_KEY });
  onTestFinished(() => store.close());
  return store;
}

const message = (version: number, id: string): RoutesForReader => ({
  v: 1,
  kind: "routes",
  worker: READER,
  version,
  routes: [route({ id })],
});

test.each([
  Number.MAX_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER - 1,
  Date.now() + 10 * 365 * DAY,
  Date.now() + 2 * DAY,
])(
  "kept routes of version %i from an older program version do not block newer routes, also after a restart",
  async (version) => {
    const store = await session();
    store.relay.setRoutes({ version, body: JSON.stringify([route({ id: "forged" })]) });
    const book = new RouteBook(store, log);
    expect(book.all.map(({ id }) => id)).toEqual(["forged"]);
    expect(book.take(message(Date.now(), "wanted"))).toBe(true);
    expect(new RouteBook(store, log).all.map(({ id }) => id)).toEqual(["wanted"]);
    expect(book.take(message(Date.now() - 1000, "older"))).toBe(false);
  },
);

test.each([Number.MAX_SAFE_INTEGER, Date.now() + 30 * DAY])(
  "routes of version %i are refused",
  async (version) => {
    const store = await session();
    const book = new RouteBook(store, log);
    expect(book.take(message(5, "wanted"))).toBe(true);
    expect(book.take(message(version, "forged"))).toBe(false);
    expect(book.all.map(({ id }) => id)).toEqual(["wanted"]);
    expect(book.take(message(6, "next"))).toBe(true);
  },
);

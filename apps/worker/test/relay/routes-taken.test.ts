import { sharedRedis, testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { route as aRoute, placeAt, runWorker, Targets, tellRoutes } from "./world.ts";

test("routes are in the store when their arrival is told: a standby record has them (ADR 18)", async () => {
  const place = placeAt((await sharedRedis()).url);
  const reader = runWorker(await testDir(), "reader", place, new Targets());
  onTestFinished(() => reader.close());
  await tellRoutes(place, "reader", [aRoute()]);
  await tellRoutes(place, "reader", [aRoute({ on: false })]);
  const there = () => reader.store.relay.routes();
  await waitFor(() => there()?.body.includes('"on":false') === true);
  expect(reader.taken).toHaveLength(2);
  expect(reader.taken.at(-1)).toBe(there()?.version);
  expect(reader.taken).not.toContain(0);
});

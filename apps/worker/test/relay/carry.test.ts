import { sharedRedis, testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { placeAt, post, route, runWorker, Targets, tellRoutes } from "./world.ts";

const SOURCE = "-1000000000001";
const TARGET = "-1000000000002";

async function pair(change: Parameters<typeof route>[0] = {}) {
  const [place, dir, targets] = [placeAt((await sharedRedis()).url), await testDir(), new Targets()];
  const reader = runWorker(dir, "reader", place, targets);
  const sender = runWorker(dir, "sender", place, targets);
  onTestFinished(async () => {
    await reader.close();
    await sender.close();
  });
  await tellRoutes(place, "reader", [route(change)]);
  await waitFor(() => reader.store.relay.routes() !== null);
  return { targets, reader };
}

test("field fault F12: of an album that lost a photo before it was forwarded, each other photo keeps its own copy", async () => {
  const { reader, targets } = await pair({ action: { kind: "forward" } });
  targets.gone.add(2);
  const photo = { media: { kind: "photo" }, groupedId: "7" };
  reader.receive(post(1, "caption", photo), post(2, "", photo), post(3, "", photo));
  await waitFor(() => reader.store.relay.counts("signals")["delivered"] === 1);
  const copies = [1, 2, 3].map((id) => reader.store.relay.delivered("signals", SOURCE, id)?.message);
  const found = copies.map((id) => targets.posted.find((it) => it.id === id)?.from ?? null);
  expect(found).toEqual([1, null, 3]);
  reader.receive({ ...post(2, ""), kind: "delete", version: 9, content: null });
  reader.receive({ ...post(3, ""), kind: "delete", version: 10, content: null });
  await waitFor(() => targets.in(TARGET).length === 1);
  expect(targets.in(TARGET)).toEqual(["fwd 1"]);
});

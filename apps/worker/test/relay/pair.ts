import type { Route } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { type QueuePlace, RelayBoard } from "@flotilla/queue";
import type { InboxEvent } from "@flotilla/session-store";
import { sharedRedis, testDir, waitFor } from "@flotilla/testkit";
import { onTestFinished } from "vitest";
import {
  route as aRoute,
  placeAt,
  post,
  type Running,
  runWorker,
  Targets,
  tellRoutes,
} from "./world.ts";

/** A reader and a sender, with one route from one to the other. */
export async function pair(change: Parameters<typeof aRoute>[0] = {}) {
  const [place, dir, targets] = [
    placeAt((await sharedRedis()).url),
    await testDir(),
    new Targets(),
  ];
  const reader = runWorker(dir, "reader", place, targets);
  const sender = runWorker(dir, "sender", place, targets);
  onTestFinished(async () => {
    await reader.close();
    await sender.close();
  });
  await tell(place, reader, change);
  return { targets, reader, place, dir };
}

export async function tell(
  place: QueuePlace,
  reader: Running,
  change: Parameters<typeof aRoute>[0],
): Promise<void> {
  const routes: Route[] = [aRoute(change)];
  await tellRoutes(place, "reader", routes);
  await waitFor(() => reader.store.relay.routes()?.body === JSON.stringify(routes));
}

/** Waits until the reader's status says that its route waits: from then on it can be woken. */
export async function parked(place: QueuePlace): Promise<void> {
  const board = new RelayBoard(place, () => {});
  onTestFinished(() => board.close());
  const until = async () =>
    (await board.read(parseWorkerId("reader")))?.routes[0]?.parkedUntil ?? null;
  await waitFor(async () => (await until()) !== null, { what: "the route to wait" });
}

/** Waits until a route's counter `name` is `count`. */
export const counted = (reader: Running, name: string, count = 1) =>
  waitFor(() => reader.store.relay.outbox.counts("signals")[name] === count);
/** An edit of a post. */
export const edit = (id: number, version: number, text: string, more = {}): InboxEvent => ({
  ...post(id, text, more),
  kind: "edit",
  version,
});
/** A deletion of a post. */
export const gone = (id: number, version: number): InboxEvent => ({
  ...post(id, ""),
  kind: "delete",
  version,
  content: null,
});

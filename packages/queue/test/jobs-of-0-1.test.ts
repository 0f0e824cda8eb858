import { readFileSync } from "node:fs";
import type { FleetEvent } from "@flotilla/contracts";
import {
  CommandSender,
  consumeEvents,
  consumeHostCommands,
  consumeWorkerCommands,
  EventPublisher,
  guarded,
  RelayLink,
} from "@flotilla/queue";
import { redisCommand, waitFor } from "@flotilla/testkit";
import { Queue, Worker } from "bullmq";
import { describe, expect, onTestFinished, test } from "vitest";
import { checkCommand, errorList, event, HOST, hostCommand, places, WORKER } from "./support.ts";

/** Adds jobs as version 0.1 did. */
async function before(
  url: string,
  queue: string,
  jobs: readonly { id: string; kind: string }[],
): Promise<void> {
  const old = new Queue(queue, { connection: { url }, prefix: "flotilla" });
  onTestFinished(() => old.close());
  for (const job of jobs)
    await old.add(job.kind, job, { jobId: job.id, removeOnComplete: { count: 500 } });
}

const WIRE = JSON.parse(
  readFileSync(new URL("../../../tests/fixtures/v0.1/wire.json", import.meta.url), "utf8"),
) as Record<string, Record<string, { value: { id: string; kind: string } }>>;
const RELAYED_ROUTES = { ...WIRE["relayMessages"]?.["routes"]?.value, kind: "routes" };

const left = async (url: string, queue: string): Promise<string[]> =>
  ((await redisCommand(url, "KEYS", `flotilla:${queue}:*`)) as string[]).filter(
    (key) => !/:(meta|id|events|marker|stalled-check)$/.test(key),
  );

describe("what waits in the queues of version 0.1", () => {
  test(
    "is taken along by the bot: every event once, in order, before those of now, and nothing " +
      "stays behind",
    async () => {
      const { url, place } = await places();
      const publisher = new EventPublisher(place, () => {});
      onTestFinished(() => publisher.close());
      publisher.publish(event("event-new"));
      await publisher.flush();
      const ids = Array.from({ length: 40 }, (_, n) => `event-${n}`);
      await before(
        url,
        "events",
        ids.map((id) => event(id)),
      );
      const [got, errors] = [[] as string[], errorList()];
      const told: object[] = [];
      const warned = guarded(place, () => {}, { warn: (fields) => void told.push(fields) });
      const consumer = await consumeEvents({
        place: warned,
        onError: errors.add,
        handle: async ({ id }) => void got.push(id),
      });
      onTestFinished(() => consumer.close());
      await waitFor(() => got.length === 41);
      expect(told, "it is said that they are not signed").toEqual([{ queue: "events", count: 40 }]);
      expect(got).toEqual([...ids, "event-new"]);
      expect(errors.seen).toEqual([]);
      expect(await left(url, "events")).toEqual([]);
    },
  );

  test("is taken along by its host, its worker, and their relays", async () => {
    const { url, place } = await places();
    const routes = { ...RELAYED_ROUTES, id: "r.1" };
    await before(url, `host.${HOST}`, [hostCommand("command-1")]);
    await before(url, `worker.${WORKER}`, [checkCommand("command-2")]);
    await before(url, `relay.${WORKER}`, [routes]);
    const got: string[] = [];
    const handle = async ({ kind }: { kind: string }): Promise<void> => void got.push(kind);
    const host = await consumeHostCommands(HOST, { place, onError: () => {}, handle });
    const worker = await consumeWorkerCommands(WORKER, { place, onError: () => {}, handle });
    const link = new RelayLink({ place, who: WORKER, handle, onError: () => {} });
    onTestFinished(
      async () => void (await Promise.all([host.close(), worker.close(), link.close()])),
    );
    link.start();
    await waitFor(() => got.length === 3);
    expect(got.toSorted()).toEqual(["check", "restart", "routes"]);
  });

  test("and what its programs send later, to a relay too, is taken along while this one runs", async () => {
    const { url, place } = await places();
    const got: string[] = [];
    const handle = async ({ kind }: { kind: string }): Promise<void> => void got.push(kind);
    const link = new RelayLink({ place, who: WORKER, handle, onError: () => {} });
    const host = await consumeHostCommands(HOST, { place, onError: () => {}, handle });
    onTestFinished(async () => void (await Promise.all([host.close(), link.close()])));
    link.start();
    await waitFor(
      async () => (await redisCommand(url, "EXISTS", `${place.prefix}:relay.${WORKER}:meta`)) === 1,
    );
    await before(url, `relay.${WORKER}`, [{ ...RELAYED_ROUTES, id: "r.1" }]);
    await before(url, `host.${HOST}`, [hostCommand("command-1")]);
    await waitFor(() => got.length === 2);
    expect(got.toSorted()).toEqual(["restart", "routes"]);
  });

  test(
    "and was taken along already when the process died before it was through is not carried " +
      "out twice",
    async () => {
      const { url, place } = await places();
      await before(url, `host.${HOST}`, [hostCommand("command-1"), hostCommand("command-2")]);
      // State after a kill: both jobs are in the list of moved jobs, the newer one is already in the
      // new queue.
      for (const id of ["command-1", "command-2"]) {
        await redisCommand(url, "LREM", `flotilla:host.${HOST}:wait`, 1, id);
        await redisCommand(url, "RPUSH", `flotilla:host.${HOST}:moved`, id);
      }
      const send = new CommandSender(place, () => {});
      onTestFinished(() => send.close());
      await send.ready();
      await send.toHost(HOST, hostCommand("command-2"));
      const got: string[] = [];
      const options = { place, onError: () => {}, concurrency: 1 };
      const host = await consumeHostCommands(HOST, {
        ...options,
        handle: async ({ id }) => void got.push(id),
      });
      onTestFinished(() => host.close());
      await send.toHost(HOST, hostCommand("command-3"));
      await waitFor(() => got.includes("command-3"));
      expect(got).toEqual(["command-1", "command-2", "command-3"]);
      expect(await left(url, `host.${HOST}`)).toEqual([]);
    },
  );

  test(
    "and is in the hands of a program of 0.1 stays there; when that program is gone, it is " +
      "taken along",
    async () => {
      const { url, place } = await places();
      await before(url, "events", [event("event-1"), event("event-2")]);
      const gate = Promise.withResolvers<void>();
      const old = new Worker("events", () => gate.promise, {
        connection: { url },
        prefix: "flotilla",
        lockDuration: 60_000,
      });
      old.on("error", () => {});
      onTestFinished(() => old.close(true));
      const active = async (): Promise<unknown> =>
        await redisCommand(url, "LRANGE", "flotilla:events:active", 0, -1);
      await waitFor(async () => String(await active()) === "event-1");
      const got: string[] = [];
      const start = (): ReturnType<typeof consumeEvents> =>
        consumeEvents({
          place,
          onError: () => {},
          handle: async ({ id }: FleetEvent) => void got.push(id),
        });
      const first = await start();
      await waitFor(() => got.length === 1);
      await first.close();
      expect(got).toEqual(["event-2"]);
      await redisCommand(url, "DEL", "flotilla:events:event-1:lock");
      const second = await start();
      onTestFinished(() => second.close());
      await waitFor(() => got.length === 2);
      expect(got).toEqual(["event-2", "event-1"]);
      gate.resolve();
    },
  );

  test("and is no job at all disappears, and the next one is still taken along", async () => {
    const { url, place } = await places();
    await before(url, "events", [event("event-1"), event("event-2")]);
    await redisCommand(url, "HSET", "flotilla:events:event-1", "data", '{"v":1,"id":"ev');
    await redisCommand(url, "RPUSH", "flotilla:events:wait", "missing");
    const got: string[] = [];
    const consumer = await consumeEvents({
      place,
      onError: () => {},
      handle: async ({ id }) => void got.push(id),
    });
    onTestFinished(() => consumer.close());
    await waitFor(() => got.length === 1);
    expect(got).toEqual(["event-2"]);
    expect(await left(url, "events")).toEqual([]);
  });

  test("is nothing to a fleet that does not come from there: it is of a stranger", async () => {
    const { url, fresh } = await places();
    await before(url, "events", [event("event-1")]);
    const got: string[] = [];
    const consumer = await consumeEvents({
      place: fresh,
      onError: () => {},
      handle: async ({ id }) => void got.push(id),
    });
    const publisher = new EventPublisher(fresh, () => {});
    onTestFinished(async () => void (await Promise.all([consumer.close(), publisher.close()])));
    publisher.publish(event("event-2"));
    await waitFor(() => got.length === 1);
    expect(got).toEqual(["event-2"]);
    expect(await redisCommand(url, "LLEN", "flotilla:events:wait")).toBe(1);
  });
});

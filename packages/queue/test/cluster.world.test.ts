/** The fleet's Redis as a Redis Cluster, with real nodes. */
import { parseHostPorts, type RedisAddress } from "@flotilla/kernel";
import {
  CommandSender,
  checkRedis,
  claimFleet,
  consumeHostCommands,
  findFleet,
  fleetPlace,
} from "@flotilla/queue";
import { startCluster, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { HOST, hostCommand } from "./support.ts";

const FLEET_KEY = Buffer.alloc(32, 7);

test("a fleet finds itself in a cluster, and its commands are taken once over a failover of its shard", async () => {
  await using cluster = await startCluster();
  const redis: RedisAddress = {
    kind: "cluster",
    nodes: parseHostPorts(cluster.nodes.join(","), 6379) ?? [],
    login: {},
    tls: null,
  };
  expect((await checkRedis(redis)).version).toMatch(/^\d/);
  const made = await claimFleet({
    redis,
    fleetKey: FLEET_KEY,
    known: null,
    from01: false,
    rekeyedFrom: [],
  });
  const fleet = await findFleet({ redis, fleetKey: FLEET_KEY, known: null, waitMs: 0 });
  expect(fleet).toEqual(made);
  const wrong = findFleet({ redis, fleetKey: Buffer.alloc(32, 8), known: null, waitMs: 0 });
  await expect(wrong).rejects.toMatchObject({ code: "wrong-fleet-key" });

  const place = fleetPlace({ redis, fleet, fleetKey: FLEET_KEY });
  const taken: string[] = [];
  const consumer = await consumeHostCommands(HOST, {
    place,
    handle: async ({ id }) => void taken.push(id),
    onError: () => {},
  });
  const sender = new CommandSender(place, () => {});
  onTestFinished(async () => {
    await consumer.close();
    await sender.close();
  });
  await sender.ready();
  await sender.toHost(HOST, hostCommand("before-1"));
  await waitFor(() => taken.length === 1, { what: "the command before the failover" });

  const old = await cluster.masterOf(place.prefix);
  await old.kill9();
  const sent = async (): Promise<boolean> =>
    await sender.toHost(HOST, hostCommand("after-01")).then(
      () => true,
      () => false,
    );
  await waitFor(sent, { what: "the promoted replica to take commands", timeoutMs: 60_000 });
  await waitFor(() => taken.includes("after-01"), { what: "the command", timeoutMs: 60_000 });
  expect(taken).toEqual(["before-1", "after-01"]);
});

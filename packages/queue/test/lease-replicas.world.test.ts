/** Ownership while Redis fails over: a grant counts when a replica has it (ADR 5). */
import { redisCommand, startRedis, waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { type Holder, holder, LONG, until } from "./lease-holder.ts";
import { placeAt } from "./support.ts";

const TIMINGS = { ...LONG, ttlMs: 6000, actMs: 4000, renewEveryMs: 1000 };

test("a host that reaches only the old master leaves before another host is granted the session", async () => {
  await using master = await startRedis();
  await using replica = await startRedis({ config: { replicaof: `127.0.0.1 ${master.port}` } });
  const online = async (): Promise<boolean> =>
    String(await master.command("INFO", "replication")).includes("state=online");
  await waitFor(online, { what: "the replica" });
  const acting = new Set<string>();
  let most = 0;
  const on = (host: string) => ({
    granted: () => {
      acting.add(host);
      most = Math.max(most, acting.size);
    },
    suspended: () => void acting.delete(host),
    taken: () => void acting.delete(host),
  });
  const cutOff = holder(placeAt(master.url), "host-a", { timings: TIMINGS, on: on("host-a") });
  await waitFor(() => acting.has("host-a"), { what: "host-a to be granted" });
  await replica.command("REPLICAOF", "NO", "ONE");
  const place = placeAt(replica.url);
  // A refused worker ends; its supervisor starts it again.
  const start = (): Holder =>
    holder(place, "host-b", {
      timings: TIMINGS,
      on: { ...on("host-b"), taken: () => (other = start()) },
    });
  let other = start();
  await waitFor(() => acting.has("host-b"), { what: "host-b to be granted", timeoutMs: 30_000 });
  expect([...acting]).toEqual(["host-b"]);
  expect(most).toBe(1);
  expect([cutOff.lease.mayAct(), other.lease.mayAct()]).toEqual([false, true]);
});

test("a master without its replica grants nothing, says why, and grants again when it is back", async () => {
  await using master = await startRedis();
  await using replica = await startRedis({ config: { replicaof: `127.0.0.1 ${master.port}` } });
  const acked = async (): Promise<boolean> =>
    Number(await redisCommand(master.url, "WAIT", 1, 100)) === 1;
  await waitFor(acked, { what: "the replica" });
  const first = holder(placeAt(master.url), "host-a", { timings: TIMINGS });
  await until(first, /^granted/);
  replica.freeze();
  await until(first, "suspended");
  expect(first.faults.at(-1)?.message).toContain("none of them confirms");
  first.events.length = 0;
  replica.thaw();
  await until(first, /^granted/);
});

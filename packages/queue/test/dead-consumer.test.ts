import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { consumeWorkerCommands } from "@flotilla/queue";
import { type RedisHarness, spawnNode, startRedis, waitFor } from "@flotilla/testkit";
import { Queue } from "bullmq";
import { expect, onTestFinished, test } from "vitest";
import { addSigned, checkCommand, errorList, placeAt, WORKER } from "./support.ts";

/**
 * A proxy to Redis whose open connections can be cut off, as behind a replaced machine: no end, no
 * answer.
 */
async function way(redis: RedisHarness): Promise<{ url: string; loseThoseThatAreOpen(): void }> {
  const ends: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(redis.port, "127.0.0.1");
    ends.push(near, far);
    for (const socket of [near, far]) socket.on("error", () => {});
    near.pipe(far).pipe(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of ends) socket.destroy();
    server.close();
  });
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseThoseThatAreOpen: () => {
      for (const socket of ends) {
        socket.unpipe();
        socket.pause();
      }
    },
  };
}

test("a consumer with unnoticed dead connections is recreated, and takes the waiting jobs", async () => {
  await using redis = await startRedis();
  const { url, loseThoseThatAreOpen } = await way(redis);
  const errors = errorList();
  const got: string[] = [];
  const consumer = await consumeWorkerCommands(WORKER, {
    place: placeAt(url),
    onError: errors.add,
    handle: async ({ id }) => void got.push(id),
  });
  onTestFinished(() => consumer.close());
  const place = placeAt(redis.url);
  const queue = new Queue("worker.news_1", {
    connection: { url: redis.url },
    prefix: place.prefix,
  });
  onTestFinished(() => queue.close());
  await addSigned(queue, place, "command-1", checkCommand("command-1"));
  await waitFor(() => got.length === 1);
  loseThoseThatAreOpen();
  await addSigned(queue, place, "command-2", checkCommand("command-2"));
  await waitFor(() => got.length === 2, { what: "the second command" });
  expect(errors.seen.map(String)).toContainEqual(
    expect.stringContaining("its consumer was recreated"),
  );
});

test("a command that takes its consumer down three times is given up, reported, and others go on", async () => {
  await using redis = await startRedis();
  const place = placeAt(redis.url);
  const queue = new Queue("worker.news_1", {
    connection: { url: redis.url },
    prefix: place.prefix,
  });
  onTestFinished(() => queue.close());
  await addSigned(queue, place, "command-1", checkCommand("command-1"));
  for (let run = 1; run <= 3; run++) {
    const killed = spawnNode(`${import.meta.dirname}/fixtures/consumer.ts`, [place.redis]);
    await killed.waitForOutput("took command-1");
    killed.kill("SIGKILL");
    await killed.exited;
  }
  const [got, failed]: [string[], string[]] = [[], []];
  const consumer = await consumeWorkerCommands(WORKER, {
    place,
    onError: () => {},
    onFailed: (command, error) => void failed.push(`${command?.id}: ${error.message}`),
    handle: async ({ id }) => void got.push(id),
  });
  onTestFinished(() => consumer.close());
  await waitFor(() => failed.length > 0, { what: "the command to be given up" });
  await addSigned(queue, place, "command-2", checkCommand("command-2"));
  await waitFor(() => got.includes("command-2"));
  expect(failed).toEqual([expect.stringMatching(/^command-1: .*stalled/)]);
  expect(got).toEqual(["command-2"]);
});

import { join } from "node:path";
import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import { CommandSender, consumeHostCommands, consumeWorkerCommands } from "@flotilla/queue";
import { redisCommand, spawnNode, startRedis, waitFor } from "@flotilla/testkit";
import { Queue } from "bullmq";
import { expect, onTestFinished, test } from "vitest";
import {
  addSigned,
  checkCommand,
  codeCommand,
  errorList,
  HOST,
  hostCommand,
  placeAt,
  sharedPlace,
  type TestPlace,
  WORKER,
} from "./support.ts";

async function sender(place: TestPlace): Promise<CommandSender> {
  const made = new CommandSender(place, () => {});
  onTestFinished(() => made.close());
  await made.ready();
  return made;
}

/** The whole content of a database: key by key, as text. */
async function dump(url: string): Promise<Map<string, string>> {
  const keys = (await redisCommand(url, "KEYS", "*")) as string[];
  const reads: Record<string, (key: string) => (string | number)[]> = {
    string: (key) => ["GET", key],
    hash: (key) => ["HGETALL", key],
    list: (key) => ["LRANGE", key, 0, -1],
    set: (key) => ["SMEMBERS", key],
    zset: (key) => ["ZRANGE", key, 0, -1],
    stream: (key) => ["XRANGE", key, "-", "+"],
  };
  const found = new Map<string, string>();
  for (const key of keys) {
    const kind = String(await redisCommand(url, "TYPE", key));
    if (kind === "none") continue; // Deleted between the two questions.
    const read = reads[kind];
    if (!read) throw new Error(`cannot look into a ${kind}`);
    found.set(key, JSON.stringify(await redisCommand(url, ...read(key))));
  }
  return found;
}

test("commands reach their host and their worker, each in the order in which they were given", async () => {
  const place = await sharedPlace();
  const got: string[] = [];
  const errors = errorList();
  const other = parseWorkerId("sport");
  const take = (who: string) => async (command: { id: string }) =>
    void got.push(`${who} ${command.id}`);
  const options = { place, onError: errors.add };
  for (const consumer of [
    await consumeHostCommands(HOST, { ...options, concurrency: 1, handle: take("host-a") }),
    await consumeHostCommands(parseHostId("host-b"), {
      ...options,
      concurrency: 1,
      handle: take("host-b"),
    }),
    await consumeWorkerCommands(WORKER, { ...options, handle: take("news_1") }),
    await consumeWorkerCommands(other, { ...options, handle: take("sport") }),
  ])
    onTestFinished(() => consumer.close());
  const send = await sender(place);
  for (let n = 0; n < 10; n++) {
    await send.toHost(HOST, hostCommand(`host-command-${n}`));
    await send.toWorker(checkCommand(`news-command-${n}`));
    await send.toWorker(checkCommand(`sport-command-${n}`, other));
  }
  await waitFor(() => got.length === 30);
  const of = (who: string): string[] => got.filter((line) => line.startsWith(`${who} `));
  const numbers = Array.from({ length: 10 }, (_, n) => n);
  expect(of("host-a")).toEqual(numbers.map((n) => `host-a host-command-${n}`));
  expect(of("host-b")).toEqual([]);
  expect(of("news_1")).toEqual(numbers.map((n) => `news_1 news-command-${n}`));
  expect(of("sport")).toEqual(numbers.map((n) => `sport sport-command-${n}`));
  expect(errors.seen).toEqual([]);
});

test("one worker's commands are carried out one after the other, a host's at the same time", async () => {
  const place = await sharedPlace();
  const gate = Promise.withResolvers<void>();
  const running = { host: 0, worker: 0 };
  const hold = (who: keyof typeof running) => async () => {
    running[who]++;
    await gate.promise;
  };
  const onError = (): void => {};
  const host = await consumeHostCommands(HOST, { place, onError, handle: hold("host") });
  const worker = await consumeWorkerCommands(WORKER, { place, onError, handle: hold("worker") });
  onTestFinished(async () => void (await Promise.all([host.close(), worker.close()])));
  onTestFinished(() => gate.resolve());
  const send = await sender(place);
  for (let n = 0; n < 3; n++) {
    await send.toWorker(checkCommand(`command-${n}`));
    await send.toHost(HOST, hostCommand(`command-${n}`));
  }
  await waitFor(() => running.host === 3);
  expect(running).toEqual({ host: 3, worker: 1 });
});

test("the same command sent twice is carried out once", async () => {
  const place = await sharedPlace();
  const got: string[] = [];
  const consumer = await consumeWorkerCommands(WORKER, {
    place,
    onError: () => {},
    handle: async ({ id }) => void got.push(id),
  });
  onTestFinished(() => consumer.close());
  const send = await sender(place);
  for (const id of ["command-1", "command-1", "command-2"]) await send.toWorker(checkCommand(id));
  await waitFor(() => got.includes("command-2"));
  expect(got).toEqual(["command-1", "command-2"]);
});

test(
  "a payload that does not fit is failed and reported without its content, and the next one " +
    "still runs",
  async () => {
    const place = await sharedPlace();
    const got: string[] = [];
    const errors = errorList();
    const queue = new Queue("worker.news_1", {
      connection: { url: place.redis },
      prefix: place.prefix,
    });
    onTestFinished(() => queue.close());
    const named = { ...checkCommand("command-1"), worker: "No Such Name", note: "s3cr3t" };
    await addSigned(queue, place, "bad-1", named);
    await addSigned(queue, place, "bad-2", { ...checkCommand("command-2"), kind: "format-disk" });
    const consumer = await consumeWorkerCommands(WORKER, {
      place,
      onError: errors.add,
      handle: async ({ id }) => void got.push(id),
    });
    onTestFinished(() => consumer.close());
    await (await sender(place)).toWorker(checkCommand("command-3"));
    await waitFor(() => got.length > 0 && errors.seen.length > 1);
    expect(got).toEqual(["command-3"]);
    const failed = await queue.getJobs(["failed"]);
    expect(failed.map((job) => job.id).sort()).toEqual(["bad-1", "bad-2"]);
    expect(errors.seen.map(String)).toEqual([
      expect.stringContaining("refused payload of worker.news_1: worker custom"),
      expect.stringContaining("refused payload of worker.news_1: kind invalid_union"),
    ]);
    expect(errors.seen.map(String).join()).not.toMatch(/s3cr3t|No Such Name|format-disk/);
  },
);

test("a command that does not fit is refused by the sender and never reaches Redis", async () => {
  const place = await sharedPlace();
  const send = await sender(place);
  const bad = { ...checkCommand("command-1"), id: "no:colons:here" };
  await expect(send.toWorker(bad)).rejects.toThrow();
  expect([...(await dump(place.redis)).keys()]).toEqual([]);
});

test("a handler that fails is reported, and the next command still runs", async () => {
  const place = await sharedPlace();
  const got: string[] = [];
  const errors = errorList();
  const handle = async ({ id }: { id: string }): Promise<void> => {
    if (id === "command-1") throw new Error("broken handler");
    got.push(id);
  };
  const consumer = await consumeWorkerCommands(WORKER, { place, onError: errors.add, handle });
  onTestFinished(() => consumer.close());
  const send = await sender(place);
  await send.toWorker(checkCommand("command-1"));
  await send.toWorker(checkCommand("command-2"));
  await waitFor(() => got.length === 1 && errors.seen.length > 0);
  expect(got).toEqual(["command-2"]);
  expect(errors.seen.map(String)).toEqual(["Error: broken handler"]);
});

test.each(["done", "failed"])(
  "a login step leaves nothing sealed in Redis after it was %s",
  async (how) => {
    const place = await sharedPlace();
    const box = "5EA1ED-B0X-OF-THE-C0DE";
    const login = "10G1N-1D";
    const gate = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    const consumer = await consumeWorkerCommands(WORKER, {
      place,
      onError: () => {},
      handle: async ({ id }) => {
        if (id === "after-it") return over.resolve();
        await gate.promise;
        if (how === "failed") throw new Error("refused");
      },
    });
    onTestFinished(() => consumer.close());
    const send = await sender(place);
    await send.toWorker(codeCommand("login-step", box, login));
    await send.toWorker(checkCommand("after-it"));
    // Proves that the search finds it while it is there.
    expect(JSON.stringify([...(await dump(place.redis))])).toContain(box);
    gate.resolve();
    await over.promise;
    const left = await dump(place.redis);
    expect(JSON.stringify([...left])).not.toContain(box);
    expect(JSON.stringify([...left])).not.toContain(login);
    // Only the event stream of the queue names the job.
    const naming = [...left].filter(
      ([key, value]) => key.includes("login-step") || value.includes("login-step"),
    );
    expect(naming.map(([key]) => key)).toEqual([`${place.prefix}:worker.news_1:events`]);
  },
);

test("while Redis is away a command is refused at once, and goes through after it is back", async () => {
  await using redis = await startRedis({ persistence: "aof" });
  const place = placeAt(redis.url);
  const send = await sender(place);
  expect(send.connected).toBe(true);
  await redis.kill9();
  await waitFor(() => !send.connected);
  const before = performance.now();
  await expect(send.toWorker(checkCommand("command-1"))).rejects.toMatchObject({
    code: "redis-away",
    message: expect.stringContaining("nothing was done"),
  });
  expect(performance.now() - before).toBeLessThan(10_000);
  await redis.restart();
  await send.ready();
  await send.toWorker(checkCommand("command-2"));
  const got: string[] = [];
  const consumer = await consumeWorkerCommands(WORKER, {
    place,
    onError: () => {},
    handle: async ({ id }) => void got.push(id),
  });
  await waitFor(() => got.length > 0);
  await consumer.close();
  expect(got).toEqual(["command-2"]);
});

test("a sender without a Redis refuses, and can be closed", async () => {
  await using redis = await startRedis();
  const url = redis.url;
  await redis.kill9();
  const send = new CommandSender(placeAt(url), () => {});
  await expect(send.toHost(HOST, hostCommand("command-1"))).rejects.toMatchObject({
    code: "redis-away",
  });
  await send.close();
});

test("a command in the hands of a consumer that was killed is taken up by another one", async () => {
  const place = await sharedPlace();
  const killed = spawnNode(join(import.meta.dirname, "fixtures/consumer.ts"), [place.redis]);
  const send = await sender(place);
  await send.toWorker(checkCommand("command-1"));
  await killed.waitForOutput("took command-1");
  killed.kill("SIGKILL");
  await killed.exited;
  const got: string[] = [];
  const consumer = await consumeWorkerCommands(WORKER, {
    place,
    onError: () => {},
    handle: async ({ id }) => void got.push(id),
  });
  onTestFinished(() => consumer.close());
  await waitFor(() => got.length > 0, { what: "the command to be taken up again" });
  expect(got).toEqual(["command-1"]);
});

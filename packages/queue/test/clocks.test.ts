import { HostCommand, hostQueue, type WorkerCommand } from "@flotilla/contracts";
import { CommandSender, consumeHostCommands, consumeWorkerCommands, type QueuePlace } from "@flotilla/queue";
import { redisCommand, waitFor } from "@flotilla/testkit";
import { Queue } from "bullmq";
import { describe, expect, onTestFinished, test } from "vitest";
import { addSigned, checkCommand, HOST, hostCommand, sharedPlace, WORKER } from "./support.ts";

const MINUTE = 60_000;
const DAY = 24 * 3600 * 1000;

async function sender(place: QueuePlace): Promise<CommandSender> {
  const made = new CommandSender(place, () => {});
  onTestFinished(() => made.close());
  await made.ready();
  return made;
}

/** What a bot asks whose clock is `aheadMs` ahead of the one here. */
function askedBy<C extends HostCommand | WorkerCommand>(command: C, aheadMs: number, goodForMs = MINUTE): C {
  const now = Date.now() + aheadMs;
  return { ...command, askedAt: now, deadlineAt: now + goodForMs };
}

async function takeOne(place: QueuePlace): Promise<HostCommand> {
  const { promise, resolve } = Promise.withResolvers<HostCommand>();
  const consumer = await consumeHostCommands(HOST, { place, onError: () => {}, handle: async (command) => resolve(command) });
  onTestFinished(() => consumer.close());
  return await promise;
}

describe.each([
  ["a day ahead", DAY],
  ["a day behind", -DAY],
  ["61 s ahead", 61_000],
  ["61 s behind", -61_000],
  ["right", 0],
])("a bot whose clock is %s", (_what, aheadMs) => {
  test("has a minute for its command to a host, by the clock of the host", async () => {
    const place = await sharedPlace();
    await (await sender(place)).toHost(HOST, askedBy(hostCommand("command-1"), aheadMs));
    const left = (await takeOne(place)).deadlineAt - Date.now();
    expect(left).toBeGreaterThan(MINUTE - 20_000);
    expect(left).toBeLessThanOrEqual(MINUTE);
  });

  test("has a minute for its command to a worker", async () => {
    const place = await sharedPlace();
    await (await sender(place)).toWorker(askedBy(checkCommand("command-1"), aheadMs));
    const { promise, resolve } = Promise.withResolvers<WorkerCommand>();
    const consumer = await consumeWorkerCommands(WORKER, {
      place,
      onError: () => {},
      handle: async (command) => resolve(command),
    });
    onTestFinished(() => consumer.close());
    const left = (await promise).deadlineAt - Date.now();
    expect(left).toBeGreaterThan(MINUTE - 20_000);
    expect(left).toBeLessThanOrEqual(MINUTE);
  });

  test("gets no command carried out that lay in Redis for longer", async () => {
    const place = await sharedPlace();
    await (await sender(place)).toHost(HOST, askedBy(hostCommand("command-1"), aheadMs, 30));
    const begun = await now(place);
    await waitFor(async () => (await now(place)) - begun > 40, { what: "its time to be over by the clock of Redis" });
    expect((await takeOne(place)).deadlineAt).toBeLessThan(Date.now());
  });
});

/** By the clock of Redis. */
async function now(place: QueuePlace): Promise<number> {
  const [seconds, micros] = (await redisCommand(place.url, "TIME")) as string[];
  return Number(seconds) * 1000 + Number(micros) / 1000;
}

test("a command of version 0.1 still has the deadline that it came with", async () => {
  const place = await sharedPlace();
  const command = { ...hostCommand("command-1"), askedAt: 1, deadlineAt: 4711 };
  const queue = new Queue(hostQueue(HOST), { connection: { url: place.url }, prefix: place.prefix });
  onTestFinished(() => queue.close());
  await addSigned(queue, place, command.id, command);
  expect(await takeOne(place)).toEqual(command);
});

test.each([{ at: "now", goodForMs: 1 }, { at: 1, goodForMs: -1 }, { at: 1 }, null, "soon", { at: Number.NaN, goodForMs: 1 }])(
  "a time of sending that is none is refused: %j",
  (sent) => {
    expect(HostCommand.safeParse({ ...hostCommand("command-1"), sent }).success).toBe(false);
  },
);

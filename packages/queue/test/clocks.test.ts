import { HostCommand, hostQueue, NO_LINK, type WorkerCommand } from "@flotilla/contracts";
import type { Clock } from "@flotilla/kernel";
import {
  CommandSender,
  consumeHostCommands,
  consumeWorkerCommands,
  HostBoard,
  StatusReader,
  StatusWriter,
} from "@flotilla/queue";
import { redisCommand, waitFor } from "@flotilla/testkit";
import { Queue } from "bullmq";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  addSigned,
  checkCommand,
  HOST,
  hostCommand,
  sharedPlace,
  status,
  type TestPlace,
  WORKER,
} from "./support.ts";

const MINUTE = 60_000;
const DAY = 24 * 3600 * 1000;

async function sender(place: TestPlace): Promise<CommandSender> {
  const made = new CommandSender(place, () => {});
  onTestFinished(() => made.close());
  await made.ready();
  return made;
}

/** The command of a bot whose clock is `aheadMs` ahead of this process's. */
function askedBy<C extends HostCommand | WorkerCommand>(
  command: C,
  aheadMs: number,
  goodForMs = MINUTE,
): C {
  const now = Date.now() + aheadMs;
  return { ...command, askedAt: now, deadlineAt: now + goodForMs };
}

async function takeOne(place: TestPlace): Promise<HostCommand> {
  const { promise, resolve } = Promise.withResolvers<HostCommand>();
  const consumer = await consumeHostCommands(HOST, {
    place,
    onError: () => {},
    handle: async (command) => resolve(command),
  });
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
    await waitFor(async () => (await now(place)) - begun > 40, {
      what: "its time to be over by the clock of Redis",
    });
    expect((await takeOne(place)).deadlineAt).toBeLessThan(Date.now());
  });
});

/** The time by the clock of Redis. */
async function now(place: TestPlace): Promise<number> {
  const [seconds, micros] = (await redisCommand(place.redis, "TIME")) as string[];
  return Number(seconds) * 1000 + Number(micros) / 1000;
}

test("a command of version 0.1 still has the deadline that it came with", async () => {
  const place = await sharedPlace();
  const command = { ...hostCommand("command-1"), askedAt: 1, deadlineAt: 4711 };
  const queue = new Queue(hostQueue(HOST), {
    connection: { url: place.redis },
    prefix: place.prefix,
  });
  onTestFinished(() => queue.close());
  await addSigned(queue, place, command.id, command);
  expect(await takeOne(place)).toEqual(command);
});

test.each([
  { at: "now", goodForMs: 1 },
  { at: 1, goodForMs: -1 },
  { at: 1 },
  null,
  "soon",
  { at: Number.NaN, goodForMs: 1 },
])("a time of sending that is none is refused: %j", (sent) => {
  expect(HostCommand.safeParse({ ...hostCommand("command-1"), sent }).success).toBe(false);
});

describe.each([DAY, -DAY, 3 * 3600 * 1000, 0])(
  "hosts and a bot whose clocks are %d ms apart",
  (skew) => {
    const clockAhead = (ms: number): Clock => ({
      now: () => Date.now() + ms,
      monotonicMs: () => performance.now(),
    });
    const near = (at: number): void => expect(Math.abs(at - Date.now())).toBeLessThan(5000);

    test("agree on how old a status is: neither of the future nor stale, and stale when it is", async () => {
      const place = await sharedPlace();
      const writer = new StatusWriter(place, () => {}, clockAhead(skew));
      const [reader, other] = [
        new StatusReader(place, () => {}),
        new StatusReader(place, () => {}, clockAhead(-skew)),
      ];
      onTestFinished(() => [writer, reader, other].forEach((each) => void each.close()));
      await Promise.all([reader.ready(), other.ready()]);
      const fresh = { ...status("news_1"), updatedAt: Date.now() + skew };
      const old = { ...status("sport"), updatedAt: Date.now() + skew - 3_600_000 };
      await Promise.all([writer.write(fresh), writer.write(old)]);
      const read = await reader.all();
      near(read.get(fresh.worker)?.updatedAt ?? 0);
      near((read.get(old.worker)?.updatedAt ?? 0) + 3_600_000);
      expect(read.get(fresh.worker)).not.toHaveProperty("toldAt");
      const times = {
        since: Date.now() + skew - 60_000,
        startedAt: Date.now() + skew - 120_000,
        nextTryAt: null,
      };
      await writer.write({
        ...fresh,
        ...times,
        link: { ...NO_LINK, lastSuccessAt: Date.now() + skew },
      });
      const moved = (await reader.all()).get(fresh.worker);
      near((moved?.since ?? 0) + 60_000);
      near((moved?.startedAt ?? 0) + 120_000);
      near(moved?.link?.lastSuccessAt ?? 0);
      expect(moved?.nextTryAt).toBeNull();
      near(((await other.all()).get(fresh.worker)?.updatedAt ?? 0) + skew);
    });

    test("agree on which hosts run", async () => {
      const place = await sharedPlace();
      const far = new HostBoard(place, () => {}, clockAhead(skew));
      const here = new HostBoard(place, () => {});
      onTestFinished(() => [far, here].forEach((each) => void each.close()));
      await far.write({ host: HOST, hosts: "one", at: Date.now() + skew });
      const [row] = await here.all();
      near(row?.at ?? 0);
      expect(row).not.toHaveProperty("toldAt");
    });
  },
);

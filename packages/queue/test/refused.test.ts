import { existsSync } from "node:fs";
import { join } from "node:path";
import type { BotRequest, JobRefusal, RelayMessage, RoutesForReader } from "@flotilla/contracts";
import {
  answerBotRequests,
  askBot,
  CommandSender,
  consumeEvents,
  consumeHostCommands,
  RelayLink,
  takeParcel,
  Wire,
} from "@flotilla/queue";
import { redisCommand, sharedRedis, testDir, waitFor } from "@flotilla/testkit";
import { Queue } from "bullmq";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  addSigned,
  errorList,
  event,
  HOST,
  hostCommand,
  placeAt,
  placeOf,
  queueOf,
  sharedPlace,
  WORKER,
  watched,
} from "./support.ts";

describe("a job written by a program that only has access to Redis", () => {
  const stranger = new Wire(Buffer.alloc(32, 8), placeAt("").prefix);
  const slot = { queue: `host.${HOST}`, id: "forged-1", name: "restart" };
  const own = placeAt("").wire;

  test.each<[string, JobRefusal["why"], unknown]>([
    ["that is not signed", "unsigned", hostCommand("forged-1")],
    [
      "that is signed with another key",
      "wrong-signature",
      stranger.sign(slot, hostCommand("forged-1")),
    ],
    [
      "that was signed for another host and moved here",
      "wrong-signature",
      own.sign({ ...slot, queue: "host.host-b" }, hostCommand("forged-1")),
    ],
    [
      "that was signed under another id",
      "wrong-signature",
      own.sign({ ...slot, id: "command-9" }, hostCommand("forged-1")),
    ],
    [
      "whose payload was changed",
      "wrong-signature",
      {
        ...own.sign(slot, hostCommand("forged-1")),
        body: JSON.stringify({ ...hostCommand("forged-1"), kind: "stop" }),
      },
    ],
    ["that is nothing", "unreadable", null],
    ["that is a list", "unsigned", []],
  ])(
    "%s is refused, told of without its content, and gone; the next one is carried out",
    async (_what, why, data) => {
      const place = watched(await sharedPlace());
      const [got, errors] = [[] as string[], errorList()];
      const queue = queueOf(place, `host.${HOST}`);
      await queue.add("restart", data, {
        jobId: "forged-1",
        removeOnFail: false,
        removeOnComplete: false,
      });
      await addSigned(queue, place, "command-1", hostCommand("command-1"));
      const consumer = await consumeHostCommands(HOST, {
        place,
        onError: errors.add,
        handle: async ({ id }) => void got.push(id),
      });
      onTestFinished(() => consumer.close());
      await waitFor(() => got.length === 1 && place.refused.length > 0);
      expect(got).toEqual(["command-1"]);
      expect(place.refused).toEqual([{ queue: `host.${HOST}`, why, times: 1 }]);
      expect(errors.seen).toEqual([]);
      await waitFor(
        async () =>
          (await redisCommand(place.redis, "EXISTS", `${place.prefix}:host.${HOST}:forged-1`)) ===
          0,
      );
    },
  );

  test.each([
    ["data", '{"v":1,"id":"comm'],
    ["data", "\u0000\u0001"],
    ["data", ""],
    ["returnvalue", "{"],
    ["stacktrace", "["],
    ["opts", "{also"],
    ["opts", "\u0001"],
    ["progress", "{"],
  ])(
    "and whose %s is no JSON (%j) is gone and counted once; the next one is carried out",
    async (field, text) => {
      const place = watched(await sharedPlace());
      const [got, errors] = [[] as string[], errorList()];
      const queue = queueOf(place, "events");
      await queue.add("command.done", {}, { jobId: "bad" });
      await redisCommand(place.redis, "HSET", `${place.prefix}:events:bad`, field, text);
      await addSigned(queue, place, "event-1", event("event-1"));
      const consumer = await consumeEvents({
        place,
        onError: errors.add,
        handle: async ({ id }) => void got.push(id),
      });
      onTestFinished(() => consumer.close());
      await waitFor(() => got.length === 1);
      await waitFor(
        async () => (await redisCommand(place.redis, "EXISTS", `${place.prefix}:events:bad`)) === 0,
      );
      // Longer than BullMQ takes to find a stalled job again.
      await addSigned(queue, place, "event-2", event("event-2"));
      await waitFor(() => got.length === 2);
      expect(place.refused).toHaveLength(1);
      expect(errors.seen).toEqual([]);
    },
  );
});

describe("what was signed by us and comes once more", () => {
  test("is not carried out again, also when its job is gone from Redis", async () => {
    const place = watched(await sharedPlace());
    const got: string[] = [];
    const queue = queueOf(place, `host.${HOST}`);
    const consumer = await consumeHostCommands(HOST, {
      place,
      onError: () => {},
      handle: async ({ id }) => void got.push(id),
    });
    onTestFinished(() => consumer.close());
    const signed = place.wire.sign(
      { queue: queue.name, id: "command-1", name: "restart" },
      hostCommand("command-1"),
    );
    const job = await queue.add("restart", signed, { jobId: "command-1" });
    await waitFor(async () => await job.isCompleted());
    await job.remove();
    await queue.add("restart", signed, { jobId: "command-1" });
    await waitFor(() => place.refused.length === 1);
    expect(place.refused).toEqual([{ queue: queue.name, why: "again", times: 1 }]);
    expect(got).toEqual(["command-1"]);
  });

  test("as a request to the bot does not restore old routes, and a foreign answer does not count", async () => {
    const place = watched(await sharedPlace());
    const [asked, seen] = [[] as string[], new Set<string>()];
    const isNew = (id: string): boolean => seen.size !== seen.add(id).size;
    const bot = answerBotRequests(place, {
      handle: async ({ kind }) => {
        asked.push(kind);
        return { kind: "applied", version: 1, added: 0, changed: 0, removed: 0 };
      },
      onError: () => {},
      isNew,
    });
    onTestFinished(() => bot.close());
    const request: BotRequest = { v: 1, kind: "routes.apply", file: { version: 1, routes: [] } };
    await askBot(place, request, 30_000);
    const queue = queueOf(place, "bot-requests");
    const id = [...seen][0] ?? "";
    const old = await queue.getJob(id);
    await old?.remove();
    await queue.add("routes.apply", old?.data, { jobId: id });
    await waitFor(() => place.refused.length === 1);
    expect(place.refused[0]).toMatchObject({ why: "again" });
    expect(asked).toEqual(["routes.apply"]);
    await bot.close();
    const { redis, prefix } = place;
    const posing = answerBotRequests(
      {
        redis,
        prefix,
        wire: {
          ...place.wire,
          open: () => ({ kind: "signed", body: request, from01: false }),
          sign: (_slot: unknown, payload: unknown) => payload,
        } as never,
      },
      {
        handle: async () => ({ kind: "applied", version: 9, added: 0, changed: 0, removed: 0 }),
        onError: () => {},
        isNew: () => true,
      },
    );
    onTestFinished(() => posing.close());
    await expect(askBot(place, request, 30_000)).rejects.toMatchObject({ code: "bot-unproven" });
  });
});

test("a forged `routes` message never reaches a reader, whatever its version", async () => {
  const place = watched(await sharedPlace());
  const got: RelayMessage[] = [];
  const reader = new RelayLink({
    place,
    who: WORKER,
    handle: async (message) => void got.push(message),
    onError: () => {},
  });
  const bot = new RelayLink({ place, who: "the bot", handle: async () => {}, onError: () => {} });
  onTestFinished(async () => void (await Promise.all([reader.close(), bot.close()])));
  const routes: RoutesForReader = {
    v: 1,
    kind: "routes",
    worker: WORKER,
    version: Number.MAX_SAFE_INTEGER,
    routes: [],
  };
  const queue = queueOf(place, `relay.${WORKER}`);
  await queue.add("routes", routes, { jobId: "r.forged" });
  await bot.tellRoutes({ ...routes, version: 5 });
  const signed = await queue.getJob("r.5");
  await queue.add("routes", signed?.data, { jobId: `r.${Number.MAX_SAFE_INTEGER}` });
  reader.start();
  await waitFor(() => place.refused.length === 2 && got.length === 1);
  expect(got).toMatchObject([{ version: 5 }]);
  expect(place.refused.map(({ why }) => why).toSorted()).toEqual(["unsigned", "wrong-signature"]);
});

test("a parcel replaced by a foreign one is not taken", async () => {
  const place = watched(await sharedPlace());
  const send = new CommandSender(place, () => {});
  onTestFinished(() => send.close());
  await send.ready();
  await send.leaveParcel("login-1", Buffer.from("ours"));
  expect((await takeParcel(place, "login-1"))?.toString()).toBe("ours");
  await send.leaveParcel("login-2", Buffer.from("ours"));
  await redisCommand(
    place.redis,
    "SET",
    `${place.prefix}:parcel:login-2`,
    "another session, sealed to the same key",
  );
  expect(await takeParcel(place, "login-2")).toBeNull();
  expect(place.refused).toEqual([{ queue: "parcel", why: "wrong-signature", times: 1 }]);
});

test("jobs of version 0.1 are taken until the first signed job, and stay refused after a restart", async () => {
  const { url } = await sharedRedis();
  const dataDir = await testDir();
  const fleet = { id: "0123456789abcdef", from01: true };
  const start = () => {
    const place = watched(placeOf({ redis: url, fleet, fleetKey: Buffer.alloc(32, 7), dataDir }));
    const got: string[] = [];
    const consumer = consumeEvents({
      place,
      onError: () => {},
      handle: async ({ id }) => void got.push(id),
    });
    onTestFinished(async () => await (await consumer).close());
    return { place, got, consumer };
  };
  const old = new Queue("events", { connection: { url }, prefix: "flotilla" });
  onTestFinished(() => old.close());
  const addOld = async (id: string): Promise<void> =>
    void (await old.add("command.done", event(id), { jobId: id }));
  await addOld("old-1");
  const first = start();
  await waitFor(() => first.got.length === 1);
  expect(existsSync(join(dataDir, "signed", "events")), "what was taken along closes nothing").toBe(
    false,
  );
  await (await first.consumer).close();
  await addOld("old-2");
  const second = start();
  await waitFor(() => second.got.length === 1);
  await addSigned(queueOf(second.place, "events"), second.place, "new-1", event("new-1"));
  await waitFor(() => second.got.length === 2);
  await (await second.consumer).close();
  await addOld("old-3");
  const third = start();
  await waitFor(() => third.place.refused.length === 1);
  expect(third.place.refused).toEqual([{ queue: "events", why: "unsigned", times: 1 }]);
  expect([...first.got, ...second.got, ...third.got]).toEqual(["old-1", "old-2", "new-1"]);
});

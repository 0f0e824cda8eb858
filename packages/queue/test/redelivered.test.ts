import type { BotRequest, HostCommand } from "@flotilla/contracts";
import { answerBotRequests, askBot, consumeHostCommands } from "@flotilla/queue";
import { redisCommand, waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  addSigned,
  HOST,
  hostCommand,
  queueOf,
  sharedPlace,
  type TestPlace,
  watched,
} from "./support.ts";

describe("a job whose completion was lost is handed out once more", () => {
  /**
   * Without its lock the current job cannot be completed, as when Redis loses a second of its
   * writes.
   */
  const loseCompletion = async (place: TestPlace, queue: string, id: string): Promise<void> =>
    void (await redisCommand(place.redis, "DEL", `${place.prefix}:${queue}:${id}:lock`));

  test("and neither carried out again nor told of as a replay", async () => {
    const place = watched(await sharedPlace());
    const got: string[] = [];
    const queue = queueOf(place, `host.${HOST}`);
    const handle = async ({ id }: HostCommand): Promise<void> => {
      got.push(id);
      await loseCompletion(place, queue.name, id);
    };
    const consumer = await consumeHostCommands(HOST, { place, onError: () => {}, handle });
    onTestFinished(() => consumer.close());
    await addSigned(queue, place, "command-1", hostCommand("command-1"));
    await waitFor(async () => (await queue.getCompletedCount()) === 1);
    expect(got).toEqual(["command-1"]);
    expect(place.refused).toEqual([]);
  });

  test("to the bot: who asked gets the answer", async () => {
    const place = watched(await sharedPlace());
    const seen = new Set<string>();
    let applied = 0;
    const bot = answerBotRequests(place, {
      handle: async () => {
        applied += 1;
        await loseCompletion(place, "bot-requests", [...seen].at(-1) ?? "");
        return { kind: "applied", version: applied, added: 0, changed: 0, removed: 0 };
      },
      onError: () => {},
      isNew: (id) => seen.size !== seen.add(id).size,
    });
    onTestFinished(() => bot.close());
    const request: BotRequest = { v: 1, kind: "routes.apply", file: { version: 1, routes: [] } };
    expect(await askBot(place, request, 30_000)).toMatchObject({ version: 1 });
    expect(applied).toBe(1);
    expect(place.refused).toEqual([]);
  });
});

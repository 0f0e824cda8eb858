import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parseHostId } from "@flotilla/kernel";
import { createLogger } from "@flotilla/observability";
import { BotBoard, botPlace } from "@flotilla/queue";
import { sharedRedis } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { BotWatch } from "../src/host/bot-watch.ts";

const LAST = { fence: 7, host: "host-a", since: 1_700_000_000_000 };
const log = createLogger({ name: "test", level: "silent" });

/** A clock that stands still until a test moves it. */
const clock = { ms: 1_700_000_000_000, now: () => clock.ms, monotonicMs: () => clock.ms };

async function webhook(): Promise<{
  url: string;
  got: { kind: string; host: string }[];
  state: { status: number };
}> {
  const got: { kind: string; host: string }[] = [];
  const state = { status: 200 };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      if (state.status === 200) got.push(JSON.parse(Buffer.concat(parts).toString()));
      response.writeHead(state.status).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, got, state };
}

test("a bot that is not heard for 2 min is told once by one host, and its return once", async () => {
  const { url: redis } = await sharedRedis();
  const { url, got, state } = await webhook();
  const place = botPlace({ redis, fleetKey: Buffer.alloc(32, 3) });
  const board = new BotBoard(place, null, () => {});
  onTestFinished(() => board.close());
  const places = { webhookUrl: url, smtpUrl: null, mailTo: null };
  const hosts = ["host-b", "host-c"].map((name) => {
    const watch = new BotWatch({ board, places, host: parseHostId(name), clock, log, lookMs: 1e9 });
    onTestFinished(() => watch[Symbol.dispose]());
    return watch;
  });
  const look = async (afterMs: number): Promise<string[]> => {
    clock.ms += afterMs;
    for (const host of hosts) await host.look();
    return got.map(({ kind, host }) => `${kind} ${host}`);
  };
  await board.keepLast(LAST);
  expect(await look(0)).toEqual([]);
  expect(await look(119_000)).toEqual([]);
  state.status = 500;
  expect(await look(1000), "a webhook that fails is asked again").toEqual([]);
  state.status = 200;
  expect(await look(60_000)).toEqual(["bot-away host-a"]);
  expect(await look(600_000)).toEqual(["bot-away host-a"]);
  await board.beat({ ...LAST, host: "host-d" });
  expect(await look(1000)).toEqual(["bot-away host-a", "bot-back host-d"]);
  expect(await look(60_000)).toHaveLength(2);
});

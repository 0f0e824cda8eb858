import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { NO_LINK } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { describe, expect, onTestFinished, test } from "vitest";
import { SecondPath } from "../src/alerts/second-path.ts";
import { conditionsOf } from "../src/alerts/watch.ts";
import { type Fleet, meet, type Shown, startFleet } from "./chat.ts";
import { crashBody, EN, HOST, NOW, silent, statusOf } from "./support.ts";

const HOUR_MS = 3_600_000;
const fromBot = async (fleet: Fleet, user: number): Promise<Shown[]> =>
  (await fleet.shown(user)).filter((message) => message.from === "bot");

async function both(more: Record<string, string> = {}): Promise<Fleet> {
  const fleet = await startFleet(more);
  await meet(fleet, 777, "Ann");
  await meet(fleet, 778, "Ben");
  return fleet;
}

function crash(fleet: Fleet, worker: string, more: Parameters<typeof crashBody>[0] = {}): void {
  fleet.parts.alerts.raise(
    `exit:${worker}`,
    crashBody({ worker: parseWorkerId(worker), ...more }),
    fleet.clock.now(),
  );
}

async function pass(fleet: Fleet, ms: number): Promise<void> {
  fleet.clock.pass(ms);
  await fleet.parts.outbox.flush();
}

async function press(fleet: Fleet, label: string): Promise<string | undefined> {
  const pressed = (await fleet.post("/chat/press", { label })) as { toast?: { text?: string } };
  return pressed.toast?.text;
}

test("workers that crash together are one card that names each", async () => {
  const fleet = await both();
  for (const worker of ["news_1", "news_2", "sport"]) crash(fleet, worker);
  await fleet.parts.outbox.flush();
  const [card, ...more] = await fromBot(fleet, 777);
  expect(more).toEqual([]);
  expect(card?.text).toMatch(/3 of 3 workers crashed[\s\S]*news_1[\s\S]*news_2[\s\S]*sport/);
  for (const alert of fleet.parts.alerts.allOpen())
    fleet.parts.alerts.resolve(alert.n, { key: "solved-itself", args: {} }, fleet.clock.now());
  await fleet.parts.outbox.flush();
  expect(
    (await fromBot(fleet, 777)).map((message) => [message.text.split("\n")[0], message.silent]),
  ).toEqual([
    [expect.stringContaining("#A1: all 3 resolved"), false],
    [expect.stringContaining("#A1: all 3 resolved"), true],
  ]);
});

test(
  "one after the other: the second admin hears after 15 min, unless an admin takes it; a " +
    "taken one is not repeated",
  async () => {
    const fleet = await both();
    const alerts = async (of: Fleet, user: number): Promise<Shown[]> =>
      (await fromBot(of, user)).filter((message) => message.text.includes("crashed"));
    fleet.parts.settings.setTogether(false);
    await fleet.poll();
    crash(fleet, "news_1");
    await fleet.parts.outbox.flush();
    expect([(await alerts(fleet, 777)).length, (await alerts(fleet, 778)).length]).toEqual([1, 0]);
    await pass(fleet, 14 * 60_000);
    expect(await alerts(fleet, 778)).toEqual([]);
    await pass(fleet, 60_000);
    expect((await alerts(fleet, 778)).length).toBe(1);
    expect(await press(fleet, "✋ I'll take it")).toBe("✋ It's yours");
    await fleet.waitForBot(778, "✋ Ann took it");
    await pass(fleet, 5 * HOUR_MS);
    expect([(await alerts(fleet, 777)).length, (await alerts(fleet, 778)).length]).toEqual([1, 1]);
  },
);

test("one that no admin takes is told again after 4 h, in place of the old message", async () => {
  const fleet = await both();
  crash(fleet, "news_1");
  await fleet.parts.outbox.flush();
  const [before] = await fromBot(fleet, 777);
  await pass(fleet, 4 * HOUR_MS);
  const after = await fromBot(fleet, 777);
  expect(after).toHaveLength(1);
  expect(after[0]?.id).toBeGreaterThan(before?.id ?? 0);
});

test("an admin who blocked the bot is passed over, and shown as unreachable", async () => {
  const fleet = await both();
  fleet.parts.settings.setTogether(false);
  await fleet.post("/chat/block", { user: 777, blocked: true });
  crash(fleet, "news_1");
  await fleet.parts.outbox.flush();
  await fleet.parts.outbox.flush();
  expect((await fromBot(fleet, 778)).length).toBe(1);
  expect(fleet.parts.admins.find("777")?.reachable).toBe(false);
});

test("a burst is six messages at most, the last of which lists the rest", async () => {
  const fleet = await both();
  for (let n = 0; n < 12; n++)
    fleet.parts.alerts.raise(
      `test:${n}`,
      crashBody({
        kind: "test",
        worker: null,
        title: { key: "alert-test", args: { by: `n${n}.` } },
      }),
      fleet.clock.now(),
    );
  await fleet.parts.outbox.flush();
  const messages = await fromBot(fleet, 777);
  expect(messages).toHaveLength(6);
  expect(messages.at(-1)?.text).toMatch(/7 more alerts[\s\S]*n5\.[\s\S]*n11\./);
  expect(fleet.parts.sent.count(0)).toEqual({ sent: 12, delivered: 12 });
});

test("a message whose answer was lost is found again instead of sent twice", async () => {
  const fleet = await both();
  crash(fleet, "news_1");
  await fleet.post("/faults/bot", {
    method: "sendMessage",
    chatId: 777,
    after: true,
    error: { cut: true },
  });
  await fleet.parts.outbox.flush();
  await fleet.parts.outbox.flush();
  expect((await fromBot(fleet, 777)).length).toBe(1);
  expect(fleet.parts.cards.byMessage("777", (await fromBot(fleet, 777))[0]?.id ?? 0)).toHaveLength(
    1,
  );
});

describe("silence", () => {
  test("of one worker holds its alerts and no others, and ends with its time", async () => {
    const fleet = await both();
    fleet.parts.alertActions.mute("news_1", HOUR_MS, "Ann");
    crash(fleet, "news_1");
    crash(fleet, "sport");
    await fleet.parts.outbox.flush();
    expect(
      (await fromBot(fleet, 777)).map((message) => /news_1|sport/.exec(message.text)?.[0]),
    ).toEqual(["sport"]);
    fleet.parts.alertActions.mute("news_1", 0, "Ann");
    await pass(fleet, 60_000);
    expect(
      (await fromBot(fleet, 777)).some((message) =>
        /2 of 2 workers crashed[\s\S]*news_1/.test(message.text),
      ),
    ).toBe(true);
  });

  test("of a maintenance window ends in one summary", async () => {
    const fleet = await both();
    fleet.parts.alertActions.maintain("*", HOUR_MS, "Ann");
    crash(fleet, "news_1");
    await fleet.parts.outbox.flush();
    expect(await fromBot(fleet, 777)).toEqual([]);
    fleet.parts.alertActions.maintain("*", 0, "Ann");
    await fleet.parts.outbox.flush();
    const texts = (await fromBot(fleet, 777)).map((message) => message.text);
    expect(
      texts.filter((text) => /is over: 1 alert was held, 1 still open/.test(text)),
    ).toHaveLength(1);
  });
});

test("no admin took it for an hour: the second path gets it, once", async () => {
  const fleet = await both();
  const got: string[] = [];
  const server = createServer((request, response) => {
    request.on("data", (chunk: Buffer) => got.push(chunk.toString()));
    request.on("end", () => response.end("ok"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const places = { webhookUrl: url, smtpUrl: null, mailTo: null, deadManUrl: url };
  const { cards, clock } = fleet.parts;
  const path = new SecondPath({
    places,
    cards,
    words: EN,
    clock,
    log: silent,
    chatAwaySince: () => null,
    tokenDead: () => false,
  });
  crash(fleet, "news_1");
  await fleet.parts.outbox.flush();
  await path.tell();
  expect(got).toEqual([]);
  await pass(fleet, HOUR_MS);
  await path.tell();
  await path.tell();
  expect(got.map((body) => JSON.parse(body))).toMatchObject([
    {
      reason: "no admin took these alerts for an hour",
      alerts: [{ card: "A1", kind: "crash", worker: "news_1", level: "orange" }],
    },
  ]);
  await path.ping();
  expect(path.pingedAt).not.toBeNull();
});

describe("what is seen of the fleet", () => {
  const sight = { now: NOW, statuses: [], redisAwaySince: null, tokenConflict: false, host: HOST };
  const offline = (worker: string) => {
    const link = {
      account: null,
      reconnects: 0,
      failures: 2,
      lastSuccessAt: null,
      lastMessageAt: null,
      messages: 0,
      attempt: 2,
      nextTryAt: null,
    };
    return statusOf(worker, { state: "RECONNECTING", link });
  };
  const kinds = (more: Partial<Parameters<typeof conditionsOf>[0]>) =>
    conditionsOf({ ...sight, ...more }).map((condition) => condition.body.kind);

  test("is a lost network of the host when all its workers are offline, else of one worker", () => {
    expect(kinds({ statuses: [offline("a"), statusOf("b")] })).toEqual(["offline"]);
    expect(kinds({ statuses: [offline("a"), offline("b")] })).toEqual([
      "host-network",
      "offline",
      "offline",
    ]);
  });

  test.each(["CATCHING_UP", "FLOOD"] as const)(
    "is no lost network of the host while one of its workers is online: %s",
    (state) => {
      const statuses = [offline("a"), offline("b"), statusOf("c", { state })];
      expect(kinds({ statuses })).toEqual(["offline", "offline"]);
    },
  );

  test("takes a degraded worker for online only if Telegram answered it since", () => {
    const degraded = (lastSuccessAt: number) =>
      statusOf("c", { state: "DEGRADED", link: { ...NO_LINK, lastSuccessAt } });
    const lost = [offline("a"), offline("b")];
    const since = lost[0]?.since ?? 0;
    expect(kinds({ statuses: [...lost, degraded(since + 1)] })).toEqual(["offline", "offline"]);
    expect(kinds({ statuses: [...lost, degraded(since)] })).toContain("host-network");
  });

  test("is a host that is away when nothing was heard of it, and nothing about hosts without Redis", () => {
    const old = statusOf("a", { updatedAt: NOW - 60_000 });
    expect(kinds({ statuses: [old] })).toEqual(["host-away"]);
    expect(kinds({ statuses: [old], redisAwaySince: NOW - 60_000 })).toEqual(["redis-away"]);
    expect(kinds({ redisAwaySince: NOW - 1000 })).toEqual([]);
    expect(kinds({ tokenConflict: true })).toEqual(["token-conflict"]);
  });
});

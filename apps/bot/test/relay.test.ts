import {
  type BotAnswer,
  type BotRequest,
  Confirmation,
  type Delivery,
  type RelayStatus,
  Route,
  type RoutesForReader,
} from "@flotilla/contracts";
import { FileReader } from "@flotilla/files";
import { systemClock } from "@flotilla/kernel";
import { answerBotRequests, askBot, RelayLink } from "@flotilla/queue";
import { redisCommand, sharedRedis, startRedis, waitFor } from "@flotilla/testkit";
import { Bot } from "grammy";
import { expect, onTestFinished, test } from "vitest";
import { AdminStore } from "../src/admins/admin-store.ts";
import { BotRelay } from "../src/relay/bot-relay.ts";
import { RouteDesk } from "../src/relay/route-desk.ts";
import { RouteStore } from "../src/relay/route-store.ts";
import { WorkerStore } from "../src/workers/worker-store.ts";
import { ANN, BEN, controlDb, EN, HOST, placeAt, silent, TestClock, WORKER } from "./support.ts";

const route = (id: string, chat: string): Route =>
  Route.parse({
    id,
    from: { worker: WORKER, chats: ["-1001"] },
    to: { kind: "worker", worker: WORKER, chat },
  });

/** The bot's share in relaying on a Bot API that answers as told. */
async function start() {
  const [place, db, clock] = [
    placeAt((await sharedRedis()).url),
    await controlDb(),
    new TestClock(),
  ];
  const workers = new WorkerStore(db);
  workers.add(WORKER, HOST, "ann", 1);
  const admins = new AdminStore(db);
  for (const id of [ANN, BEN]) admins.saw(id, "x", "en");
  const sent: { method: string; payload: Record<string, unknown> }[] = [];
  const answers: (() => unknown)[] = [];
  const bot = new Bot("1:x");
  bot.api.config.use(async (_previous, method, payload) => {
    sent.push({ method, payload: payload as Record<string, unknown> });
    const answer = answers.shift()?.() ?? { ok: true, result: { message_id: 100 + sent.length } };
    return answer as never;
  });
  const told: RoutesForReader[] = [];
  const confirmed: Confirmation[] = [];
  const reader = new RelayLink({
    place,
    who: WORKER,
    onError: () => {},
    handle: async (message) =>
      void (message.kind === "routes"
        ? told.push(message)
        : confirmed.push(Confirmation.parse(message))),
  });
  reader.start();
  onTestFinished(() => reader.close());
  const relay = new BotRelay(place, silent);
  onTestFinished(() => relay.close());
  const store = new RouteStore(db);
  const known: RelayStatus[] = [];
  const isWorker = (id: string): boolean => workers.find(id) !== null;
  const desk = new RouteDesk({
    store,
    isWorker,
    readers: () => known,
    apart: () => null,
    unknownChats: async (worker, chats) =>
      worker === WORKER ? UNKNOWN.filter(({ ref }) => chats.includes(ref)) : null,
    tell: (message) => relay.tellRoutes(message),
    now: () => clock.now(),
  });
  relay.start({
    db,
    api: bot.api,
    admins,
    clock,
    wordsOf: () => EN,
    desk,
    fileReader: new FileReader({
      dataDir: "/nowhere",
      fleetKey: Buffer.alloc(32, 7),
      clock: systemClock,
    }),
  });
  return { place, db, clock, desk, reader, sent, answers, told, confirmed, known, store };
}

/** What the reader says is no chat of its account. */
const UNKNOWN = [
  { ref: "2000001", meant: "-1000002000001" },
  { ref: "-100200300", meant: null },
];

const alert: Delivery = {
  v: 1,
  kind: "delivery",
  id: "news_1.1.0",
  key: "k",
  route: "a",
  reader: WORKER,
  to: { kind: "admins" },
  step: {
    kind: "alert",
    source: "<Signals>",
    because: ["btc"],
    excerpt: "buy & hold",
    link: null,
    silent: true,
  },
  source: { chat: "-1001", id: 1, date: null, title: null, link: null },
};

test("a file of routes is applied whole or not at all, and its readers are told", async () => {
  const { place, told, desk } = await start();
  const file = { version: 1 as const, routes: [route("a", "-1002"), route("b", "-1003")] };
  expect(await askBot(place, { v: 1, kind: "routes.apply", file }, 45_000)).toMatchObject({
    kind: "applied",
    added: 2,
  });
  await waitFor(() => told.length === 1);
  expect(told[0]).toMatchObject({ worker: WORKER, routes: file.routes });

  const loop = { version: 1 as const, routes: [route("a", "-1001")] };
  const stranger = {
    version: 1 as const,
    routes: [
      {
        ...route("a", "-1002"),
        from: { ...route("a", "-1").from, worker: "missing" as typeof WORKER },
      },
    ],
  };
  expect(await askBot(place, { v: 1, kind: "routes.apply", file: loop }, 45_000)).toMatchObject({
    kind: "refused",
    problems: [{ field: "to" }],
  });
  expect(await askBot(place, { v: 1, kind: "routes.apply", file: stranger }, 45_000)).toMatchObject(
    {
      kind: "refused",
      problems: [{ field: "from" }],
    },
  );
  expect(await askBot(place, { v: 1, kind: "routes.get" }, 45_000)).toMatchObject({
    kind: "routes",
    routes: file.routes,
  });

  desk.remove("a");
  await desk.flush();
  await waitFor(() => told.length === 2);
  expect(told[1]?.routes.map(({ id }) => id)).toEqual(["b"]);
  expect(told[1]?.version).toBeGreaterThan(told[0]?.version ?? 0);
});

test(
  "no one answers: the one who asked hears so, also from a slow Redis, and nothing is done " +
    "later",
  async () => {
    await using redis = await startRedis();
    const place = placeAt(redis.url);
    await redisCommand(redis.url, "CLIENT", "PAUSE", "600", "ALL");
    await expect(askBot(place, { v: 1, kind: "routes.get" }, 300)).rejects.toMatchObject({
      code: "bot-silent",
    });
    const asked: BotRequest[] = [];
    const handle = async (request: BotRequest): Promise<BotAnswer> => {
      asked.push(request);
      return { kind: "refused", problems: [] };
    };
    const late = answerBotRequests(place, { handle, onError: () => {}, isNew: () => true });
    onTestFinished(() => late.close());
    const file = { version: 1 as const, routes: [] };
    await askBot(place, { v: 1, kind: "routes.apply", file }, 45_000);
    expect(asked.map(({ kind }) => kind)).toEqual(["routes.apply"]);
  },
);

test("versions grow even when the database was lost", async () => {
  const [old, fresh] = [new RouteStore(await controlDb()), new RouteStore(await controlDb())];
  old.replace([route("a", "-1002")], 1000);
  old.replace([route("a", "-1003")], 1000);
  fresh.replace([route("a", "-1002")], 5000);
  expect([old.version(), fresh.version()]).toEqual([1001, 5000]);
  expect(old.replace([route("a", "-1003")], 9000)).toBe(false);
});

test("an alert reaches every admin once, and is confirmed", async () => {
  const { reader, sent, confirmed, answers } = await start();
  answers.push(() => ({
    ok: false,
    error_code: 429,
    description: "Too Many Requests",
    parameters: { retry_after: 3 },
  }));
  await reader.deliver(alert);
  await waitFor(() => confirmed.length === 1);
  expect(confirmed[0]?.result.kind).toBe("parked");
  await reader.deliver({ ...alert, id: "news_1.1.1" });
  await reader.deliver({ ...alert, id: "news_1.1.2" });
  await waitFor(() => confirmed.length === 3);
  expect(confirmed.slice(1).map(({ result }) => result.kind)).toEqual(["done", "done"]);
  expect(sent.slice(1).map(({ payload }) => payload["chat_id"])).toEqual([ANN, BEN]);
  expect(sent[1]?.payload).toMatchObject({ disable_notification: true });
  expect(sent[1]?.payload["text"]).toContain("<b>&lt;Signals&gt;</b>");
  expect(sent[1]?.payload["text"]).toContain("buy &amp; hold");
});

test("the bot delivers with formatting and replies, and says what a refusal means", async () => {
  const { reader, sent, confirmed, answers } = await start();
  const entities = [
    { kind: "bold", offset: 0, length: 2 },
    { kind: "mention", offset: 0, length: 2 },
  ];
  const step = { kind: "send" as const, randomId: "1", text: "hi", entities, replyTo: 5 };
  const to = { kind: "bot" as const, chat: "-1005", topic: 9 };
  await reader.deliver({ ...alert, to, step });
  await waitFor(() => confirmed.length === 1);
  expect(confirmed[0]?.result).toMatchObject({ kind: "done", ids: [101] });
  expect(sent[0]?.payload).toMatchObject({
    chat_id: "-1005",
    message_thread_id: 9,
    entities: [{ type: "bold" }],
    reply_parameters: { message_id: 5 },
  });
  answers.push(() => ({ ok: false, error_code: 403, description: "Forbidden: bot was kicked" }));
  await reader.deliver({ ...alert, id: "news_1.2.0", key: "k2", to, step });
  await waitFor(() => confirmed.length === 2);
  expect(confirmed[1]?.result.kind).toBe("blocked");
  const gone = "Bad Request: message thread not found";
  for (const [n, description] of [gone, "Bad Request: TOPIC_CLOSED"].entries()) {
    answers.push(() => ({ ok: false, error_code: 400, description }));
    await reader.deliver({ ...alert, id: `news_1.3.${n}`, key: `k3${n}`, to, step });
  }
  await waitFor(() => confirmed.length === 4);
  const codes = confirmed
    .slice(2)
    .map(({ result }) => ("code" in result ? [result.kind, result.code] : []));
  expect(codes).toEqual([
    ["blocked", "TOPIC_DELETED"],
    ["blocked", "TOPIC_CLOSED"],
  ]);
  await reader.deliver({ ...alert, id: "news_1.4.0", key: "k4", to: { ...to, topic: 1 }, step });
  await waitFor(() => confirmed.length === 5);
  expect(sent.at(-1)?.payload, "General is written to by naming no topic").not.toHaveProperty(
    "message_thread_id",
  );
});

test(
  "a text that is too long for one message continues in an answer, once, and its edits and " +
    "their ends follow",
  async () => {
    const { reader, sent, confirmed, answers } = await start();
    const to = { kind: "bot" as const, chat: "-1005", topic: 9 };
    const text = (said: string) => ({ randomId: "2", text: said, entities: [] });
    const step = {
      kind: "send" as const,
      ...text("first"),
      replyTo: null,
      rest: [text("second"), text("third")],
    };
    answers.push(() => null);
    answers.push(() => ({
      ok: false,
      error_code: 429,
      description: "Too Many Requests",
      parameters: { retry_after: 1 },
    }));
    await reader.deliver({ ...alert, to, step });
    await waitFor(() => confirmed.length === 1);
    expect(confirmed[0]?.result.kind).toBe("parked");
    await reader.deliver({ ...alert, id: "news_1.1.1", to, step });
    await waitFor(() => confirmed.length === 2);
    expect(sent.map(({ payload }) => payload["text"])).toEqual([
      "first",
      "second",
      "second",
      "third",
    ]);
    const answered = { message_id: 101 };
    expect(sent.at(-1)?.payload).toMatchObject({
      message_thread_id: 9,
      reply_parameters: answered,
    });
    const [ids, rest] = confirmed
      .map(({ result }) => result)
      .flatMap((it) => (it.kind === "done" ? [it.ids, it.rest] : []));
    expect([ids, rest?.length]).toEqual([[101], 2]);
    const edit = {
      kind: "edit" as const,
      message: 101,
      text: "changed",
      entities: [],
      rest: [{ message: rest?.[0] ?? 0, ...text("also") }],
      surplus: [rest?.[1] ?? 0],
    };
    await reader.deliver({ ...alert, id: "news_1.2.0", key: "k2", to, step: edit });
    await waitFor(() => confirmed.length === 3);
    expect(confirmed[2]?.result).toMatchObject({ kind: "done", rest: [rest?.[0]] });
    expect(
      sent
        .slice(4)
        .map(({ method, payload }) => [method, payload["text"] ?? payload["message_ids"]]),
    ).toEqual([
      ["editMessageText", "changed"],
      ["deleteMessages", [rest?.[1]]],
      ["editMessageText", "also"],
    ]);
  },
);

test(
  "a part that the Bot API refuses for itself keeps its place, and the others are delivered " +
    "and changed",
  async () => {
    const { reader, sent, confirmed, answers } = await start();
    const to = { kind: "bot" as const, chat: "-1005" };
    const text = (said: string) => ({ randomId: "2", text: said, entities: [] });
    const refused = () => ({
      ok: false,
      error_code: 400,
      description: "Bad Request: message is too long",
    });
    answers.push(() => null, refused);
    const step = {
      kind: "send" as const,
      ...text("first"),
      replyTo: null,
      rest: [text("second"), text("third")],
    };
    await reader.deliver({ ...alert, to, step });
    await waitFor(() => confirmed.length === 1);
    expect(confirmed[0]?.result).toMatchObject({
      kind: "done",
      ids: [101],
      rest: [null, 103],
      refused: [0],
    });
    answers.push(() => null, refused);
    const rest = [
      { message: 102, ...text("2") },
      { message: 103, ...text("3") },
    ];
    const edit = { kind: "edit" as const, message: 101, text: "1", entities: [], rest };
    await reader.deliver({ ...alert, id: "news_1.2.0", key: "k2", to, step: edit });
    await waitFor(() => confirmed.length === 2);
    expect(confirmed[1]?.result).toMatchObject({ kind: "done", rest: [null, 103], refused: [0] });
    expect(sent.map(({ payload }) => payload["text"])).toEqual([
      "first",
      "second",
      "third",
      "1",
      "2",
      "3",
    ]);
  },
);

test(
  "field fault B4: a group that became a supergroup is written to on, and what is in the old " +
    "one is left alone",
  async () => {
    const { reader, sent, confirmed, answers } = await start();
    const to = { kind: "bot" as const, chat: "-4711" };
    const step = { kind: "send" as const, randomId: "1", text: "hi", entities: [], replyTo: 5 };
    const description = "Bad Request: group chat was upgraded to a supergroup chat";
    answers.push(() => ({
      ok: false,
      error_code: 400,
      description,
      parameters: { migrate_to_chat_id: -1_001_234_567_890 },
    }));
    await reader.deliver({ ...alert, to, step });
    await waitFor(() => confirmed.length === 1);
    const landed = "-1001234567890";
    expect(confirmed[0]?.result).toMatchObject({ kind: "done", landed });
    const edit = { kind: "edit" as const, message: 5, text: "changed", entities: [] };
    await reader.deliver({ ...alert, id: "news_1.2.0", key: "k2", to, step: edit });
    await reader.deliver({ ...alert, id: "news_1.3.0", key: "k3", to, step, landed });
    await waitFor(() => confirmed.length === 3);
    expect(
      sent.map(({ method, payload }) => [
        method,
        payload["chat_id"],
        "reply_parameters" in payload,
      ]),
    ).toEqual([
      ["sendMessage", "-4711", true],
      ["sendMessage", landed, false],
      ["sendMessage", landed, true],
    ]);
  },
);

test(
  "a loop that shows only when names are known is refused from then on, and broken where it " +
    "is there already",
  async () => {
    const { known, desk, store } = await start();
    const there = {
      ...route("a", "@beta_1"),
      from: { ...route("a", "-1").from, chats: ["-1001"] },
    };
    const back = { ...route("b", "-1001"), from: { ...route("b", "-1").from, chats: ["-1002"] } };
    expect(desk.apply([there, back])).toEqual([]);
    expect(desk.stopHarmful()).toEqual([]);
    const source = {
      ref: "-1002",
      chat: "-1002",
      title: null,
      username: "Beta_1",
      lastMessageAt: null,
      rhythmMs: null,
      usualSilenceMs: 0,
      closed: null,
      copiesOf: null,
    };
    known.push({
      v: 1,
      worker: WORKER,
      version: 1,
      at: 1,
      routes: [],
      sources: [source],
      backfill: null,
      senders: [],
    });
    expect(desk.stopHarmful().map((problem) => problem.route)).toEqual(["b"]);
    expect(desk.stopHarmful()).toEqual([]);
    expect(store.all().map(({ id, on }) => [id, on])).toEqual([
      ["a", true],
      ["b", false],
    ]);
    expect(desk.put({ ...there, filter: "btc" }), "the one that is left can be changed").toEqual(
      [],
    );
    expect(desk.apply([there, back])).toMatchObject([{ route: "a" }, { route: "b" }]);
  },
);

test(
  "field fault B11: a file with the number of no chat is refused with the right one, where " +
    "the reader can say; others are applied with a note",
  async () => {
    const { desk, store } = await start();
    const reads = (...chats: string[]) => ({
      ...route("a", "@beta_1"),
      from: { ...route("a", "-1").from, chats },
    });
    const apply = (...chats: string[]) =>
      desk.answer({ v: 1, kind: "routes.apply", file: { version: 1, routes: [reads(...chats)] } });
    const message = `${WORKER} cannot find 2000001. The number you mean is -1000002000001.`;
    expect(await apply("-1001", "2000001")).toEqual({
      kind: "refused",
      problems: [{ route: "a", field: "from", message }],
    });
    expect(store.all()).toEqual([]);
    expect(await apply("-1001", "-100200300")).toMatchObject({
      kind: "applied",
      added: 1,
      notes: [{ route: "a", field: "from" }],
    });
    // What was there before is the card's and the alert's to tell.
    expect(await apply("-1001", "-100200300", "-1003")).toMatchObject({
      kind: "applied",
      changed: 1,
      notes: [],
    });
    store.replace([reads("2000001")], 5);
    expect(await apply("2000001", "-1003")).toMatchObject({
      kind: "applied",
      changed: 1,
      notes: [],
    });
  },
);

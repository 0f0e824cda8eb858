import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { RelayStatus } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { type QueuePlace, RelayBoard } from "@flotilla/queue";
import { webhookSecret } from "@flotilla/relay";
import { sharedRedis, testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import {
  content,
  FLEET_KEY,
  placeAt,
  post,
  type Running,
  route,
  runWorker,
  Targets,
  tellRoutes,
} from "./world.ts";

interface Pair {
  readonly place: QueuePlace;
  readonly dir: string;
  readonly targets: Targets;
  reader: Running;
  sender: Running;
}

async function pair(routes = [route()]): Promise<Pair> {
  const [place, dir, targets] = [
    placeAt((await sharedRedis()).url),
    await testDir(),
    new Targets(),
  ];
  const it: Pair = {
    place,
    dir,
    targets,
    reader: runWorker(dir, "reader", place, targets),
    sender: runWorker(dir, "sender", place, targets),
  };
  onTestFinished(async () => {
    await it.reader.close();
    await it.sender.close();
  });
  await change(it, routes);
  return it;
}

async function change({ place, reader }: Pair, routes: ReturnType<typeof route>[]): Promise<void> {
  await tellRoutes(place, "reader", routes);
  const wanted = JSON.stringify(routes);
  await waitFor(() => reader.store.relay.routes()?.body === wanted);
}

const counts = ({ reader }: Pair, id = "signals") => reader.store.relay.outbox.counts(id);
const settled = async (it: Pair): Promise<void> => {
  await waitFor(
    () =>
      it.reader.store.updates.pendingCount() === 0 &&
      it.reader.store.relay.outbox.depths().every(({ waiting }) => waiting === 0),
  );
};

test("matching messages arrive in order; others are counted and their text is not kept", async () => {
  const it = await pair([route({ filter: "btc" })]);
  it.reader.receive(
    post(1, "btc 1"),
    post(2, "eth"),
    post(3, "btc 3", { noforwards: true }),
    post(4, "btc 4"),
  );
  it.reader.receive(post(5, "btc 5", { ttlS: 1, media: { kind: "photo" } }), {
    ...post(6, "btc 6"),
    chat: "-1000000000009",
  });
  await waitFor(() => it.targets.in("-1000000000002").length === 2);
  expect(it.targets.in("-1000000000002")).toEqual(["btc 1", "btc 4"]);
  await settled(it);
  expect(counts(it)).toEqual({ matched: 2, delivered: 2, filtered: 1, protected: 1, ephemeral: 1 });
  expect(it.reader.store.relay.outbox.deliveries("signals", 9)).toHaveLength(2);
});

test("after a lost answer the call is repeated, and Telegram drops the second copy", async () => {
  const it = await pair();
  it.targets.lost = 1;
  it.reader.receive(post(1, "one"), post(2, "two"));
  await waitFor(() => it.targets.in("-1000000000002").length === 2);
  expect(it.targets.in("-1000000000002")).toEqual(["one", "two"]);
  expect(it.targets.duplicates).toBe(1);
  await settled(it);
  expect(it.reader.store.relay.map.delivered("signals", "-1000000000001", 1)).toMatchObject({
    message: null,
    chat: "-1000000000002",
    topic: null,
  });
});

test("a restart of reader and sender loses no message and sends none twice", async () => {
  const it = await pair();
  it.targets.fault = () => new Error("link-lost");
  it.reader.receive(...Array.from({ length: 30 }, (_, n) => post(n + 1, `m${n}`)));
  await waitFor(() => it.reader.store.relay.outbox.head("signals"));
  await it.reader.close();
  await it.sender.close();
  it.targets.fault = () => null;
  it.reader = runWorker(it.dir, "reader", it.place, it.targets);
  it.sender = runWorker(it.dir, "sender", it.place, it.targets);
  await waitFor(() => it.targets.posted.length === 30);
  expect(it.targets.in("-1000000000002")).toEqual(Array.from({ length: 30 }, (_, n) => `m${n}`));
});

test("replies, edits and deletions follow the message; an album stays together", async () => {
  const it = await pair();
  it.reader.receive(post(1, "first"), post(2, "second", { replyTo: 1 }));
  const photo = { media: { kind: "photo" }, groupedId: "g" };
  it.reader.receive(post(3, "album", photo));
  it.reader.receive(post(4, "", photo));
  await waitFor(() => it.targets.posted.length === 4);
  expect(it.targets.posted.map(({ id, replyTo, from }) => [id, replyTo, from])).toEqual([
    [1, null, null],
    [2, 1, null],
    [3, null, 3],
    [4, null, 4],
  ]);
  const edit = { ...post(2, "second, mended"), kind: "edit" as const, version: 9 };
  const gone = { ...post(1, ""), kind: "delete" as const, version: 10, content: null };
  it.reader.receive(edit, gone, edit);
  await waitFor(
    () => it.targets.posted[0]?.deleted && it.targets.posted[1]?.text === "second, mended",
  );
  await settled(it);
  expect(counts(it)).toMatchObject({ delivered: 3, edited: 1, deleted: 1 });
});

test("a flood wait parks one route and no other; a message that the target refuses is set aside", async () => {
  const other = route({
    id: "other",
    to: { kind: "worker", worker: "sender", chat: "-1000000000003" },
  });
  const it = await pair([route(), other]);
  let floods = 1;
  it.targets.fault = (chat, text) => {
    if (chat === "-1000000000002" && floods-- > 0) return new Error("SLOWMODE_WAIT_1");
    return text === "bad" && chat === "-1000000000002" ? new Error("MESSAGE_TOO_LONG") : null;
  };
  it.reader.receive(post(1, "a"), post(2, "bad"), post(3, "c"));
  await waitFor(() => it.targets.in("-1000000000003").length === 3);
  expect(it.targets.in("-1000000000002")).toEqual([]);
  await waitFor(() => it.targets.in("-1000000000002").length === 2);
  expect(it.targets.in("-1000000000002")).toEqual(["a", "c"]);
  expect(it.reader.store.relay.outbox.poison("signals", 9)).toMatchObject([
    { reason: "MESSAGE_TOO_LONG" },
  ]);
  it.targets.fault = () => null;
  expect(it.reader.relay.poison("signals", "retry")).toBe(1);
  await waitFor(() => it.targets.in("-1000000000002").length === 3);
});

test(
  "a target that refuses everything stops its route with the reason; the route resumes when " +
    "woken",
  async () => {
    const it = await pair();
    it.targets.fault = () => new Error("CHAT_WRITE_FORBIDDEN");
    it.reader.receive(post(1, "a"), post(2, "b"));
    const board = new RelayBoard(it.place, () => {});
    onTestFinished(() => board.close());
    const status = await waitFor(async () => {
      const seen = await board.read(parseWorkerId("reader"));
      return seen?.routes[0]?.blocked ? seen : null;
    });
    expect(RelayStatus.parse(status).routes[0]).toMatchObject({
      waiting: 2,
      poison: 0,
      reason: "CHAT_WRITE_FORBIDDEN",
      stuck: { kind: "blocked", code: "CHAT_WRITE_FORBIDDEN" },
    });
    it.targets.fault = () => null;
    it.reader.relay.wake("signals");
    await waitFor(() => it.targets.in("-1000000000002").length === 2);
  },
);

test("the status names an absent sender; waiting messages are on disk", async () => {
  const it = await pair();
  await it.sender.close();
  it.reader.receive(post(1, "a"));
  const board = new RelayBoard(it.place, () => {});
  onTestFinished(() => board.close());
  await waitFor(async () =>
    (await board.read(parseWorkerId("reader")))?.routes[0]?.reason?.includes(
      "sender has not answered",
    ),
  );
  it.sender = runWorker(it.dir, "sender", it.place, it.targets);
  await waitFor(() => it.targets.in("-1000000000002").length === 1);
});

test("a disabled route waits, a removed one is forgotten", async () => {
  const it = await pair();
  it.targets.fault = () => new Error("link-lost");
  it.reader.receive(post(1, "a"));
  await waitFor(() => it.reader.store.relay.outbox.head("signals"));
  await change(it, [route({ on: false })]);
  it.targets.fault = () => null;
  expect(it.reader.relay.wants("-1000000000001")).toBe(false);
  await change(it, []);
  await waitFor(() => it.reader.store.relay.outbox.head("signals") === null);
  expect(it.targets.posted).toEqual([]);
});

test("backfill delivers missing messages, oldest first, and none twice", async () => {
  const it = await pair([route({ filter: "not skip" })]);
  it.reader.receive(post(3, "three"));
  await waitFor(() => it.targets.posted.length === 1);
  const old = (id: number, text: string) => ({
    chat: "-1000000000001",
    id,
    date: id * 1000,
    senderName: null,
    senderUsername: null,
    sender: null,
    chatTitle: null,
    chatUsername: null,
    topic: null,
    ...pick(content(text)),
  });
  it.targets.history = [old(1, "one"), old(2, "skip"), old(3, "three"), old(4, "four")];
  expect(await it.reader.relay.dryRun(route({ filter: "not skip" }))).toMatchObject([
    { text: "four", verdict: "take" },
    { verdict: "take" },
    { text: "skip", verdict: "filtered" },
    { verdict: "take" },
  ]);
  it.reader.relay.backfill("signals", { last: 10 });
  await waitFor(() => it.targets.posted.length === 3);
  it.reader.relay.backfill("signals", { since: 0 });
  await settled(it);
  expect(it.targets.in("-1000000000002")).toEqual(["three", "one", "four"]);
});

function pick({ text, groupedId, replyTo }: ReturnType<typeof content>) {
  return {
    text,
    groupedId,
    replyTo,
    entities: [],
    media: null,
    protected: false,
    ephemeral: false,
  };
}

test("a webhook is called once per message, signed, and again after an error", async () => {
  const calls: { body: string; signature: string; key: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const [signature, key] = [
        request.headers["x-flotilla-signature"],
        request.headers["idempotency-key"],
      ].map(String);
      calls.push({
        body: Buffer.concat(chunks).toString(),
        signature: signature ?? "",
        key: key ?? "",
      });
      response.writeHead(calls.length === 1 ? 429 : 204, { "retry-after": "1" }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const it = await pair([route({ to: { kind: "webhook", url: `http://127.0.0.1:${port}/hook` } })]);
  it.reader.receive(post(1, "one"), post(2, "two"));
  await waitFor(() => calls.length === 3);
  expect(calls.map(({ body }) => (JSON.parse(body) as { text: string }).text)).toEqual([
    "one",
    "one",
    "two",
  ]);
  expect(new Set(calls.map(({ key }) => key)).size).toBe(2);
  const [, time = "", mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(calls[0]?.signature ?? "") ?? [];
  expect(
    createHmac("sha256", webhookSecret(FLEET_KEY, "signals"))
      .update(`${time}.${calls[0]?.body}`)
      .digest("hex"),
  ).toBe(mac);
});

test("a source is read from the moment its name is known", async () => {
  const it = await pair([route({ from: { worker: "reader", chats: ["@signals_1"] } })]);
  expect(it.reader.relay.wants("-1000000000001")).toBe(false);
  it.reader.store.entities.upsert([
    { id: "-1000000000001", hash: "1", username: "signals_1", phone: null, name: "Signals" },
  ]);
  await it.reader.relay.resolveNames();
  expect(it.reader.relay.wants("-1000000000001")).toBe(true);
  await change(it, [route({ from: { worker: "reader", chats: ["@unknown_1"] } })]);
  it.reader.store.entities.upsert([
    { id: "-1000000000006", hash: "1", username: "unknown_1", phone: null, name: "Unknown" },
  ]);
  await waitFor(() => it.reader.relay.wants("-1000000000006"));
});

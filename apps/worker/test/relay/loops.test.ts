import { randomBytes } from "node:crypto";
import { AppError } from "@flotilla/kernel";
import { type QueuePlace, RelayBoard } from "@flotilla/queue";
import { sharedRedis, testDir, waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { placeAt, post, type Running, route, runWorker, Targets, tellRoutes } from "./world.ts";

interface One {
  readonly place: QueuePlace;
  readonly dir: string;
  readonly targets: Targets;
  worker: Running;
}

/** One worker that reads -1000000000001 and itself delivers to -1000000000002. */
async function one(routes = [own()], targets = new Targets()): Promise<One> {
  const [place, dir] = [placeAt((await sharedRedis()).url), await testDir()];
  const it: One = { place, dir, targets, worker: runWorker(dir, "reader", place, targets) };
  onTestFinished(async () => await it.worker.close());
  await tellRoutes(place, "reader", routes);
  await waitFor(() => it.worker.store.relay.routes() !== null);
  return it;
}

function own(change: object = {}) {
  return route({ to: { kind: "worker", worker: "reader", chat: "-1000000000002" }, ...change });
}

const echo = (id: number) => ({
  ...post(id, "buy BTC now", { from: "99" }),
  date: 1_800_000_000_000 + id * 3000,
});

test(
  "Telegram's copy in the discussion group counts as an own delivery, and so does a forward " +
    "of one",
  async () => {
    const { worker, targets } = await one();
    worker.receive(post(1, "first"));
    await waitFor(() => worker.store.relay.outbox.counts("signals")["delivered"] === 1);
    const delivered = targets.posted[0]?.id ?? 0;
    const origin = { chat: "-1000000000002", message: delivered };
    worker.receive(
      post(2, "first", { from: "-1000000000002", origins: [origin, origin] }),
      post(3, "first", { from: "55", origins: [{ chat: "77", message: null }, origin] }),
      // Arrives before its sender confirms the delivery.
      post(4, "first", {
        from: "55",
        origins: [{ chat: "-1000000000002", message: delivered + 1 }],
      }),
      post(5, "first", {
        from: "55",
        origins: [{ chat: "-1000000000009", message: delivered + 1 }],
      }),
    );
    await waitFor(() => worker.store.relay.outbox.counts("signals")["delivered"] === 2);
    expect(worker.store.relay.outbox.counts("signals")).toEqual({
      matched: 2,
      delivered: 2,
      "own-relay": 3,
    });
  },
);

test(
  "a text that keeps coming back stops its route with the reason, also after a restart; no " +
    "message is lost",
  async () => {
    const it = await one();
    for (let id = 1; id <= 30; id++) it.worker.receive(echo(id));
    await waitFor(() => it.worker.store.routeStops.get("signals")?.code === "loop");
    await waitFor(() => it.worker.store.updates.pendingCount() === 0);
    const delivered = it.targets.in("-1000000000002").length;
    expect(delivered).toBeLessThan(30);
    await it.worker.close();
    it.worker = runWorker(it.dir, "reader", it.place, it.targets);
    const board = new RelayBoard(it.place, () => {});
    onTestFinished(() => board.close());
    const status = async () =>
      (await board.all()).find(({ worker }) => worker === "reader")?.routes[0];
    await waitFor(async () => (await status())?.stuck?.code === "loop");
    expect(await status()).toMatchObject({
      blocked: true,
      stuck: { kind: "blocked", code: "loop" },
    });
    it.worker.relay.wake("signals");
    await waitFor(() => it.targets.in("-1000000000002").length === 30);
    for (let id = 31; id <= 60; id++) it.worker.receive(echo(id));
    await waitFor(() => it.targets.in("-1000000000002").length === 60);
  },
);

test("a message that is retried, such as on a full disk, counts as one message", async () => {
  const { worker, targets } = await one();
  const full = vi.spyOn(worker.store.relay.outbox, "take").mockImplementation(() => {
    throw new AppError("sqlite-full", "The disk is full.");
  });
  worker.receive(echo(1));
  await waitFor(() => full.mock.calls.length >= 15);
  full.mockRestore();
  await waitFor(() => targets.in("-1000000000002").length === 1);
  expect(worker.store.routeStops.get("signals")).toBeNull();
});

test("a changed route starts again, and another route continues meanwhile", async () => {
  const other = own({
    id: "other",
    from: { worker: "reader", chats: ["-1000000000001"] },
    filter: "eth",
  });
  const it = await one([own(), other]);
  for (let id = 1; id <= 12; id++) it.worker.receive(echo(id));
  it.worker.receive(post(13, "eth up"));
  await waitFor(() => it.worker.store.relay.outbox.counts("other")["delivered"] === 1);
  expect(it.worker.store.routeStops.get("signals")?.code).toBe("loop");
  await tellRoutes(it.place, "reader", [own({ filter: "btc" }), other]);
  await waitFor(() => it.worker.store.relay.outbox.depths().every(({ waiting }) => waiting === 0));
  expect(it.worker.store.routeStops.get("signals")).toBeNull();
});

test("no route reads a service chat", async () => {
  const it = await one([own({ from: { worker: "reader", chats: ["777000", "-1000000000001"] } })]);
  expect([...it.worker.relay.sources()]).toEqual(["-1000000000001"]);
  it.worker.receive({ ...post(1, "Login code: 12345."), chat: "777000", box: "account" });
  it.worker.receive(
    post(2, "Login code: 12345.", { origins: [{ chat: "777000", message: 1 }] }),
    post(3, "hello"),
  );
  await waitFor(() => it.targets.in("-1000000000002").length === 1);
  expect(it.targets.in("-1000000000002")).toEqual(["hello"]);
  expect(it.worker.store.relay.outbox.counts("signals")).toEqual({
    matched: 1,
    delivered: 1,
    protected: 1,
  });
});

test("a dry run refuses a route from a discussion group to its channel and names the channel", async () => {
  const { worker, targets } = await one();
  targets.linked.set("-1000000000001", { chat: "-1000000000002", username: "the_channel" });
  for (const chat of ["-1000000000002", "@The_Channel"])
    await expect(
      worker.relay.dryRun(own({ to: { kind: "bot", chat } })),
      chat,
    ).rejects.toMatchObject({
      code: "loop",
      message: expect.stringContaining("discussion group"),
    });
  await expect(
    worker.relay.dryRun(own({ to: { kind: "bot", chat: "-1000000000003" } })),
  ).resolves.toEqual([]);
});

test("the worker looks up the channel behind a source once and reports it to the bot", async () => {
  const targets = new Targets();
  targets.linked.set("-1000000000001", { chat: "-1000000000007", username: null });
  const it = await one([own()], targets);
  const board = new RelayBoard(it.place, () => {});
  onTestFinished(() => board.close());
  await waitFor(
    async () =>
      (await board.all()).find(({ worker }) => worker === "reader")?.sources[0]?.copiesOf?.chat ===
      "-1000000000007",
  );
});

test(
  "a message of a chat that restricts saving is not copied, also when the message lacks the " +
    "flag",
  async () => {
    const { worker, targets } = await one();
    const entity = { id: "-1000000000001", hash: "7", username: null, phone: null, name: "Sealed" };
    const edit = { ...post(1, "edited"), kind: "edit" as const, version: 9 };
    worker.store.entities.upsert([{ ...entity, protected: true }]);
    worker.receive(
      post(1, "secret"),
      edit,
      post(2, "secret", { media: { kind: "photo" }, groupedId: "5" }),
    );
    await waitFor(() => worker.store.updates.pendingCount() === 0);
    worker.store.entities.upsert([{ ...entity, protected: false }]);
    worker.receive(post(3, "free"));
    await waitFor(() => targets.in("-1000000000002").length === 1);
    expect(targets.in("-1000000000002")).toEqual(["free"]);
    expect(worker.store.relay.outbox.counts("signals")).toEqual({
      matched: 1,
      delivered: 1,
      protected: 2,
    });
  },
);

describe("field fault F14: an own delivery is recognised by its chat, under any name in the route", () => {
  const back = (chats: string[]) =>
    own({
      id: "back",
      from: { worker: "reader", chats },
      to: { kind: "worker", worker: "reader", chat: "-1000000000003" },
    });

  test.each([
    ["a name in other letters", "@MYNews", "-1000000000002", "-1000000000002"],
    ["a name, read by its name", "@mynews", "-1000000000002", "@MyNews"],
    ["Saved Messages", "me", "4711", "4711"],
  ])("%s", async (_name, target, chat, source) => {
    const it = await one([]);
    const entity = { hash: "7", phone: null, name: "Mine" };
    it.worker.store.beginLogin();
    it.worker.store.setDc({ id: 2, address: "127.0.0.1", port: 1 });
    it.worker.store.setAuthKey(randomBytes(256));
    it.worker.store.commitLogin({ id: "4711", username: null, name: "Me", phone: null });
    it.worker.store.entities.upsert([{ id: "-1000000000002", username: "mynews", ...entity }]);
    await tellRoutes(it.place, "reader", [
      own({ to: { kind: "worker", worker: "reader", chat: target } }),
      back([source]),
    ]);
    await waitFor(() => it.worker.store.relay.routes()?.body.includes('"back"') === true);
    it.worker.receive(post(1, "first"));
    await waitFor(() => it.worker.store.relay.outbox.counts("signals")["delivered"] === 1);
    const delivered = it.targets.posted[0]?.id ?? 0;
    const there = { chat, box: "2" };
    it.worker.receive(
      { ...post(delivered, "first"), ...there },
      { ...post(delivered + 90, "of a person"), ...there },
    );
    await waitFor(() => it.worker.store.relay.outbox.counts("back")["delivered"] === 1);
    expect(it.worker.store.relay.outbox.counts("back")).toMatchObject({
      "own-relay": 1,
      matched: 1,
    });
    expect(it.targets.in("-1000000000003")).toEqual(["of a person"]);
  });
});

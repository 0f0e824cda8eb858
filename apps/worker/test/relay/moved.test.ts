import type { Route } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { RelayBoard } from "@flotilla/queue";
import type { InboxEvent } from "@flotilla/session-store";
import { sharedRedis, testDir, waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { route as aRoute, placeAt, post, runWorker, Targets, tellRoutes } from "./world.ts";

const OLD = "-1000000000001";
const STRANGER = "-1000000000066";
const GROUP = "-4711";
const GROUP_2 = "-4713";
const SUPERGROUP = "-1000000004712";
const TARGET = "-1000000000002";

async function pair(change: Parameters<typeof aRoute>[0] = {}) {
  const [place, dir, targets] = [
    placeAt((await sharedRedis()).url),
    await testDir(),
    new Targets(),
  ];
  const reader = runWorker(dir, "reader", place, targets);
  const sender = runWorker(dir, "sender", place, targets);
  onTestFinished(async () => {
    await reader.close();
    await sender.close();
  });
  const named = (id: string, username: string | null): void =>
    reader.store.entities.upsert([{ id, hash: "7", username, phone: null, name: id }]);
  named(OLD, "news");
  const tell = async (more: Parameters<typeof aRoute>[0]): Promise<void> => {
    const routes: Route[] = [aRoute(more)];
    await tellRoutes(place, "reader", routes);
    await waitFor(() => reader.store.relay.routes()?.body === JSON.stringify(routes));
  };
  await tell(change);
  const board = new RelayBoard(place, () => {});
  onTestFinished(() => board.close());
  const status = async () => (await board.read(parseWorkerId("reader")))?.routes[0];
  const delivered = (count: number) =>
    waitFor(() => reader.store.relay.outbox.counts("signals")["delivered"] === count);
  const tellNothing = async (): Promise<void> => await tellRoutes(place, "reader", []);
  return { targets, reader, sender, named, status, delivered, tell, tellNothing };
}

const from = (
  chat: string,
  id: number,
  text: string,
  more: Parameters<typeof post>[2] = {},
): InboxEvent => ({
  ...post(id, text, more),
  chat,
  box: chat,
});

describe("field fault F20: a name that another account takes", () => {
  const byName = { from: { worker: "reader", chats: ["@News"] } };

  test(
    "a source without its name is still read; a new owner of the name stops the route until an " +
      "admin accepts it",
    async () => {
      const it = await pair(byName);
      it.reader.receive(from(OLD, 1, "one"));
      await it.delivered(1);
      it.named(OLD, null);
      it.reader.receive(from(OLD, 2, "two"));
      await it.delivered(2);
      it.named(STRANGER, "news");
      await waitFor(async () => (await it.status())?.stuck?.code === "name-moved");
      it.reader.receive(from(STRANGER, 3, "of a stranger"));
      await waitFor(() => it.reader.store.updates.pendingCount() === 0);
      expect(it.targets.in(TARGET)).toEqual(["one", "two"]);
      it.reader.relay.wake("signals");
      it.reader.receive(from(STRANGER, 4, "of the new one"));
      await it.delivered(3);
      expect(it.targets.in(TARGET)).toEqual(["one", "two", "of the new one"]);
    },
  );

  test("a target without its name still gets messages; a new owner of the name gets none", async () => {
    const it = await pair({ to: { kind: "worker", worker: "sender", chat: "@digest" } });
    it.targets.names.set("@digest", TARGET);
    it.reader.receive(post(1, "one"));
    await it.delivered(1);
    it.targets.names.delete("@digest");
    it.reader.receive(post(2, "two"));
    await it.delivered(2);
    it.targets.names.set("@digest", STRANGER);
    it.reader.receive(post(3, "three"));
    const stuck = await waitFor(async () =>
      (await it.status())?.blocked ? await it.status() : null,
    );
    expect(stuck).toMatchObject({
      stuck: { code: "name-moved" },
      reason: expect.stringContaining(TARGET),
    });
    expect([it.targets.in(TARGET), it.targets.in(STRANGER)]).toEqual([["one", "two"], []]);
    await it.tell({ to: { kind: "worker", worker: "sender", chat: TARGET } });
    await it.delivered(3);
    expect(it.targets.in(TARGET)).toEqual(["one", "two", "three"]);
  });

  const digest = (worker: string) => ({ to: { kind: "worker", worker, chat: "@digest" } });
  test.each([
    ["was taken away and is put back", "sender", null],
    ["is put back, where the account that reads delivers, too", "reader", null],
    [
      "delivered elsewhere meanwhile",
      "sender",
      { to: { kind: "worker", worker: "sender", chat: "-1000000000077" } },
    ],
    ["was another account's meanwhile", "sender", digest("reader")],
  ])(
    "a route that %s means by the name of its target what that leads to then",
    async (_what, worker, meanwhile) => {
      const it = await pair(digest(worker));
      it.targets.names.set("@digest", TARGET);
      it.reader.receive(post(1, "one"));
      await it.delivered(1);
      if (meanwhile === null) await it.tellNothing();
      else await it.tell(meanwhile);
      const sender = worker === "reader" ? it.reader : it.sender;
      await waitFor(() => sender.store.chatPins.get("to signals", "@digest") === null);
      it.targets.names.set("@digest", STRANGER);
      await it.tell(digest(worker));
      it.reader.receive(post(2, "two"));
      await it.delivered(2);
      expect([it.targets.in(TARGET), it.targets.in(STRANGER)]).toEqual([["one"], ["two"]]);
    },
  );
});

describe("field fault B11: a source that is no chat of the account", () => {
  test.each([
    ["4712", `4712 → ${SUPERGROUP}`],
    ["-4712", `-4712 → ${SUPERGROUP}`],
    ["1004712", "1004712"],
    ["-1000000000077", "-1000000000077"],
    ["@missing_1", "@missing_1"],
  ])("%s is reported at once", async (ref, told) => {
    const it = await pair({ from: { worker: "reader", chats: [ref, OLD] } });
    it.named(SUPERGROUP, null);
    await it.reader.relay.resolveNames();
    await waitFor(async () => ((await it.status())?.unknownChats.length ?? 0) > 0);
    expect((await it.status())?.unknownChats).toEqual([told]);
    const [unknown = ""] = told.split(" → ");
    const meant = told === unknown ? null : SUPERGROUP;
    expect(await it.reader.relay.find([ref, OLD, "@news", SUPERGROUP])).toEqual([
      { ref: unknown, meant },
    ]);
  });

  test("of an account with more chats than were learned, only a number with a better one is told", async () => {
    const it = await pair({ from: { worker: "reader", chats: [OLD] } });
    it.targets.knowsAll = false;
    it.named(SUPERGROUP, null);
    expect(await it.reader.relay.find(["1004712", "4712"])).toEqual([
      { ref: "4712", meant: SUPERGROUP },
    ]);
  });

  test("nothing is told before Telegram was asked, or when it does not answer", async () => {
    const it = await pair({ from: { worker: "reader", chats: [OLD] } });
    it.targets.onResolve = () => {
      throw new Error("FLOOD_WAIT_5");
    };
    await it.tell({ from: { worker: "reader", chats: ["@missing_1", OLD] } });
    await it.reader.relay.resolveNames();
    await expect(it.reader.relay.find(["@missing_1"])).rejects.toThrow("FLOOD_WAIT_5");
    await waitFor(async () => ((await it.status())?.waiting ?? -1) >= 0);
    expect((await it.status())?.unknownChats).toEqual([]);
  });

  test("a name that a chat takes later resolves then", async () => {
    const it = await pair({ from: { worker: "reader", chats: ["@later_1", OLD] } });
    await it.reader.relay.resolveNames();
    await waitFor(async () => ((await it.status())?.unknownChats.length ?? 0) > 0);
    it.named(STRANGER, "later_1");
    await waitFor(async () => (await it.status())?.unknownChats.length === 0);
    expect(it.reader.relay.sources()).toContain(STRANGER);
  });
});

test("field fault B4: the card is told which chats of a route moved, sources and targets", async () => {
  const it = await pair({
    from: { worker: "reader", chats: [GROUP, OLD] },
    to: { kind: "worker", worker: "sender", chat: GROUP_2 },
  });
  it.reader.store.chatPins.moved(GROUP, SUPERGROUP);
  it.sender.store.chatPins.moved(GROUP_2, TARGET);
  it.reader.receive(from(OLD, 1, "one"));
  await it.delivered(1);
  await waitFor(async () => (await it.status())?.moved.length === 2);
  expect((await it.status())?.moved).toEqual([
    { chat: GROUP, to: SUPERGROUP },
    { chat: GROUP_2, to: TARGET },
  ]);
});

describe("field fault B4: a group that becomes a supergroup", () => {
  test("is read under its new number", async () => {
    const it = await pair({ from: { worker: "reader", chats: [GROUP] } });
    it.reader.receive(from(GROUP, 1, "one"));
    await it.delivered(1);
    it.reader.store.chatPins.moved(GROUP, SUPERGROUP);
    await waitFor(() => it.reader.relay.sources().has(SUPERGROUP));
    it.reader.receive(from(SUPERGROUP, 2, "two"));
    await it.delivered(2);
    expect(it.targets.in(TARGET)).toEqual(["one", "two"]);
  });

  test("gets messages under its new number; answers and edits follow messages of the new chat only", async () => {
    const it = await pair({ to: { kind: "worker", worker: "sender", chat: GROUP } });
    it.reader.receive(post(1, "one"));
    await it.delivered(1);
    it.sender.store.chatPins.moved(GROUP, SUPERGROUP);
    it.reader.receive(post(2, "answers the old one", { replyTo: 1 }), post(3, "three"));
    await it.delivered(3);
    const edit = (id: number, version: number, text: string): InboxEvent => ({
      ...post(id, text),
      kind: "edit",
      version,
    });
    it.reader.receive(
      edit(1, 8, "one, mended"),
      edit(3, 9, "three, mended"),
      post(4, "answers the new one", { replyTo: 3 }),
    );
    await it.delivered(4);
    expect(it.targets.in(GROUP)).toEqual(["one"]);
    expect(it.targets.in(SUPERGROUP)).toEqual([
      "answers the old one",
      "three, mended",
      "answers the new one",
    ]);
    const three = it.targets.posted.find(({ text }) => text === "three, mended")?.id;
    expect(it.targets.posted.map(({ replyTo }) => replyTo)).toEqual([null, null, null, three]);
  });

  test("when its first event is an edit, no message there changes", async () => {
    const it = await pair({ to: { kind: "worker", worker: "sender", chat: GROUP } });
    it.reader.receive(post(1, "one"));
    await it.delivered(1);
    it.sender.store.chatPins.moved(GROUP, SUPERGROUP);
    it.reader.receive({ ...post(1, "one, mended"), kind: "edit", version: 8 }, post(2, "two"));
    await it.delivered(2);
    expect([it.targets.in(GROUP), it.targets.in(SUPERGROUP)]).toEqual([["one"], ["two"]]);
  });
});

import { markedChannel } from "@flotilla/kernel";
import type { SessionStore } from "@flotilla/session-store";
import { type AccountConnection, FloodGate } from "@flotilla/telegram";
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { account, newStore, watch } from "../kit.ts";
import { useSandbox } from "../world.ts";

const world = useSandbox();

async function member(): Promise<{
  phone: string;
  store: SessionStore;
  connection: AccountConnection;
}> {
  const phone = world.person();
  const store = await newStore();
  await world.logIn(store, phone);
  const clock = { now: () => Date.now(), monotonicMs: () => performance.now() };
  const rate = { perMinute: 60_000, burst: 100, perChatMs: 0, perChatMinute: 1000 };
  const gate = new FloodGate({ table: store.flood, clock, rate });
  const { connection, reached } = watch({ ...account(world.server), store, gate });
  connection.start();
  await reached("ready");
  return { phone, store, connection };
}

test(
  "the chat with the login codes can be read, written to, forwarded from and listed by no " +
    "call",
  async () => {
    const { phone, store, connection } = await member();
    // A second login puts its code into the service chat of the first.
    await world.flow(await newStore()).sendCode(phone);
    await waitFor(() => store.entities.byId("777000") !== null);
    const { calls } = connection;
    const chat = "777000";
    const place = { chat, topic: null };
    const forward = {
      fromChat: chat,
      fromUsername: null,
      ids: [1],
      randomIds: ["1"],
      dropAuthor: true,
    };
    const text = { text: "x", entities: [], replyTo: null, randomId: "2" };
    const ways: readonly (readonly [string, () => Promise<unknown>])[] = [
      ["history", () => calls.history(place, 0, 10)],
      ["topics", () => calls.topics(chat)],
      ["linked channel", () => calls.linkedChannel(chat)],
      ["forward from", () => calls.forward({ chat: "me", topic: null }, forward)],
      ["forward to", () => calls.forward(place, { ...forward, fromChat: "me" })],
      ["send", () => calls.send(place, text)],
      ["edit", () => calls.edit(place, 1, text)],
      ["delete", () => calls.delete(place, [1])],
      ["a file", () => calls.files.find(chat, 1)],
    ];
    for (const [what, way] of ways)
      await expect(way(), what).rejects.toMatchObject({ code: "service-chat" });
    expect((await calls.chats()).map(({ ref }) => ref)).not.toContain(chat);
  },
);

test("a message of the service chat is not had under the number of another chat", async () => {
  const { phone, store, connection } = await member();
  await world.flow(await newStore()).sendCode(phone);
  const code = (): number | undefined =>
    store.updates.pending(99).find((row) => row.chat === "777000")?.messageId;
  await waitFor(() => code() !== undefined);
  await expect(connection.calls.files.find("me", code() ?? 0)).rejects.toMatchObject({
    code: "file-gone",
  });
});

test(
  "a discussion group names its channel, a channel names nothing, and each post comes as a " +
    "forward of it",
  async () => {
    const { phone, store, connection } = await member();
    const channel = world.sandbox.world.createChannel({
      title: "News",
      username: "the_news_1",
      members: [phone],
    }).id;
    const group = world.sandbox.world.createChannel({
      title: "Talk",
      members: [phone],
      discusses: channel,
    }).id;
    const plain = world.sandbox.world.createChannel({
      title: "Alone",
      members: [phone],
      supergroup: true,
    }).id;
    for (const id of [channel, group, plain])
      await waitFor(() => store.entities.byId(`-100${id}`) !== null);
    const linked = (id: string) => connection.calls.linkedChannel(`-100${id}`);
    expect(await linked(group)).toEqual({ chat: `-100${channel}`, username: "the_news_1" });
    expect([await linked(channel), await linked(plain)]).toEqual([null, null]);
    const post = world.sandbox.world.postToChannel(channel, "hello");
    await waitFor(
      async () =>
        (await connection.calls.history({ chat: `-100${group}`, topic: null }, 0, 9)).length > 0,
    );
    const [copy] = await connection.calls.history({ chat: `-100${group}`, topic: null }, 0, 9);
    const origin = { chat: `-100${channel}`, message: post };
    expect(copy?.content).toMatchObject({
      text: "hello",
      from: `-100${channel}`,
      origins: [origin, origin],
    });
  },
);

test("the numbers of all chats are learned, page by page", async () => {
  const { phone, store, connection } = await member();
  const { world: telegram } = world.sandbox;
  const ids = Array.from(
    { length: 103 },
    (_, n) => telegram.createChannel({ title: `C${n}`, members: [phone] }).id,
  );
  for (const id of ids) telegram.postToChannel(id, "first");
  expect(await connection.calls.chats()).toHaveLength(100);
  expect(await connection.calls.learnChats()).toBe(true);
  for (const id of ids) expect(store.entities.byId(markedChannel(id)), id).not.toBeNull();
});

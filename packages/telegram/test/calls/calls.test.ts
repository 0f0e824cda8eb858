import type { SessionStore } from "@flotilla/session-store";
import {
  type AccountConnection,
  classify,
  FloodGate,
  type FormattedText,
} from "@flotilla/telegram";
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { account, newStore, watch } from "../kit.ts";
import { useSandbox } from "../world.ts";

const world = useSandbox();
const FREE = { perMinute: 60_000, burst: 100, perChatMs: 0, perChatMinute: 1000 };

interface Member {
  readonly phone: string;
  readonly store: SessionStore;
  readonly connection: AccountConnection;
  readonly allowed: { mayAct: boolean };
}

async function member(): Promise<Member> {
  const phone = world.person();
  const store = await newStore();
  await world.logIn(store, phone);
  const allowed = { mayAct: true };
  const clock = { now: () => Date.now(), monotonicMs: () => performance.now() };
  const gate = new FloodGate({ table: store.flood, clock, rate: FREE });
  const { connection, reached } = watch({
    ...account(world.server),
    store,
    gate,
    mayAct: () => allowed.mayAct,
  });
  connection.start();
  await reached("ready");
  return { phone, store, connection, allowed };
}

const plain = (text: string): FormattedText => ({ text, entities: [] });

/** A channel whose owner is the member. */
function ownChannel({ phone }: Member): string {
  return `-100${world.sandbox.world.createChannel({ title: "Out", members: [phone] }).id}`;
}

async function knows(store: SessionStore, chat: string): Promise<void> {
  await waitFor(() => store.entities.byId(chat) !== null);
}

test("a text goes out once, its id is told, and it is in the own inbox as sent", async () => {
  const { store, connection, phone } = await member();
  const to = { chat: "me", topic: null };
  const message = { ...plain("hello"), replyTo: null, randomId: "77" };
  const id = await connection.calls.send(to, message);
  expect(id).toBeGreaterThan(0);
  await expect(connection.calls.send(to, message)).rejects.toThrow("RANDOM_ID_DUPLICATE");
  expect(
    world.sandbox.world.history(phone, phone).filter(({ text }) => text === "hello"),
  ).toHaveLength(1);
  await waitFor(() =>
    store.updates.pending(9).some((row) => row.messageId === id && row.content?.out),
  );
});

test("edit, forward and delete do what they say, in a channel and in a private chat", async () => {
  const one = await member();
  const chat = ownChannel(one);
  await knows(one.store, chat);
  const to = { chat, topic: null };
  const id = await one.connection.calls.send(to, {
    ...plain("first"),
    replyTo: null,
    randomId: "1",
  });
  const texts = (): string[] =>
    world.sandbox.world.history(one.phone, chat.slice(4)).map(({ text }) => text);
  await one.connection.calls.edit(to, id ?? 0, plain("second"));
  expect(texts()).toEqual(["second"]);
  const forwarded = {
    fromChat: chat,
    fromUsername: null,
    ids: [id ?? 0],
    randomIds: ["-9"],
    dropAuthor: true,
  };
  const [copy] = await one.connection.calls.forward({ chat: "me", topic: null }, forwarded);
  expect(copy).toBeGreaterThan(0);
  await one.connection.calls.delete(to, [id ?? 0]);
  expect(texts()).toEqual([]);
  await one.connection.calls.delete({ chat: "me", topic: null }, [copy ?? 0]);
  expect(world.sandbox.world.history(one.phone, one.phone)).toEqual([]);
});

test(
  "names are resolved, an unknown name gives null, and a chat without an access hash is " +
    "refused",
  async () => {
    const { connection, store } = await member();
    world.sandbox.world.createAccount({
      phone: "15559990001",
      firstName: "Bob",
      username: "bobby",
    });
    const bob = world.sandbox.world.account("15559990001").id;
    expect(await connection.calls.resolve("@bobby")).toBe(bob);
    expect(store.entities.byUsername("bobby")?.id).toBe(bob);
    expect(await connection.calls.resolve("@missing_there")).toBeNull();
    const error = await connection.calls
      .send({ chat: "4711", topic: null }, { ...plain("x"), replyTo: null, randomId: "5" })
      .catch(classify);
    expect(error).toMatchObject({ class: "REQUEST", code: "unknown-peer" });
  },
);

test("old messages of a chat, newest first", async () => {
  const one = await member();
  const other = world.person();
  for (let n = 1; n <= 5; n++) world.sandbox.world.sendPrivate(other, one.phone, `m${n}`);
  const chat = world.sandbox.world.account(other).id;
  await knows(one.store, chat);
  const page = await one.connection.calls.history({ chat, topic: null }, 0, 3);
  expect(page.map(({ content }) => content?.text)).toEqual(["m5", "m4", "m3"]);
  const rest = await one.connection.calls.history(
    { chat, topic: null },
    page.at(-1)?.messageId ?? 0,
    100,
  );
  expect(rest.map(({ content }) => content?.text)).toEqual(["m2", "m1"]);
});

test("old messages behind a whole page of which nothing can be read", async () => {
  const one = await member();
  const other = world.person();
  for (let n = 1; n <= 6; n++) world.sandbox.world.sendPrivate(other, one.phone, `m${n}`, n > 2);
  const chat = world.sandbox.world.account(other).id;
  await waitFor(() => one.store.entities.byId(chat) !== null);
  const page = await one.connection.calls.history({ chat, topic: null }, 0, 4);
  expect(page.map(({ content }) => content?.text)).toEqual(["m2", "m1"]);
  expect(
    await one.connection.calls.history({ chat, topic: null }, page.at(-1)?.messageId ?? 0, 4),
  ).toEqual([]);
});

test("a flood wait stops sending to all chats, and reading continues", async () => {
  const { phone, connection, store } = await member();
  world.sandbox.world.faults.failCalls({
    method: "messages.sendMessage",
    code: 420,
    text: "FLOOD_WAIT_120",
    times: 1,
    phone,
  });
  const send = (randomId: string) =>
    connection.calls
      .send({ chat: "me", topic: null }, { ...plain("x"), replyTo: null, randomId })
      .catch(classify);
  expect(await send("1")).toMatchObject({ class: "FLOOD", waitS: 120 });
  const calls = world.sandbox.world.counters()["messages.sendMessage"];
  expect(await send("2")).toMatchObject({
    class: "FLOOD",
    code: "flood-wait",
    waitS: expect.any(Number),
  });
  expect(world.sandbox.world.counters()["messages.sendMessage"]).toBe(calls);
  expect(connection.gate.status().waits).toMatchObject([
    { method: "messages.sendMessage", peer: "" },
  ]);
  world.sandbox.world.sendPrivate(world.person(), phone, "still here");
  await waitFor(() => store.updates.pending(9).some((row) => row.content?.text === "still here"));
});

test("PEER_FLOOD stops sending until it is resumed", async () => {
  const { phone, connection } = await member();
  world.sandbox.world.faults.failCalls({
    method: "messages.sendMessage",
    code: 400,
    text: "PEER_FLOOD",
    times: 1,
    phone,
  });
  const send = (randomId: string) =>
    connection.calls
      .send({ chat: "me", topic: null }, { ...plain("x"), replyTo: null, randomId })
      .catch(classify);
  expect(await send("1")).toMatchObject({ class: "LIMITED", code: "PEER_FLOOD" });
  expect(await send("2")).toMatchObject({ class: "LIMITED", code: "sending-stopped" });
  connection.gate.resume();
  expect(await send("3")).toBeGreaterThan(0);
});

test("a process that has lost the account meanwhile does not act", async () => {
  const { connection, allowed, phone } = await member();
  allowed.mayAct = false;
  const sent = connection.calls.send(
    { chat: "me", topic: null },
    { ...plain("x"), replyTo: null, randomId: "1" },
  );
  await expect(sent).rejects.toMatchObject({ code: "lease-lost" });
  expect(world.sandbox.world.history(phone, phone)).toEqual([]);
});

test("without a connection a call says so", async () => {
  const { connection } = await member();
  await connection.stop();
  await expect(connection.calls.resolve("@x_y_z")).rejects.toMatchObject({ code: "not-connected" });
});

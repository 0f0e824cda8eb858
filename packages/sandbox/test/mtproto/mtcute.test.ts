import { createRequire } from "node:module";
import { MemoryStorage, TelegramClient } from "@mtcute/node";
import { addPublicKey, NodeCryptoProvider } from "@mtcute/node/utils.js";
import { NewMessage } from "telegram/events/index.js";
import { expect, it, onTestFinished } from "vitest";
import type { LocalTelegram, TlSchema } from "../../src/mtproto/index.ts";
import { readSchemaFile } from "../../src/mtproto/tl/schema-file.ts";
import { API_HASH, API_ID, loggedIn, stage, until } from "./support/kit.ts";

/** mtcute is a client of a much newer layer; its schema comes with its core. */
async function mtcuteSchema(): Promise<TlSchema> {
  const node = createRequire(import.meta.url).resolve("@mtcute/node");
  return await readSchemaFile(createRequire(node).resolve("@mtcute/core/tl/api-schema.json"));
}

function mtcuteClient(telegram: LocalTelegram, usePfs: boolean): TelegramClient {
  const crypto = new NodeCryptoProvider();
  addPublicKey(crypto, telegram.publicKeyPem);
  const dc = { id: 2, ipAddress: "127.0.0.1", port: telegram.port(2) };
  const client = new TelegramClient({
    apiId: API_ID,
    apiHash: API_HASH,
    storage: new MemoryStorage(),
    defaultDcs: { main: dc, media: dc },
    logLevel: 0,
    disableUpdates: false,
    network: { usePfs },
    crypto,
  });
  onTestFinished(() => client.destroy());
  return client;
}

it("mtcute makes a topic, lists it and writes in it", async () => {
  const { telegram, log } = await stage({ schemas: [await mtcuteSchema()] });
  const phone = "15550000001";
  telegram.world.createAccount({ phone });
  const { id } = telegram.world.createChannel({
    title: "Desk",
    username: "desk_1",
    members: [phone],
    forum: true,
  });
  const ann = mtcuteClient(telegram, false);
  await ann.start({
    phone,
    codeSentCallback: () => {},
    code: () => telegram.world.latestCode(phone)?.code ?? "",
  });
  const made = await ann.createForumTopic({ chatId: "desk_1", title: "alpha" });
  const sent = await ann.sendText("desk_1", "hello", { replyTo: made.id });
  expect([sent.isTopicMessage, sent.replyToMessage?.threadId ?? sent.replyToMessage?.id]).toEqual([
    true,
    made.id,
  ]);
  expect(
    (await ann.getForumTopics("desk_1")).map(({ id: topic, title }) => [topic, title]),
  ).toEqual([
    [made.id, "alpha"],
    [1, "General"],
  ]);
  await ann.forwardMessagesById({
    fromChatId: "desk_1",
    messages: [sent.id],
    toChatId: "desk_1",
    toThreadId: made.id,
  });
  expect(telegram.world.history(phone, id).map(({ text, topic }) => [text, topic])).toEqual([
    ["hello", made.id],
    ["hello", made.id],
  ]);
  expect(log).toEqual([]);
});

it.each([{ usePfs: false }, { usePfs: true }])(
  "mtcute logs in and talks to a GramJS client (usePfs: $usePfs)",
  async ({ usePfs }) => {
    const { telegram, log } = await stage({ schemas: [await mtcuteSchema()] });
    telegram.world.createAccount({ phone: "15550000001", username: "ann_g" });
    telegram.world.createAccount({ phone: "15550000002", username: "bob_m", password: "hush" });
    const ann = await loggedIn(telegram, "15550000001");
    const bob = mtcuteClient(telegram, usePfs);
    const received: string[] = [];
    const me = await bob.start({
      phone: "15550000002",
      codeSentCallback: () => {},
      code: () => telegram.world.latestCode("15550000002")?.code ?? "",
      password: "hush",
    });
    expect(me.username).toBe("bob_m");
    bob.onNewMessage.add((message) => void received.push(message.text));
    // mtcute takes its first state after start() has resolved; what comes before that is none of
    // its news.
    await until("mtcute has its state", () => telegram.world.counters()["updates.getDifference"]);
    await ann.sendMessage("bob_m", { message: "hello from GramJS" });
    await until("mtcute has the message", () => received.includes("hello from GramJS"));
    const heard: string[] = [];
    ann.addEventHandler(
      (event) => void heard.push(event.message.message),
      new NewMessage({ incoming: true }),
    );
    await ann.getMe();
    const sent = await bob.sendText("ann_g", "hello from mtcute");
    expect(sent.text).toBe("hello from mtcute");
    await until("GramJS has the message", () => heard.includes("hello from mtcute"));
    expect(log).toEqual([]);
  },
);

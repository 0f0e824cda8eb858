import bigInt from "big-integer";
import { Api, type TelegramClient } from "telegram";
import { NewMessage } from "telegram/events/index.js";
import { expect, test } from "vitest";
import type { LocalTelegramServer } from "../../src/mtproto/index.ts";
import { loggedIn, stage, until } from "./support/kit.ts";

const ANN = "4915550000001";
const BEN = "4915550000002";

/** A forum of two; Ann owns it. */
async function forum() {
  const { telegram } = await stage();
  for (const phone of [ANN, BEN]) telegram.world.createAccount({ phone });
  const { id } = telegram.world.createChannel({
    title: "Desk",
    username: "desk_1",
    members: [ANN, BEN],
    forum: true,
  });
  const [ann, ben] = [await loggedIn(telegram, ANN), await loggedIn(telegram, BEN)];
  const channel = await ann.getInputEntity("desk_1");
  await ben.getInputEntity("desk_1");
  return { telegram, id, ann, ben, channel };
}

const historyOf = (telegram: LocalTelegramServer, id: string) =>
  telegram.world.history(ANN, id).map(({ text, topic, replyTo }) => [text, topic, replyTo]);

async function createTopic(
  client: TelegramClient,
  channel: Api.TypeInputPeer,
  title: string,
): Promise<number> {
  const made = await client.invoke(
    new Api.channels.CreateForumTopic({ channel: asChannel(channel), title, randomId: bigInt(1) }),
  );
  const update = (made as Api.Updates).updates.find(
    (each) => each instanceof Api.UpdateNewChannelMessage,
  );
  expect(update?.message).toMatchObject({
    className: "MessageService",
    action: { className: "MessageActionTopicCreate", title },
  });
  return update?.message.id ?? 0;
}

function asChannel(peer: Api.TypeInputPeer): Api.InputChannel {
  const { channelId, accessHash } = peer as Api.InputPeerChannel;
  return new Api.InputChannel({ channelId, accessHash });
}

const replyOf = ({ to, top }: { to: number; top?: number }) =>
  new Api.InputReplyToMessage({
    replyToMsgId: to,
    ...(top === undefined ? {} : { topMsgId: top }),
  });

let randomId = 100;
const send = (
  client: TelegramClient,
  peer: Api.TypeInputPeer,
  message: string,
  reply?: { to: number; top?: number },
) =>
  client.invoke(
    new Api.messages.SendMessage({
      peer,
      message,
      randomId: bigInt(randomId++),
      ...(reply ? { replyTo: replyOf(reply) } : {}),
    }),
  );

test("a forum says that it is one; topics are made and listed, newest word first, page by page", async () => {
  const { ann, ben, channel } = await forum();
  expect(await ben.getEntity("desk_1")).toMatchObject({
    megagroup: true,
    forum: true,
    broadcast: false,
  });
  const alpha = await createTopic(ann, channel, "alpha");
  const beta = await createTopic(ben, channel, "beta");
  await send(ben, channel, "hello", { to: alpha });
  const list = async (offsetTopic: number, limit: number) => {
    const offset = { offsetDate: 0, offsetId: 0, offsetTopic, limit };
    const { topics, count } = await ann.invoke(
      new Api.channels.GetForumTopics({ channel: asChannel(channel), ...offset }),
    );
    return [count, ...topics.map((topic) => (topic as Api.ForumTopic).title)];
  };
  expect(await list(0, 10)).toEqual([3, "alpha", "beta", "General"]);
  expect(await list(alpha, 1)).toEqual([3, "beta"]);
  const byId = new Api.channels.GetForumTopicsByID({
    channel: asChannel(channel),
    topics: [beta, 77],
  });
  expect((await ann.invoke(byId)).topics).toMatchObject([
    { id: beta, title: "beta" },
    { className: "ForumTopicDeleted", id: 77 },
  ]);
});

test("a message in a topic says where it is and what it answers; General says nothing", async () => {
  const { telegram, ann, ben, channel, id } = await forum();
  const topic = await createTopic(ann, channel, "alpha");
  const heard: Api.Message[] = [];
  ann.addEventHandler(
    (event) => void heard.push(event.message as unknown as Api.Message),
    new NewMessage({ incoming: true }),
  );
  await send(ben, channel, "first", { to: topic });
  const first = telegram.world.history(ANN, id)[0]?.id ?? 0;
  await send(ben, channel, "answer", { to: first, top: topic });
  await send(ben, channel, "general");
  await send(ben, channel, "answered is gone", { to: 999, top: topic });
  await send(ben, channel, "gone, and no topic", { to: 999 });
  await until("all of it", () => heard.length === 5);
  const headers = heard.map(({ replyTo }) => {
    const { forumTopic, replyToMsgId, replyToTopId } = (replyTo ??
      {}) as Partial<Api.MessageReplyHeader>;
    return [forumTopic === true, replyToMsgId ?? null, replyToTopId ?? null];
  });
  expect(headers).toEqual([
    [true, topic, null],
    [true, first, topic],
    [false, null, null],
    [true, topic, null],
    [false, null, null],
  ]);
  expect(
    heard.map(({ fromId, out, post }) => [
      (fromId as Api.PeerUser | undefined)?.className,
      out,
      post,
    ]),
  ).toEqual(Array.from({ length: 5 }, () => ["PeerUser", false, false]));
  expect(historyOf(telegram, id)).toEqual([
    ["first", topic, null],
    ["answer", topic, first],
    ["general", null, null],
    ["answered is gone", topic, null],
    ["gone, and no topic", null, null],
  ]);
  const replies = new Api.messages.GetReplies({
    peer: channel,
    msgId: topic,
    ...{ offsetId: 0, offsetDate: 0 },
    addOffset: 0,
    limit: 9,
    maxId: 0,
    minId: 0,
    hash: bigInt.zero,
  });
  const { messages } = (await ann.invoke(replies)) as Api.messages.ChannelMessages;
  expect(
    messages.map((each) => (each instanceof Api.Message ? each.message : each.className)),
  ).toEqual(["answered is gone", "answer", "first", "MessageService"]);
});

test("what is forwarded goes into the topic that the call names", async () => {
  const { telegram, ann, channel, id } = await forum();
  const topic = await createTopic(ann, channel, "alpha");
  await send(ann, channel, "from general");
  const forward = {
    fromPeer: channel,
    toPeer: channel,
    id: [telegram.world.history(ANN, id)[0]?.id ?? 0],
    randomId: [bigInt(5)],
  };
  await ann.invoke(new Api.messages.ForwardMessages({ ...forward, topMsgId: topic }));
  expect(historyOf(telegram, id)).toEqual([
    ["from general", null, null],
    ["from general", topic, null],
  ]);
});

test(
  "a closed topic takes nothing from members, a deleted one from no one, and takes its " +
    "messages along",
  async () => {
    const { telegram, ann, ben, channel, id } = await forum();
    const topic = await createTopic(ann, channel, "alpha");
    await send(ben, channel, "before", { to: topic });
    const close = new Api.channels.EditForumTopic({
      channel: asChannel(channel),
      topicId: topic,
      closed: true,
    });
    await expect(ben.invoke(close)).rejects.toThrow("CHAT_ADMIN_REQUIRED");
    await ann.invoke(close);
    await expect(ann.invoke(close)).rejects.toThrow("TOPIC_NOT_MODIFIED");
    await expect(send(ben, channel, "closed", { to: topic, top: topic })).rejects.toThrow(
      "TOPIC_CLOSED",
    );
    await send(ann, channel, "owner", { to: topic });
    await ann.invoke(
      new Api.channels.DeleteTopicHistory({ channel: asChannel(channel), topMsgId: topic }),
    );
    expect(historyOf(telegram, id)).toEqual([]);
    await expect(send(ann, channel, "deleted", { to: topic, top: topic })).rejects.toThrow(
      "TOPIC_DELETED",
    );
    await send(ben, channel, "to be deleted by its author");
    const own = telegram.world.history(ANN, id)[0]?.id ?? 0;
    await ben.invoke(new Api.channels.DeleteMessages({ channel: asChannel(channel), id: [own] }));
    expect(historyOf(telegram, id)).toEqual([]);
  },
);

test("a channel without topics says so", async () => {
  const { telegram } = await stage();
  telegram.world.createAccount({ phone: ANN });
  telegram.world.createChannel({
    title: "Plain",
    username: "plain_1",
    members: [ANN],
    supergroup: true,
  });
  const ann = await loggedIn(telegram, ANN);
  const channel = await ann.getInputEntity("plain_1");
  const list = new Api.channels.GetForumTopics({
    channel: asChannel(channel),
    offsetDate: 0,
    offsetId: 0,
    offsetTopic: 0,
    limit: 1,
  });
  await expect(ann.invoke(list)).rejects.toThrow("CHANNEL_FORUM_MISSING");
});

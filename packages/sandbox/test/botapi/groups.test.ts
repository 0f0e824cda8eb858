import { Bot, type Context, InputFile, InputMediaBuilder } from "grammy";
import { expect, onTestFinished, test } from "vitest";
import { startSandbox } from "../../src/index.ts";
import { until } from "../mtproto/support/kit.ts";
import { PNG, TOKEN } from "./harness.ts";

const ANN = "4915550000001";

/** A forum with the bot in it, and a bot that notes what it hears. */
async function desk() {
  const sandbox = await startSandbox({ botToken: TOKEN, admin: { id: 1, firstName: "Admin" } });
  onTestFinished(() => sandbox.close());
  const { world } = sandbox;
  world.createAccount({ phone: ANN, firstName: "Ann" });
  const { id } = world.createChannel({
    title: "Desk",
    username: "desk_1",
    members: [ANN],
    forum: true,
    bot: true,
  });
  const bot = new Bot(TOKEN, { client: { apiRoot: sandbox.botApiRoot } });
  return { world, id, chat: `-100${id}`, bot, api: bot.api };
}

test("the bot makes a topic and writes, answers, edits and deletes in it", async () => {
  const { world, id, chat, api } = await desk();
  expect(await api.getChat(chat)).toMatchObject({
    id: Number(chat),
    type: "supergroup",
    is_forum: true,
    title: "Desk",
  });
  const { message_thread_id: topic } = await api.createForumTopic(chat, "alpha");
  const entities = [{ type: "bold" as const, offset: 0, length: 5 }];
  const first = await api.sendMessage(chat, "first", { message_thread_id: topic, entities });
  expect(first).toMatchObject({
    message_thread_id: topic,
    is_topic_message: true,
    from: { is_bot: true },
  });
  const reply_parameters = { message_id: first.message_id };
  const answer = await api.sendMessage("@desk_1", "answer", {
    message_thread_id: topic,
    reply_parameters,
  });
  expect(answer).toMatchObject({
    message_thread_id: topic,
    reply_to_message: { message_id: first.message_id },
  });
  await api.sendMessage(chat, "general");
  await api.editMessageText(chat, answer.message_id, "edited");
  await api.deleteMessage(chat, first.message_id);
  expect(world.history(ANN, id).map((each) => [each.text, each.topic, each.entities])).toEqual([
    ["edited", topic, 0],
    ["general", null, 0],
  ]);
});

test(
  "a topic that is closed, deleted or never was is refused in Telegram's words; so is a chat " +
    "without the bot",
  async () => {
    const { world, id, chat, api } = await desk();
    const topic = world.topics.create(id, "alpha");
    const say = (message_thread_id: number) =>
      api.sendMessage(chat, "x", { message_thread_id }).catch(({ description }) => description);
    world.topics.change(id, topic, { closed: true });
    expect(await say(topic)).toBe("Bad Request: TOPIC_CLOSED");
    world.topics.delete(id, topic);
    for (const gone of [topic, 1, 77])
      expect(await say(gone)).toBe("Bad Request: message thread not found");
    const plain = world.createChannel({ title: "Other", members: [ANN], forum: true }).id;
    await expect(api.sendMessage(`-100${plain}`, "x")).rejects.toThrow("chat not found");
  },
);

test("the bot sends photos and albums; a photo is refused by the rules of private chats", async () => {
  const { world, id, chat, api } = await desk();
  const photo = (bytes: Buffer) => new InputFile(bytes, "a.png");
  await api.sendPhoto(chat, photo(PNG), { caption: "one" });
  await api.sendMediaGroup(chat, [
    InputMediaBuilder.photo(photo(PNG), { caption: "two" }),
    InputMediaBuilder.video(photo(PNG)),
  ]);
  expect(world.history(ANN, id).map(({ text, media }) => [text, media?.photo])).toEqual([
    ["one", true],
    ["two", true],
    ["", false],
  ]);
  const long = Buffer.from(PNG);
  long.writeUInt32BE(21, 16);
  for (const [bytes, why] of [
    [long, "PHOTO_INVALID_DIMENSIONS"],
    [Buffer.from("not an image"), "IMAGE_PROCESS_FAILED"],
    [Buffer.alloc(0), "file must be non-empty"],
  ] as const)
    await expect(api.sendPhoto(chat, photo(bytes)), why).rejects.toThrow(why);
  expect(world.history(ANN, id)).toHaveLength(3);
});

test("the bot hears what members write, with its topic, and what is posted in its channel", async () => {
  const { world, id, bot } = await desk();
  const heard: Context["update"][] = [];
  bot.use((context) => void heard.push(context.update));
  void bot.start({ allowed_updates: ["message", "channel_post"] });
  onTestFinished(() => bot.stop());
  const topic = world.topics.create(id, "alpha");
  const news = world.createChannel({ title: "News", members: [ANN], bot: true }).id;
  await bot.api.sendMessage(`-100${news}`, "its own");
  world.postToChannel(id, "hello", { topic });
  world.postToChannel(news, "news");
  await until("both", () => heard.length === 2);
  expect(heard).toMatchObject([
    {
      message: {
        text: "hello",
        message_thread_id: topic,
        is_topic_message: true,
        from: { first_name: "Ann" },
        chat: { is_forum: true },
      },
    },
    { channel_post: { text: "news", sender_chat: { title: "News" }, chat: { type: "channel" } } },
  ]);
});

import { Bot, type Context, InputFile } from "grammy";
import { expect, onTestFinished, test } from "vitest";
import { startSandbox } from "../../src/index.ts";
import { until } from "../mtproto/support/kit.ts";
import { TOKEN } from "./harness.ts";

const ANN = "4915550000001";

/** A forum with the bot in it, and a bot that notes what it hears. */
async function desk() {
  const sandbox = await startSandbox({ botToken: TOKEN, admin: { id: 1, firstName: "Admin" } });
  onTestFinished(() => sandbox.close());
  const { world } = sandbox;
  world.createAccount({ phone: ANN, firstName: "Ann" });
  const { id } = world.createChannel({ title: "Desk", username: "desk_1", members: [ANN], forum: true, bot: true });
  const bot = new Bot(TOKEN, { client: { apiRoot: sandbox.botApiRoot } });
  return { world, id, chat: `-100${id}`, bot, api: bot.api };
}

test("the bot makes a topic and writes, answers, edits and deletes in it", async () => {
  const { world, id, chat, api } = await desk();
  expect(await api.getChat(chat)).toMatchObject({ id: Number(chat), type: "supergroup", is_forum: true, title: "Desk" });
  const { message_thread_id: topic } = await api.createForumTopic(chat, "alpha");
  const entities = [{ type: "bold" as const, offset: 0, length: 5 }];
  const first = await api.sendMessage(chat, "first", { message_thread_id: topic, entities });
  expect(first).toMatchObject({ message_thread_id: topic, is_topic_message: true, from: { is_bot: true } });
  const reply_parameters = { message_id: first.message_id };
  const answer = await api.sendMessage("@desk_1", "answer", { message_thread_id: topic, reply_parameters });
  expect(answer).toMatchObject({ message_thread_id: topic, reply_to_message: { message_id: first.message_id } });
  await api.sendMessage(chat, "general");
  await api.editMessageText(chat, answer.message_id, "edited");
  await api.deleteMessage(chat, first.message_id);
  expect(world.history(ANN, id).map((each) => [each.text, each.topic, each.entities])).toEqual([
    ["edited", topic, 0],
    ["general", null, 0],
  ]);
});

test("the bot sends files of every kind, albums and other files in their place, as members see them", async () => {
  const { world, id, chat, api } = await desk();
  const file = (name: string): InputFile => new InputFile(Buffer.from("bytes"), name);
  const caption_entities = [{ type: "bold" as const, offset: 0, length: 4 }];
  const photo = await api.sendPhoto(chat, file("a.jpg"), { caption: "said", caption_entities });
  expect(photo).toMatchObject({ caption: "said" });
  const answered = { reply_parameters: { message_id: photo.message_id } };
  await api.sendDocument(chat, file("a.txt"), answered);
  await api.sendVideo(chat, file("a.mp4"));
  await api.sendAnimation(chat, file("a.mp4"));
  await api.sendAudio(chat, file("a.mp3"));
  await api.sendVoice(chat, file("a.ogg"));
  await api.sendVideoNote(chat, file("a.mp4"));
  await api.sendSticker(chat, file("a.webp"));
  const album = await api.sendMediaGroup(chat, [
    { type: "photo", media: file("b.jpg") },
    { type: "photo", media: file("c.jpg"), caption: "second" },
  ]);
  await api.editMessageCaption(chat, album[1]?.message_id ?? 0, { caption: "changed" });
  await api.editMessageMedia(chat, photo.message_id, { type: "photo", media: file("d.jpg"), caption: "new" });
  const seen = world.history(ANN, id);
  expect(seen.map(({ text, media }) => [text, media?.name])).toEqual([
    ["new", "d.jpg"],
    ...["a.txt", "a.mp4", "a.mp4", "a.mp3", "a.ogg", "a.mp4", "a.webp", "b.jpg"].map((name) => ["", name]),
    ["changed", "c.jpg"],
  ]);
  expect(seen[1]?.replyTo).toBe(photo.message_id);
  expect(seen.at(-1)?.groupedId).toBe(seen.at(-2)?.groupedId);
  expect(seen.at(-1)?.groupedId).not.toBeNull();
  await expect(api.sendPhoto(chat, file("a.jpg"), { caption: "x".repeat(1025) })).rejects.toThrow("caption is too long");
  await expect(api.sendMediaGroup(1, [{ type: "photo", media: file("b.jpg") }])).rejects.toThrow("channels and groups only");
});

test("a topic that is closed, deleted or never was is refused in Telegram's words; so is a chat without the bot", async () => {
  const { world, id, chat, api } = await desk();
  const topic = world.topics.create(id, "alpha");
  const say = (message_thread_id: number) =>
    api.sendMessage(chat, "x", { message_thread_id }).catch(({ description }) => description);
  world.topics.change(id, topic, { closed: true });
  expect(await say(topic)).toBe("Bad Request: TOPIC_CLOSED");
  world.topics.delete(id, topic);
  for (const gone of [topic, 1, 77]) expect(await say(gone)).toBe("Bad Request: message thread not found");
  const plain = world.createChannel({ title: "Other", members: [ANN], forum: true }).id;
  await expect(api.sendMessage(`-100${plain}`, "x")).rejects.toThrow("chat not found");
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

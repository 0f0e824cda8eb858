/**
 * What fails is told where it was asked: in the chat, and in the topic of a group that it came
 * from.
 */
import { AppError } from "@flotilla/kernel";
import { waitFor } from "@flotilla/testkit";
import { Bot } from "grammy";
import type { Update } from "grammy/types";
import { expect, onTestFinished, test } from "vitest";
import { apologyOf } from "../src/app/apology.ts";
import { Inbox } from "../src/app/inbox.ts";
import { startPolling } from "../src/app/poller.ts";
import { TOKEN } from "./chat.ts";
import { controlDb, EN, NOW, silent } from "./support.ts";

const GROUP = { id: -100_123, type: "supergroup", title: "Night watch" };
const ANN = { id: 777, is_bot: false, first_name: "Ann" };
const message = (id: number, more: object, from: object = ANN) => ({
  message_id: id,
  date: 1,
  from,
  text: "x",
  ...more,
});
const topic = { chat: GROUP, is_topic_message: true, message_thread_id: 7 };

test(
  "a press, a text and an edit that fail are told in their own topic or chat; strangers are " +
    "told nothing",
  async () => {
    const updates = [
      { message: message(1, topic) },
      { edited_message: message(2, topic) },
      {
        callback_query: {
          id: "q",
          from: ANN,
          chat_instance: "i",
          data: "v1:menu::",
          message: message(3, topic),
        },
      },
      // An answer in a group without topics has a thread, too, which is none of a topic.
      { message: message(4, { chat: GROUP, message_thread_id: 3 }) },
      { message: message(5, { chat: { id: 777, type: "private", first_name: "Ann" } }) },
      { message: message(6, topic, { id: 666, is_bot: false, first_name: "Eve" }) },
    ].map((update, index) => ({ update_id: index + 1, ...update })) as unknown as Update[];
    const bot = new Bot(TOKEN, {
      botInfo: { id: 1, is_bot: true, first_name: "b", username: "b" } as never,
    });
    const sent: object[] = [];
    bot.api.config.use(async (_call, method, payload, signal) => {
      const ok = (result: unknown) => ({ ok: true, result }) as never;
      if (method === "getUpdates" && updates.length > 0) return ok(updates.splice(0));
      if (method === "getUpdates")
        return await new Promise((_, reject) =>
          signal?.addEventListener("abort", () => reject(new Error("stopped"))),
        );
      if (method === "answerCallbackQuery")
        return { ok: false, error_code: 400, description: "query is too old" } as never;
      const { chat_id: chat, message_thread_id: thread } = payload as {
        chat_id: unknown;
        message_thread_id?: unknown;
      };
      sent.push([String(chat), thread]);
      return ok({ message_id: 100 });
    });
    bot.use(() => {
      throw new AppError("bot-api", "It broke.");
    });
    const keys: string[] = [];
    const wordsOf = (chat: string): typeof EN => {
      keys.push(chat);
      return EN;
    };
    const admins = {
      role: (id: string) => (id === "777" ? ("owner" as const) : null),
      all: () => [],
    };
    const poller = startPolling({
      bot,
      inbox: new Inbox(await controlDb()),
      log: silent,
      now: () => NOW,
      apology: apologyOf({ admins, wordsOf }),
    });
    onTestFinished(() => poller.stop());
    await waitFor(() => sent.length === 5, { what: "five apologies" });
    const inTopic = ["-100123", 7];
    expect(sent.map((each) => JSON.stringify(each)).toSorted()).toEqual(
      [inTopic, inTopic, inTopic, ["-100123", undefined], ["777", undefined]]
        .map((each) => JSON.stringify(each))
        .toSorted(),
    );
    expect(
      keys.filter((key) => key === "-100123/7"),
      "in the language of the topic",
    ).toHaveLength(3);
  },
);

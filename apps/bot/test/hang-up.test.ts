/** Connections to Telegram that break, before a call had its effect or after it. */

import { HttpError } from "grammy";
import { expect, test } from "vitest";
import { createBot } from "../src/app/bot.ts";
import { SureSender } from "../src/kit/chat/sure-sender.ts";
import { html } from "../src/kit/words/html.ts";
import { type Chat, startChat, TOKEN } from "./chat.ts";
import { controlDb } from "./support.ts";

const ANN = 777;

async function world() {
  const chat = await startChat();
  await chat.post("/chat/start", { user: ANN });
  const { api } = createBot(TOKEN, chat.sandbox.botApiRoot);
  return { ...chat, api };
}

const cut = (chat: Chat, method: string, after: boolean, times = 1) =>
  chat.post("/faults/bot", { method, times, after, error: { cut: true } });

test.each([false, true])(
  "an edit is made again, and its tap is answered (after its effect: %s)",
  async (after) => {
    const { api, ...chat } = await world();
    const { message_id: id } = await api.sendMessage(ANN, "one");
    await cut(chat, "editMessageText", after);
    // The second one of an edit that was made already says so.
    await api
      .editMessageText(ANN, id, "two")
      .catch((error: unknown) => expect(String(error)).toContain("not modified"));
    expect(await chat.shown(ANN)).toMatchObject([{ from: "user" }, { id, text: "two" }]);
  },
);

test("a Telegram that is away is given up after four tries", async () => {
  const { api, ...chat } = await world();
  await cut(chat, "getChat", false, 10);
  await expect(api.getChat(ANN)).rejects.toBeInstanceOf(HttpError);
  await chat.post("/faults/heal", {});
  expect((await chat.calls()).filter(({ method }) => method === "getChat")).toHaveLength(4);
});

test("what is sent without a note of it is not sent again", async () => {
  const { api, ...chat } = await world();
  await cut(chat, "sendMessage", true);
  await expect(api.sendMessage(ANN, "once")).rejects.toBeInstanceOf(HttpError);
  expect((await chat.shown(ANN)).filter(({ text }) => text === "once")).toHaveLength(1);
});

test.each([false, true])(
  "what is sent with a note of it arrives, once (after its effect: %s)",
  async (after) => {
    const { api, ...chat } = await world();
    const sender = new SureSender(api, await controlDb());
    await cut(chat, "sendMessage", after);
    const id = await sender.send(String(ANN), "panel", { html: html`once`.text, keyboard: [] });
    expect(await chat.shown(ANN)).toMatchObject([{ from: "user" }, { id, text: "once" }]);
  },
);

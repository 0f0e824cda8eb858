import { run } from "@grammyjs/runner";
import { Bot, InlineKeyboard } from "grammy";
import { expect, test } from "vitest";
import { startControl, TOKEN } from "./harness.ts";

const menu = {
  inline_keyboard: [
    [
      { text: "🔄 Restart", callback_data: "r" },
      { text: "Docs", url: "https://example.org" },
    ],
  ],
};

test("press by label waits for the bot's answer and gives the toast", async () => {
  await using control = await startControl();
  const bot = new Bot(TOKEN, { client: { apiRoot: control.sandbox.botApiRoot } });
  bot.command("start", (ctx) =>
    ctx.reply("Menu", {
      reply_markup: new InlineKeyboard().text("Restart", "r").text("Silent", "s"),
    }),
  );
  bot.callbackQuery("r", (ctx) => ctx.answerCallbackQuery({ text: "⏳ Queued", show_alert: true }));
  bot.callbackQuery("s", (ctx) => ctx.answerCallbackQuery());
  const menuSent = Promise.withResolvers<void>();
  bot.api.config.use(async (previous, method, payload, signal) => {
    const result = await previous(method, payload, signal);
    if (method === "sendMessage") menuSent.resolve();
    return result;
  });
  const runner = run(bot, { runner: { silent: true } });
  await control.post("/chat/start");
  await menuSent.promise;
  const pressed = await control.post("/chat/press", { label: "Restart" });
  expect(pressed.body).toMatchObject({
    kind: "callback",
    answered: true,
    toast: { text: "⏳ Queued", alert: true },
  });
  expect((await control.post("/chat/press", { data: "s" })).body).toMatchObject({
    answered: true,
    toast: null,
  });
  expect((await control.get("/toasts")).body).toHaveLength(2);
  await runner.stop();
});

test("a press without an answer says so after the wait", async () => {
  await using control = await startControl();
  await control.post("/chat/start");
  await control.bot("sendMessage", { chat_id: 777, text: "Menu", reply_markup: menu });
  expect(
    (await control.post("/chat/press", { labelContains: "Restart", waitMs: 1 })).body,
  ).toMatchObject({
    answered: false,
    toast: null,
  });
  expect((await control.post("/chat/press", { label: "Docs" })).body).toMatchObject({
    kind: "local",
    button: { url: "https://example.org" },
  });
  const wrong = await control.post("/chat/press", { label: "Nope" });
  expect(wrong).toEqual({
    status: 404,
    body: {
      error: {
        code: "no-such-button",
        message: "No such button. Buttons on show: 🔄 Restart | Docs",
      },
    },
  });
  expect((await control.post("/chat/press", {})).status).toBe(400);
});

test("messages, transcript and outbox tell the same story", async () => {
  await using control = await startControl();
  await control.post("/chat/start");
  const sent = await control.bot("sendMessage", {
    chat_id: 777,
    text: "<b>Fleet</b>\nall well",
    parse_mode: "HTML",
    reply_markup: menu,
  });
  await control.bot("editMessageText", {
    chat_id: 777,
    message_id: sent.result.message_id,
    text: "Fleet\none down",
    reply_markup: menu,
  });
  const gone = await control.bot("sendMessage", { chat_id: 777, text: "soon gone" });
  await control.bot("deleteMessage", { chat_id: 777, message_id: gone.result.message_id });
  const { body: messages } = await control.get("/chat/messages");
  expect(messages).toMatchObject([
    { from: "user", text: "/start", entities: [{ type: "bot_command" }] },
    {
      from: "bot",
      text: "Fleet\none down",
      edited: expect.any(Number),
      keyboard: menu.inline_keyboard,
      deleted: false,
    },
    { text: "soon gone", deleted: true },
  ]);
  const { body: transcript } = await control.get("/transcript");
  expect(transcript).toMatch(
    new RegExp(
      [
        String.raw`^\d\d:\d\d:\d\d #1 Ann: /start`,
        String.raw`\d\d:\d\d:\d\d #2 Flotilla: Fleet`,
        String.raw` {4}one down \(edited\)`,
        String.raw` {4}\[🔄 Restart\] \[Docs\]\n$`,
      ].join("\n"),
    ),
  );
  const { body: outbox } = await control.get("/outbox");
  expect(
    outbox.map((entry: { method: string; status: number }) => `${entry.method} ${entry.status}`),
  ).toEqual(["sendMessage 200", "editMessageText 200", "sendMessage 200", "deleteMessage 200"]);
  expect(outbox.map((entry: { message: number | null }) => entry.message)).toEqual([2, 2, 3, null]);
  expect((await control.get("/counters")).body.botApi).toEqual({
    sendMessage: 2,
    editMessageText: 1,
    deleteMessage: 1,
  });
});

test("strangers have chats of their own", async () => {
  await using control = await startControl();
  await control.post("/chat/text", { user: 4242, firstName: "Mallory", text: "let me in" });
  const { result } = await control.bot("getUpdates");
  expect(result).toMatchObject([
    {
      message: { from: { id: 4242, first_name: "Mallory" }, chat: { id: 4242 }, text: "let me in" },
    },
  ]);
  await control.bot("sendMessage", { chat_id: 4242, text: "no" });
  expect((await control.get("/chat/messages?user=4242")).body).toHaveLength(2);
  expect((await control.get("/chat/messages")).body).toEqual([]);
});

test("faults of the bot side: the next calls fail, a press is lost, the bot is blocked", async () => {
  await using control = await startControl();
  await control.post("/chat/start");
  await control.post("/faults/bot", {
    method: "sendMessage",
    times: 1,
    error: { code: 429, retryAfter: 7 },
  });
  expect(await control.bot("sendMessage", { chat_id: 777, text: "x" })).toMatchObject({
    error_code: 429,
    parameters: { retry_after: 7 },
  });
  expect(
    (await control.bot("sendMessage", { chat_id: 777, text: "menu", reply_markup: menu })).ok,
  ).toBe(true);
  await control.post("/faults/lose", { callbacks: 1 });
  await control.post("/chat/press", { data: "r", waitMs: 0 });
  expect((await control.bot("getUpdates")).result).toHaveLength(1);
  await control.post("/chat/block", { blocked: true });
  expect(await control.bot("sendMessage", { chat_id: 777, text: "x" })).toMatchObject({
    error_code: 403,
  });
  expect((await control.post("/chat/text", { text: "x" })).status).toBe(409);
  await control.post("/reset");
  expect((await control.get("/chat/messages")).body).toEqual([]);
});

test("the clock moves forward only, and old messages can no longer be deleted", async () => {
  await using control = await startControl();
  await control.post("/chat/start");
  expect((await control.post("/clock", { advanceMs: -1 })).status).toBe(400);
  const before = (await control.get("/clock")).body.now;
  const { body } = await control.post("/clock", { advanceMs: 49 * 3600_000 });
  expect(body.now - before).toBeGreaterThanOrEqual(49 * 3600_000);
  expect(await control.bot("deleteMessage", { chat_id: 777, message_id: 1 })).toMatchObject({
    error_code: 400,
  });
});

test("the chat has the menu of the user's language, and the bot is told which it is", async () => {
  await using control = await startControl();
  for (const [description, more] of [
    ["the menu", {}],
    ["меню", { language_code: "ru" }],
  ] as const)
    await control.bot("setMyCommands", { commands: [{ command: "menu", description }], ...more });
  const shown = async () => (await control.get("/chat")).body.commands[0].description;
  await control.post("/chat/start");
  expect(await shown()).toBe("the menu");
  await control.post("/chat/text", { text: "hello", languageCode: "ru-RU" });
  expect(await shown()).toBe("меню");
  const { result } = await control.bot("getUpdates");
  expect(result.map((update: { message: { from: object } }) => update.message.from)).toMatchObject([
    { language_code: "en" },
    { language_code: "ru-ru" },
  ]);
  expect((await control.post("/chat/text", { text: "x", languageCode: "русский" })).status).toBe(
    400,
  );
});

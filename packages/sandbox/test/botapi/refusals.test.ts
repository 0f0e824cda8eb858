import { describe, expect, test } from "vitest";
import { PNG, startBotApi } from "./harness.ts";

const NOT_MODIFIED =
  "Bad Request: message is not modified: specified new message content and reply markup are " +
  "exactly the same as a current content and reply markup of the message";
const keyboard = (data: string) => ({ inline_keyboard: [[{ text: "Go", callback_data: data }]] });
const to = { chat_id: 777 };

const TABLE: [string, object, number, string][] = [
  ["sendMessage", { chat_id: 5, text: "x" }, 400, "Bad Request: chat not found"],
  ["sendMessage", { text: "x" }, 400, "Bad Request: chat_id is empty"],
  ["sendMessage", { ...to, text: "" }, 400, "Bad Request: message text is empty"],
  ["sendMessage", { ...to, text: " \n " }, 400, "Bad Request: message text is empty"],
  ["sendMessage", { ...to, text: "x".repeat(4097) }, 400, "Bad Request: message is too long"],
  [
    "sendMessage",
    { ...to, text: "<b>x", parse_mode: "HTML" },
    400,
    `Bad Request: can't parse entities: Can't find end tag corresponding to start tag "b"`,
  ],
  [
    "sendMessage",
    { ...to, text: "é<x>", parse_mode: "HTML" },
    400,
    `Bad Request: can't parse entities: Unsupported start tag "x" at byte offset 2`,
  ],
  [
    "sendMessage",
    { ...to, text: "a.b", parse_mode: "MarkdownV2" },
    400,
    "Bad Request: can't parse entities: Character '.' is reserved and must be escaped with the " +
      `preceding '\\'`,
  ],
  [
    "sendMessage",
    { ...to, text: "x *b", parse_mode: "MarkdownV2" },
    400,
    "Bad Request: can't parse entities: Can't find end of Bold entity at byte offset 2",
  ],
  [
    "sendMessage",
    { ...to, text: "x _y", parse_mode: "Markdown" },
    400,
    "Bad Request: can't parse entities: Can't find end of the entity starting at byte offset 2",
  ],
  [
    "sendMessage",
    { ...to, text: "x", parse_mode: "BBCode" },
    400,
    "Bad Request: unsupported parse_mode",
  ],
  [
    "sendMessage",
    { ...to, text: "x", reply_markup: keyboard("d".repeat(65)) },
    400,
    "Bad Request: BUTTON_DATA_INVALID",
  ],
  [
    "sendMessage",
    { ...to, text: "x", reply_markup: keyboard("ж".repeat(33)) },
    400,
    "Bad Request: BUTTON_DATA_INVALID",
  ],
  [
    "sendMessage",
    { ...to, text: "x", reply_markup: { inline_keyboard: [[{ text: "bare" }]] } },
    400,
    "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
  ],
  [
    "sendMessage",
    {
      ...to,
      text: "x",
      reply_markup: {
        inline_keyboard: Array.from({ length: 300 }, () => [
          { text: "label", callback_data: "data" },
        ]),
      },
    },
    400,
    "Bad Request: reply markup is too long",
  ],
  [
    "sendMessage",
    { ...to, text: "x", reply_parameters: { message_id: 999 } },
    400,
    "Bad Request: message to be replied not found",
  ],
  [
    "sendMessage",
    { ...to, text: "x", message_thread_id: 3 },
    400,
    "Bad Request: message thread not found",
  ],
  [
    "sendPhoto",
    { ...to, photo: "no-such-id" },
    400,
    "Bad Request: wrong file identifier/HTTP URL specified",
  ],
  [
    "sendPhoto",
    { ...to, photo: "https://example.org/x.png" },
    400,
    "Bad Request: failed to get HTTP URL content",
  ],
  [
    "sendPhoto",
    { ...to, photo: "x", caption: "c".repeat(1025) },
    400,
    "Bad Request: message caption is too long",
  ],
  [
    "editMessageText",
    { ...to, message_id: 999, text: "x" },
    400,
    "Bad Request: message to edit not found",
  ],
  [
    "editMessageText",
    { ...to, message_id: 1, text: "x" },
    400,
    "Bad Request: message can't be edited",
  ],
  [
    "editMessageCaption",
    { ...to, message_id: 2, caption: "x" },
    400,
    "Bad Request: there is no caption in the message to edit",
  ],
  [
    "editMessageText",
    { ...to, message_id: 2, text: "menu", reply_markup: keyboard("go") },
    400,
    NOT_MODIFIED,
  ],
  [
    "editMessageReplyMarkup",
    { ...to, message_id: 2, reply_markup: keyboard("go") },
    400,
    NOT_MODIFIED,
  ],
  ["deleteMessage", { ...to, message_id: 999 }, 400, "Bad Request: message to delete not found"],
  [
    "deleteMessages",
    { ...to, message_ids: [] },
    400,
    "Bad Request: message identifiers are not specified",
  ],
  [
    "deleteMessages",
    { ...to, message_ids: Array.from({ length: 101 }, (_, n) => n) },
    400,
    "Bad Request: too many message identifiers specified",
  ],
  ["pinChatMessage", { ...to, message_id: 999 }, 400, "Bad Request: message to pin not found"],
  ["unpinChatMessage", { ...to }, 400, "Bad Request: message to unpin not found"],
  [
    "answerCallbackQuery",
    { callback_query_id: "1" },
    400,
    "Bad Request: query is too old and response timeout expired or query ID is invalid",
  ],
  [
    "sendChatAction",
    { ...to, action: "dancing" },
    400,
    "Bad Request: wrong parameter action in request",
  ],
  ["getFile", { file_id: "x" }, 400, "Bad Request: invalid file_id"],
  [
    "setMyCommands",
    { commands: [{ command: "Bad Name", description: "x" }] },
    400,
    "Bad Request: BOT_COMMAND_INVALID",
  ],
  ["sendDice", { ...to }, 404, "Not Found: method not found"],
];

describe("the Bot API refuses in Telegram's words", () => {
  test.each(TABLE)("%s %j → %i %s", async (method, body, code, description) => {
    await using api = await startBotApi();
    api.admin.start();
    await api.call("sendMessage", { ...to, text: "menu", reply_markup: keyboard("go") });
    expect(await api.call(method, body)).toEqual({ ok: false, error_code: code, description });
  });

  test("a wrong token is 401, a path without a method 404", async () => {
    await using api = await startBotApi();
    expect(await api.call("getMe", {}, "1:wrong")).toEqual({
      ok: false,
      error_code: 401,
      description: "Unauthorized: invalid token specified",
    });
    expect((await fetch(`${api.url}/bot${api.backend.bot.token}`)).status).toBe(404);
    expect((await fetch(`${api.url}/file/bot1:wrong/photos/file_0.jpg`)).status).toBe(401);
  });

  test("writing before Start and to a blocker fails; Start opens the chat again", async () => {
    await using api = await startBotApi();
    expect((await api.call("sendMessage", { ...to, text: "x" })).description).toBe(
      "Bad Request: chat not found",
    );
    api.admin.start();
    api.admin.block(true);
    expect(await api.call("sendMessage", { ...to, text: "x" })).toMatchObject({
      error_code: 403,
      description: "Forbidden: bot was blocked by the user",
    });
    api.admin.start();
    expect((await api.call("sendMessage", { ...to, text: "x" })).ok).toBe(true);
  });

  test("64 bytes of data, 4096 characters and 1024 after parsing are still fine", async () => {
    await using api = await startBotApi();
    api.admin.start();
    const text = `<b>${"&lt;".repeat(4096)}</b>`;
    expect(
      (
        await api.call("sendMessage", {
          ...to,
          text,
          parse_mode: "HTML",
          reply_markup: keyboard("ж".repeat(32)),
        })
      ).ok,
    ).toBe(true);
    const form = new FormData();
    form.set("chat_id", "777");
    form.set("caption", `*${"c".repeat(1024)}*`);
    form.set("parse_mode", "MarkdownV2");
    form.set("photo", new File([PNG], "p.png"));
    const answer = await fetch(`${api.url}/bot${api.backend.bot.token}/sendPhoto`, {
      method: "POST",
      body: form,
    });
    expect(await answer.json()).toMatchObject({ ok: true, result: { photo: [{ width: 2 }] } });
  });

  test("one answer per press, and none after its time", async () => {
    await using api = await startBotApi();
    api.admin.start();
    await api.call("sendMessage", { ...to, text: "menu", reply_markup: keyboard("go") });
    const press = (): string => {
      const pressed = api.admin.press({ label: "Go" });
      return pressed.kind === "callback" ? pressed.callbackId : "";
    };
    const first = press();
    expect(
      (await api.call("answerCallbackQuery", { callback_query_id: first, text: "ok" })).ok,
    ).toBe(true);
    expect(
      (await api.call("answerCallbackQuery", { callback_query_id: first })).description,
    ).toMatch(/^Bad Request: query is too old/);
    const second = press();
    api.clock.advance(16_000);
    expect(
      (await api.call("answerCallbackQuery", { callback_query_id: second })).description,
    ).toMatch(/^Bad Request: query is too old/);
  });

  test("messages can be deleted for 48 hours, those of the user too", async () => {
    await using api = await startBotApi();
    const own = api.admin.start();
    expect((await api.call("deleteMessage", { ...to, message_id: own.id })).ok).toBe(true);
    const late = api.admin.sendText("late");
    api.clock.advance(48 * 3600_000);
    expect((await api.call("deleteMessage", { ...to, message_id: late.id })).description).toBe(
      "Bad Request: message can't be deleted for everyone",
    );
  });
});

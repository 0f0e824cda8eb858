import { autoRetry } from "@grammyjs/auto-retry";
import { GrammyError, HttpError } from "grammy";
import { expect, test } from "vitest";
import { startBotApi } from "./harness.ts";

test("429 carries retry_after in body and header, and auto-retry gets through", async () => {
  await using api = await startBotApi();
  api.admin.start();
  const error = {
    kind: "error",
    code: 429,
    description: "Too Many Requests: retry after 1",
    retryAfterS: 1,
  } as const;
  api.backend.faults.add({ method: "sendMessage", times: 2, after: false, error });
  const raw = await fetch(`${api.url}/bot${api.backend.bot.token}/sendMessage?chat_id=777&text=x`);
  expect(raw.status).toBe(429);
  expect(raw.headers.get("retry-after")).toBe("1");
  expect(await raw.json()).toEqual({
    ok: false,
    error_code: 429,
    description: error.description,
    parameters: { retry_after: 1 },
  });
  const { api: telegram } = api.bot();
  telegram.config.use(autoRetry({ maxRetryAttempts: 1, maxDelaySeconds: 2 }));
  await telegram.sendMessage(777, "patience");
  expect(api.admin.chat.messages.at(-1)?.body.text).toBe("patience");
});

test("a fault hits its method and chat only, and only as often as asked", async () => {
  await using api = await startBotApi();
  api.admin.start();
  const { api: telegram } = api.bot();
  const error = { kind: "error", code: 500, description: "Internal Server Error" } as const;
  api.backend.faults.add({ method: "sendmessage", times: 1, chatId: 778, after: false, error });
  await telegram.sendMessage(777, "other chat");
  api.backend.faults.add({ method: "*", times: 1, after: false, error });
  await expect(telegram.getMe()).rejects.toThrow(GrammyError);
  await telegram.getMe();
});

test("a cut connection is a network error; with `after` the message was sent all the same", async () => {
  await using api = await startBotApi();
  api.admin.start();
  const { api: telegram } = api.bot();
  api.backend.faults.add({ method: "sendMessage", times: 1, after: true, error: { kind: "cut" } });
  await expect(telegram.sendMessage(777, "did it arrive?")).rejects.toThrow(HttpError);
  expect(api.admin.chat.messages.at(-1)?.body.text).toBe("did it arrive?");
  api.backend.faults.add({
    method: "sendMessage",
    times: 1,
    after: false,
    error: { kind: "hang", holdMs: 20 },
  });
  await expect(telegram.sendMessage(777, "never")).rejects.toThrow(HttpError);
  expect(api.admin.chat.messages.at(-1)?.body.text).toBe("did it arrive?");
});

test("blocking and unblocking reach the bot as my_chat_member", async () => {
  await using api = await startBotApi();
  api.admin.start();
  api.admin.block(true);
  api.admin.block(false);
  const { result } = await api.call("getUpdates");
  expect(result).toMatchObject([
    { message: { text: "/start" } },
    {
      my_chat_member: {
        old_chat_member: { status: "member" },
        new_chat_member: { status: "kicked" },
      },
    },
    { my_chat_member: { new_chat_member: { status: "member" } } },
  ]);
});

import { run } from "@grammyjs/runner";
import { InlineKeyboard, InputFile, InputMediaBuilder } from "grammy";
import { expect, test } from "vitest";
import { PNG, startBotApi, until } from "./harness.ts";

test("bot.start gets /start, sends a menu, answers a tap and edits the message", async () => {
  await using api = await startBotApi();
  const bot = api.bot();
  bot.command("start", (ctx) =>
    ctx.reply("Menu", { reply_markup: new InlineKeyboard().text("Restart", "v1:r:1") }),
  );
  bot.callbackQuery("v1:r:1", async (ctx) => {
    await ctx.answerCallbackQuery({ text: "Queued" });
    await ctx.editMessageText("Restarting…");
  });
  const running = bot.start();
  api.admin.start();
  const menu = await until(() => api.admin.chat.messages.find((message) => message.keyboard));
  const pressed = api.admin.press({ label: "Restart" });
  expect(pressed.kind).toBe("callback");
  const answer = await api.backend.callbacks.waitForAnswer(
    pressed.kind === "callback" ? pressed.callbackId : "",
    5000,
  );
  expect(answer?.text).toBe("Queued");
  await until(() => menu.body.text === "Restarting…");
  expect(menu.keyboard).toBeNull();
  expect(api.noticed).toEqual(["/start", "Menu", "Restarting…"]);
  await bot.stop();
  await running;
});

test("the runner polls, and its updates come in order without gaps", async () => {
  await using api = await startBotApi();
  const bot = api.bot();
  const seen: [number, string][] = [];
  bot.on("message:text", (ctx) => void seen.push([ctx.update.update_id, ctx.msg.text]));
  const runner = run(bot, { runner: { silent: true } });
  for (let n = 0; n < 25; n++) api.admin.sendText(`m${n}`);
  await until(() => seen.length === 25);
  expect(seen.map(([, text]) => text)).toEqual(Array.from({ length: 25 }, (_, n) => `m${n}`));
  expect(seen.at(-1)?.[0]).toBe((seen[0]?.[0] ?? 0) + 24);
  await runner.stop();
});

test("photos go up by InputFile, replace a text by editMessageMedia, and come down byte by byte", async () => {
  await using api = await startBotApi();
  const { api: telegram } = api.bot();
  api.admin.start();
  const sent = await telegram.sendPhoto(777, new InputFile(PNG, "chart.png"), {
    caption: "<b>24 h</b>",
    parse_mode: "HTML",
  });
  expect(sent.photo[0]).toMatchObject({ width: 2, height: 1, file_size: PNG.length });
  expect(sent.caption_entities).toEqual([{ type: "bold", offset: 0, length: 4 }]);
  const text = await telegram.sendMessage(777, "as text");
  const edited = await telegram.editMessageMedia(
    777,
    text.message_id,
    InputMediaBuilder.photo(new InputFile(PNG, "x.png"), { caption: "now a photo" }),
  );
  expect(edited).toMatchObject({ caption: "now a photo", photo: [{ width: 2 }] });
  const file = await telegram.getFile(sent.photo[0]?.file_id ?? "");
  const bytes = await fetch(`${api.url}/file/bot${api.backend.bot.token}/${file.file_path}`).then(
    (answer) => answer.arrayBuffer(),
  );
  expect(Buffer.from(bytes).equals(PNG)).toBe(true);
  const document = await telegram.sendDocument(
    777,
    new InputFile(Buffer.from("log line\n"), "worker.log"),
  );
  expect(document.document).toMatchObject({ file_name: "worker.log", file_size: 9 });
});

import { existsSync } from "node:fs";
import { run } from "@grammyjs/runner";
import { Bot, InlineKeyboard } from "grammy";
import { chromium, type Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { gramjsClient } from "../mtproto/support/gramjs.ts";
import { type ControlHarness, startControl, TOKEN } from "./harness.ts";

const CHROMIUM = "/usr/bin/chromium";
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

interface Opened extends AsyncDisposable {
  page: Page;
  /** What the browser complained about: script errors, refused loads, policy violations. */
  complaints: string[];
}

async function open(
  control: ControlHarness,
  viewport = { width: 1280, height: 800 },
): Promise<Opened> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
  const page = await browser.newPage({ viewport, reducedMotion: "reduce" });
  const complaints: string[] = [];
  page.on(
    "console",
    (message) => void (message.type() === "error" && complaints.push(message.text())),
  );
  page.on("pageerror", (error) => void complaints.push(error.message));
  await page.goto(control.sandbox.url);
  return { page, complaints, [Symbol.asyncDispose]: () => browser.close() };
}

function startBot(control: ControlHarness): AsyncDisposable {
  const bot = new Bot(TOKEN, { client: { apiRoot: control.sandbox.botApiRoot } });
  const keyboard = new InlineKeyboard().text("Restart", "r").text("Why?", "w");
  bot.command("start", (ctx) =>
    ctx.reply("<b>Fleet</b> &amp; co", { parse_mode: "HTML", reply_markup: keyboard }),
  );
  bot.callbackQuery("r", async (ctx) => {
    await ctx.answerCallbackQuery("Queued");
    await ctx.editMessageText("Restarting", { reply_markup: keyboard });
  });
  bot.callbackQuery("w", (ctx) => ctx.answerCallbackQuery({ text: "Because.", show_alert: true }));
  bot.on("message:text", (ctx) => ctx.reply(`<script>alert(1)</script> ${ctx.msg.text}`));
  const runner = run(bot, { runner: { silent: true } });
  return { [Symbol.asyncDispose]: () => runner.stop() };
}

describe.skipIf(!existsSync(CHROMIUM))("the chat page", () => {
  test("Start, a tap with its toast, an edit in place, an alert, a text, a deletion", async () => {
    await using control = await startControl();
    await using _bot = startBot(control);
    await using opened = await open(control);
    const { page } = opened;
    await page.getByRole("button", { name: "Start", exact: true }).click();
    const menu = page.getByTestId("message-2");
    await menu.getByText("Fleet & co").waitFor();
    await menu.getByTestId("inline-button").filter({ hasText: "Restart" }).click();
    await page.getByTestId("toast").filter({ hasText: "Queued" }).waitFor();
    await menu.getByText("Restarting").waitFor();
    await menu.getByText("edited").waitFor();
    await menu.getByTestId("inline-button").filter({ hasText: "Why?" }).press("Enter");
    await page.getByTestId("alert").filter({ hasText: "Because." }).waitFor();
    await page.getByRole("button", { name: "OK" }).click();
    expect(await page.locator("[aria-busy]").count()).toBe(0);
    await page.getByTestId("composer").fill("hello");
    await page.getByTestId("composer").press("Enter");
    await page.getByTestId("message-4").getByText("<script>alert(1)</script> hello").waitFor();
    await control.bot("deleteMessage", { chat_id: 777, message_id: 4 });
    await page.getByTestId("message-4").waitFor({ state: "detached" });
    expect(opened.complaints).toEqual([]);
  });

  test("on a phone the drawer adds an account and shows its login code", async () => {
    await using control = await startControl();
    await using opened = await open(control, { width: 390, height: 844 });
    const { page } = opened;
    await page.getByRole("button", { name: "Open the sandbox panel" }).click();
    await page.getByLabel("Phone", { exact: true }).fill("+4915550000001");
    await page.getByLabel("First name").fill("Ben");
    await page.getByLabel("2FA password").fill("hunter2");
    await page.getByRole("button", { name: "Add account" }).click();
    await page.getByTestId("account-4915550000001").getByText("2FA").waitFor();
    const client = gramjsClient(control.sandbox.telegram);
    try {
      await client.connect();
      await client.sendCode({ apiId: 1, apiHash: "x" }, "+4915550000001");
    } finally {
      await client.destroy();
    }
    const code = page.getByTestId("login-code-4915550000001");
    await code.waitFor();
    expect(await code.getAttribute("data-state")).toBe("valid");
    expect(await code.locator(".digits").textContent()).toBe(
      control.sandbox.world.latestCode("4915550000001")?.code,
    );
    await page.keyboard.press("Escape");
    await page.getByTestId("account-4915550000001").waitFor({ state: "hidden" });
    expect(opened.complaints).toEqual([]);
  });

  test("each person has a chat of their own, and the address says whose is shown", async () => {
    await using control = await startControl();
    await using _bot = startBot(control);
    await using opened = await open(control);
    const { page } = opened;
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByText("Fleet & co").waitFor();
    await page.getByText("Add a person").click();
    await page.locator("#add-person").getByLabel("Their name").fill("Ben");
    await page.locator("#add-person").getByLabel("Telegram id").fill("1002");
    await page.getByRole("button", { name: "Add and open" }).click();
    await page.waitForURL(/[?]user=1002$/);
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByText("Fleet & co").waitFor();
    await page.getByTestId("composer").fill("of Ben");
    await page.getByTestId("composer").press("Enter");
    await page.getByText("<script>alert(1)</script> of Ben").waitFor();
    await page.getByTestId("who").selectOption({ label: "Ann (the admin)" });
    await page.waitForURL(/[?]user=777$/);
    await page.getByText("Fleet & co").waitFor();
    expect(await page.getByText("of Ben").count()).toBe(0);
    await page.getByRole("button", { name: "Show another chat beside this one" }).click();
    const beside = page.frameLocator("#beside");
    await beside.getByText("<script>alert(1)</script> of Ben").waitFor();
    await beside.getByTestId("composer").fill("from beside");
    await beside.getByTestId("composer").press("Enter");
    await beside.getByText("<script>alert(1)</script> from beside").waitFor();
    expect(await page.getByText("from beside").count(), "in the other chat alone").toBe(0);
    expect(await beside.getByText("Break something").isVisible()).toBe(false);
    await page.getByRole("button", { name: "Show another chat beside this one" }).click();
    await page.locator("#beside").waitFor({ state: "hidden" });
    expect(opened.complaints).toEqual([]);
  });

  test("a fault says what it did, when, and what came of it", async () => {
    await using control = await startControl();
    await using _bot = startBot(control);
    await control.post("/accounts", { phone: "4915550000001", firstName: "Ben" });
    const client = gramjsClient(control.sandbox.telegram);
    try {
      await client.connect();
      await client.signInUser(
        { apiId: 1, apiHash: "x" },
        {
          phoneNumber: "4915550000001",
          phoneCode: async () => control.sandbox.world.latestCode("4915550000001")?.code ?? "",
          onError: (error) => {
            throw error;
          },
        },
      );
      await using opened = await open(control);
      const { page } = opened;
      const log = page.getByTestId("fault-log");
      await page.getByRole("button", { name: "Reset", exact: true }).click();
      await log.getByText("Reset 1 connection").waitFor();
      await log.getByText(/^[0-9:]{7,8}$/).waitFor();
      await log.getByText(/^1 of 1 back, the last after [0-9.]+ s$/).waitFor();
      await page.getByRole("button", { name: "Bot 500" }).click();
      await log.getByText("The next call of the bot gets 500").waitFor();
      await page.getByRole("button", { name: "Start", exact: true }).click();
      await log.getByText(/^hit 1 of 1, the last one /).waitFor();
      await page.getByRole("button", { name: "Heal everything" }).click();
      await log.getByText("Healed everything").waitFor();
      expect(opened.complaints).toEqual([]);
    } finally {
      await client.destroy();
    }
  });
});

import { mkdirSync, writeFileSync } from "node:fs";
import { spawnProcess, testDir, waitFor } from "@flotilla/testkit";
import type { Locator, Page } from "playwright-core";
import { expect, inject, test } from "vitest";
import { CHROMIUM, openPage } from "./support/browser.ts";
import { startFleet, type TestFleet } from "./support/fleet.ts";
import { IMAGES, makePlain } from "./support/picture.ts";

const RICK = "15550100002";
const NORA = "15550100001";

/** A user with a phone in front of the page. */
class Phone {
  readonly page: Page;
  readonly bubbles: Locator;

  constructor(page: Page) {
    this.page = page;
    this.bubbles = page.locator('[data-testid^="message-"]');
  }

  async press(label: string | RegExp): Promise<void> {
    await this.page.getByTestId("inline-button").filter({ hasText: label }).last().click();
  }

  async write(text: string): Promise<void> {
    await this.page.getByTestId("composer").fill(text);
    await this.page.getByTestId("send").click();
  }

  async shows(text: RegExp): Promise<void> {
    let seen: string[] = [];
    const found = async (): Promise<boolean> => {
      seen = await this.bubbles.allInnerTexts();
      return seen.some((each) => text.test(each));
    };
    await waitFor(found, { timeoutMs: 60_000, what: `a message like ${text}` }).catch(
      (cause: unknown) => {
        throw new Error(
          `no message like ${text}; the last ones are:\n${seen.slice(-3).join("\n\n")}`,
          { cause },
        );
      },
    );
  }

  /** How many messages have this text now. */
  async count(text: string): Promise<number> {
    return await this.bubbles.filter({ hasText: text }).count();
  }

  async tap(code: string): Promise<void> {
    // The page takes one press of a button at a time: each digit is seen before the next.
    for (const [index, digit] of [...code].entries()) {
      await this.press(new RegExp(`^${digit}$`));
      await this.shows(
        new RegExp(`Code: ${"● ".repeat(index + 1)}${"○ ".repeat(code.length - index - 1)}`.trim()),
      );
    }
    await this.press("✔");
  }

  /** A picture of the newest message that has the text, for docs/admin-guide.md. */
  async shot(name: string, text: string | RegExp): Promise<void> {
    if (!inject("updateImages")) return;
    mkdirSync(IMAGES, { recursive: true });
    const message = this.bubbles.filter({ hasText: text }).last();
    await message.scrollIntoViewIfNeeded();
    await message.screenshot({ path: `${IMAGES}${name}.png`, animations: "disabled" });
  }
}

/** With UPDATE_IMAGES=1 the pictures of docs/admin-guide.md are retaken. */
test.skipIf(!CHROMIUM)(
  "on a phone: the good and the bad ways through a login, and the screens of the fleet",
  async () => {
    const fleet = await startFleet();
    const code = async (): Promise<string> =>
      (await fleet.get<{ code: string }>(`accounts/${RICK}/code`)).code;
    const page = await openPage(fleet.url, { width: 390, height: 1400 });
    if (inject("updateImages")) await makePlain(page);
    const phone = new Phone(page);
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await phone.shows(/2 workers[\s\S]*1 healthy/);
    await phone.shot("menu", "Fleet");
    await phone.press("Workers");
    await phone.shows(/Workers 1–2 of 2/);
    await phone.shot("workers", "Workers 1–2");

    // Cancelled at once: nothing is left but the worker's card.
    await phone.press("demo_2");
    await phone.shows(/Not logged in yet/);
    await phone.press("Authenticate");
    await phone.shows(/Send the phone number/);
    await phone.shot("login-phone", "Send the phone number");
    await phone.press("Cancel");
    await phone.shows(/demo_2[\s\S]*Not logged in yet/);

    // A bad number, a wrong code, a code that was typed.
    await phone.press("Authenticate");
    await phone.shows(/Send the phone number/);
    await phone.write("12");
    await phone.shows(/not a full number/);
    await phone.write("+1 (555) 010-0002");
    await phone.shows(/Code: ○ ○ ○ ○ ○/);
    expect(await phone.count("010-0002"), "the number is deleted").toBe(0);
    const first = await code();
    await phone.tap(first === "11111" ? "22222" : "11111");
    await phone.shows(/Wrong code. Tries left: 2/);
    await phone.shot("login-code", "Wrong code");
    await phone.write(first);
    await phone.shows(/Telegram cancels codes that are sent in chats. Press/);
    await waitFor(async () => (await phone.count(first)) === 0, {
      what: "the typed code to be deleted",
    });
    await phone.shot("login-typed", "Don't send the code");
    await phone.press("New code");
    await phone.shows(/Code: ○ ○ ○ ○ ○/);
    await waitFor(async () => (await code()) !== first, { what: "a new code" });
    await phone.tap(await code());

    // A wrong password; then out of it: the account stays logged out.
    await phone.shows(/cloud password/);
    await phone.write("planted-wrong-password");
    await phone.shows(/Wrong password. Tries left before a pause/);
    expect(await phone.count("planted-wrong-password"), "the password is deleted").toBe(0);
    await phone.shot("login-password", "Wrong password");
    await phone.press("Cancel");
    await phone.shows(/demo_2[\s\S]*Not logged in yet/);

    // By a file, with 📎: this one is no session, and is deleted all the same.
    await phone.press("Authenticate");
    await phone.press("I have a session file");
    await phone.shows(/Send the session: a \.session file/);
    const notes = {
      name: "notes.session",
      mimeType: "application/octet-stream",
      buffer: Buffer.from("not a session at all"),
    };
    await page.getByTestId("attachment").setInputFiles(notes);
    await phone.shows(/I do not recognise this as a session/);
    expect(await phone.count("notes.session"), "the file is deleted").toBe(0);
    await phone.press("Cancel");
    await phone.shows(/demo_2[\s\S]*Not logged in yet/);

    // By QR code, and the way back from it to the number.
    await phone.press("Authenticate");
    await phone.shows(/Send the phone number/);
    await byWord(phone, fleet);
    await phone.press("QR code");
    await phone.shows(/Scan the picture/);
    await page.locator("img").last().waitFor();
    await phone.shot("login-qr", "Link Desktop Device");
    await phone.press("Use phone number");
    await phone.shows(/Send the phone number/);
    await waitFor(
      async () => (await phone.count("Telegram → Settings → Devices → Link Desktop Device")) === 0,
      {
        what: "the picture to go",
      },
    );
    await phone.write("+1 555 010 0002");
    await phone.shows(/Code: ○ ○ ○ ○ ○/);
    await tooLate(phone, fleet, code);
    await phone.shows(/cloud password/);
    await phone.write("demo");
    await phone.shows(/demo_2 is @rick_relay/);
    await phone.press("Worker Details");
    await phone.shows(/demo_2[\s\S]*Status: healthy/);
    await phone.shot("details", "Status: healthy");
    await lookAround(phone);

    // Telegram ends a session: the alert has the way out.
    await fleet.post("faults/fail", {
      method: "*",
      code: 401,
      text: "SESSION_REVOKED",
      times: 1000,
      phone: NORA,
    });
    await phone.write("/status demo_1");
    await phone.shows(/demo_1[\s\S]*Status/);
    if ((await page.getByTestId("inline-button").filter({ hasText: "Check now" }).count()) > 0)
      await phone.press("Check now");
    await phone.shows(/🔴 🔑 demo_1 needs login[\s\S]*SESSION_REVOKED/);
    await phone.shot("alert", "🔴 🔑");
    await phone.write("/alerts");
    await phone.shows(/Open alerts[\s\S]*demo_1 needs login/);
    await phone.shot("alerts", "Open alerts");
    if (inject("updateImages")) await picturesOf(phone, fleet);
  },
);

/** A code that came as a word: it has no keys, and the way out is there. */
async function byWord(phone: Phone, fleet: TestFleet): Promise<void> {
  await fleet.post("accounts", { phone: "15550100077", firstName: "Wanda", codeVia: "sms-word" });
  await phone.write("+15550100077");
  await phone.shows(/Telegram sent a word by SMS/);
  expect(
    await phone.page.getByTestId("inline-button").filter({ hasText: "✔" }).count(),
    "no keypad",
  ).toBe(0);
  await phone.shot("login-word", "Telegram sent a word");
  await phone.write("planted-banana");
  await phone.shows(/Don't send it as a message: Telegram cancels/);
  expect(await phone.count("planted-banana"), "the word is deleted").toBe(0);
  await phone.press("QR instead");
  await phone.shows(/Scan the picture/);
  await phone.press("Use phone number");
  await phone.shows(/Send the phone number/);
}

/** A code that was entered after its time: said, and the next one works. */
async function tooLate(phone: Phone, fleet: TestFleet, code: () => Promise<string>): Promise<void> {
  const old = await code();
  await fleet.post("clock", { advanceMs: 6 * 60_000 });
  await phone.tap(old);
  await phone.shows(/This code is no longer valid \(too old/);
  await phone.press("New code");
  await phone.shows(/Code: ○ ○ ○ ○ ○/);
  await phone.tap(await code());
}

/** What only the guide needs: a session that another program has. */
async function picturesOf(phone: Phone, fleet: TestFleet): Promise<void> {
  await phone.write("/status demo_2");
  await phone.shows(/demo_2[\s\S]*Status: healthy/);
  await phone.press("Stop");
  await phone.shows(/demo_2[\s\S]*Status: stopped/);
  const folder = await testDir();
  const lines = [
    "import sqlite3, signal",
    `held = sqlite3.connect("${fleet.dataDir}/sessions/demo_2.session", isolation_level=None)`,
  ];
  writeFileSync(
    `${folder}/old_bot.py`,
    [
      ...lines,
      'held.execute("BEGIN EXCLUSIVE")',
      'print("held", flush=True)',
      "signal.pause()",
    ].join("\n"),
  );
  const python = "$(python3 -c 'import sys; print(sys.executable)')";
  const holder = spawnProcess("bash", ["-c", `exec -a python3 ${python} old_bot.py`], {
    cwd: folder,
  });
  await holder.waitForOutput("held");
  await phone.press("Start");
  await phone.shows(/demo_2[\s\S]*Status: session locked[\s\S]*Held by/);
  await phone.shows(/demo_2: session file in use[\s\S]*I do not stop programs/);
  await phone.shot("locked", "Status: session locked");
  await phone.shot("locked-alert", "demo_2: session file in use");
  holder.kill("SIGKILL");
  await phone.shows(/demo_2[\s\S]*Status: healthy/);
}

/** The screens that only tell. */
async function lookAround(phone: Phone): Promise<void> {
  await phone.press("More");
  await phone.shows(/Tags: none/);
  await phone.shot("more", "Tags: none");
  await phone.press("Back");
  await phone.shows(/Status: healthy/);
  await phone.press("Backups");
  await phone.shows(/after the last login/);
  await phone.shot("backups", "Backups of demo_2");
  await phone.write("/health");
  await phone.shows(/Every session has one owner/);
  await phone.write("/settings");
  await phone.shows(/You: owner/);
  await phone.shot("settings", "You: owner");
}

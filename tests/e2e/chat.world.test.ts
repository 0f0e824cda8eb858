import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isAlive, waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { AdminChat, latestCode } from "./support/chat.ts";
import { startFleet, type TestFleet } from "./support/fleet.ts";

const RICK = "15550100002";
const NORA = "15550100001";

/** A fleet whose admin sees the details of a worker. */
async function onCard(worker: string): Promise<{ fleet: TestFleet; chat: AdminChat }> {
  const fleet = await startFleet();
  const chat = new AdminChat(fleet);
  await chat.start();
  await chat.press("Workers");
  await chat.press(worker);
  return { fleet, chat };
}

/** A fleet whose demo_2 waits at the keypad. */
async function atKeypad(): Promise<{ fleet: TestFleet; chat: AdminChat }> {
  const { fleet, chat } = await onCard("demo_2");
  await chat.press("Authenticate");
  await chat.shows(/Send the phone number/);
  await chat.say("+1 (555) 010-0002");
  await chat.shows(/Code: ○ ○ ○ ○ ○/);
  return { fleet, chat };
}

test("a typed code is deleted, Telegram cancels it, the wizard explains it, and a new code works", async () => {
  const { fleet, chat } = await atKeypad();
  const { code } = await latestCode(fleet, RICK);
  await chat.say(code);
  await chat.shows(/Telegram cancels codes that are sent in chats. Press 🔁 New code/);
  expect((await chat.messages()).some((message) => message.text.includes(code))).toBe(false);
  expect(await latestCode(fleet, RICK)).toMatchObject({ code, state: "cancelled" });
  await chat.press("New code");
  await waitFor(async () => (await latestCode(fleet, RICK)).state === "valid");
  const fresh = await latestCode(fleet, RICK);
  await chat.shows(/Code: ○ ○ ○ ○ ○/);
  await chat.tap(fresh.code);
  await chat.press("✔");
  await chat.shows(/cloud password/);
});

test(
  "a wrong code or password repeats the step with the tries left; no file contains the " +
    "secrets",
  async () => {
    const { fleet, chat } = await atKeypad();
    const { code } = await latestCode(fleet, RICK);
    await chat.tap(code === "11111" ? "22222" : "11111");
    await chat.press("✔");
    await chat.shows(/Wrong code. Tries left: 2/);
    await chat.tap(code);
    await chat.press("✔");
    await chat.shows(/cloud password/);
    await chat.say("planted-wrong-password-5512");
    await chat.shows(/Wrong password. Tries left before a pause: \d/);
    await chat.say("demo");
    await chat.shows(/demo_2 is @rick_relay/);
    await chat.press("Worker Details");
    await chat.shows(/✅ demo_2[\s\S]*Status: healthy/);
    expect(
      statSync(join(fleet.dataDir, "vault/demo_2/golden.session")).mode & 0o777,
      "a golden copy with mode 0600",
    ).toBe(0o600);
    const ours = filesOf(fleet.dataDir).filter(([path]) => !path.includes("/telegram/"));
    expect(ours.length, "sessions, databases, logs, Redis").toBeGreaterThan(8);
    for (const [path, text] of ours) {
      expect(text.includes("planted-wrong-password-5512"), `${path} holds the password`).toBe(
        false,
      );
      if (!/demo_2\.session|vault\/demo_2/.test(path))
        expect(text.includes("0100002"), `${path} holds the phone number`).toBe(false);
    }
  },
);

test("cancelling a login restores the old session", async () => {
  const { fleet, chat } = await onCard("demo_1");
  await chat.shows(/Status: healthy/);
  await chat.press("Authenticate");
  await chat.shows(/Log demo_1 in again\?/);
  await chat.press("Yes, log in");
  await chat.shows(/Stored number: \+15\s…\s01/);
  await chat.press("Use +15");
  await chat.shows(/Code: ○ ○ ○ ○ ○/);
  expect(
    readdirSync(join(fleet.dataDir, "vault/demo_1")).filter((name) =>
      name.includes("before-login"),
    ),
  ).toHaveLength(1);
  await chat.press("Cancel");
  await chat.shows(/demo_1[\s\S]*Account: Nora News[\s\S]*Status: healthy/);
});

test("a dropped connection is no crash: the worker reconnects automatically in the same process", async () => {
  const { fleet, chat } = await onCard("demo_1");
  const before = await chat.shows(/Status: healthy/);
  await fleet.post("faults/drop", { phone: NORA, how: "rst" });
  const after = await chat.shows(/Status: healthy[\s\S]*Reconnects: 1/);
  expect(pid(after.text)).toBe(pid(before.text));
  expect((await chat.messages()).some((message) => /crashed/.test(message.text))).toBe(false);
});

test("an account of another worker is refused, and the new login is logged out at Telegram", async () => {
  const { fleet, chat } = await onCard("demo_2");
  await chat.logIn(NORA);
  await chat.shows(/already belongs to the worker demo_1/);
  expect(await fleet.get<unknown[]>(`accounts/${NORA}/sessions`), "only demo_1's").toHaveLength(1);
});

test("a stopped worker has a Start button, which starts it", async () => {
  const { chat } = await onCard("demo_1");
  const running = await chat.shows(/Status: healthy/);
  expect((await chat.press("Stop")).toast?.text).toBe("⏳ Queued");
  const stopped = await chat.shows(/Status: stopped/);
  expect(isAlive(pid(running.text))).toBe(false);
  expect(stopped.keyboard.flat().map((button) => button.text)).not.toContain("🔄 Restart");
  await chat.press("Start");
  await chat.shows(/Started[\s\S]*requested by|Status: healthy/);
  await chat.shows(/Status: healthy/);
});

test(
  "a session that Telegram ended is reported at once with the remedy, and its key is never " +
    "used again",
  async () => {
    const { fleet, chat } = await onCard("demo_1");
    await chat.shows(/Status: healthy/);
    await fleet.post("faults/fail", {
      method: "*",
      code: 401,
      text: "SESSION_REVOKED",
      times: 1000,
      phone: NORA,
    });
    await chat.press("Check now");
    const alert = await chat.shows(
      /🔴 🔑 demo_1 needs login[\s\S]*SESSION_REVOKED[\s\S]*A restart will not be tried/,
    );
    expect(alert.keyboard.flat().map((button) => button.text)).toContain("🔐 Authenticate");
    await chat.shows(/Status: needs login/);
  },
);

test("a stranger gets no answer, and a stranger's press changes nothing", async () => {
  const fleet = await startFleet();
  const chat = new AdminChat(fleet);
  await chat.start();
  await chat.shows(/Fleet/);
  const stranger = new AdminChat(fleet, 6666);
  await stranger.start();
  await stranger.say("/menu");
  await waitFor(
    async () =>
      readFileSync(join(fleet.dataDir, "logs/bot.log"), "utf8").split("refused: not an admin")
        .length > 2,
    { what: "both refusals in the log" },
  );
  expect((await stranger.messages()).filter((message) => message.from === "bot")).toEqual([]);
});

test("the log button shows the last log lines of the worker", async () => {
  const { chat } = await onCard("demo_1");
  await chat.shows(/Status: healthy/);
  await chat.press("Log");
  await chat.shows(/Log of demo_1[\s\S]*info ✅ connection catching-up → ready/);
});

function pid(text: string): number {
  return Number(/pid (\d+)/.exec(text)?.[1]);
}

function filesOf(dir: string): [string, string][] {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.map((entry) => [
    join(entry.parentPath, entry.name),
    readFileSync(join(entry.parentPath, entry.name), "latin1"),
  ]);
}

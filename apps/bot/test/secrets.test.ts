/** At a step of a login that asks for a secret, whatever comes is taken for it, deleted, and leads nowhere else. */
import { newSealKeyPair, unseal, type WorkerCommand } from "@flotilla/contracts";
import { consumeWorkerCommands } from "@flotilla/queue";
import { waitFor } from "@flotilla/testkit";
import fc from "fast-check";
import type { MessageEntity, Update } from "grammy/types";
import { describe, expect, onTestFinished, test } from "vitest";
import { typedSecret } from "../src/wizard/typed-secret.ts";
import type { WizardStep } from "../src/wizard/wizard-state.ts";
import { WizardStore } from "../src/wizard/wizard-store.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { ANN, ASKER, WORKER } from "./support.ts";

const LOGIN = "0123456789abcdef";
const PASSWORD: WizardStep = { kind: "ask-password", hint: null, note: null };
const PHONE: WizardStep = { kind: "ask-phone", known: null, note: null };
const SESSION: WizardStep = { kind: "ask-session", known: null, note: null };

interface At extends Fleet {
  /** Ann sends something; `edits`: as a change of an earlier message. */
  send(part: object, edits?: boolean): Promise<void>;
  /** What reaches the worker, opened, as "kind text". */
  readonly reached: string[];
  step(): WizardStep["kind"] | undefined;
  /** Her messages that are still to be seen, the first /start left out. */
  left(): Promise<string[]>;
}

let updates = 1000;

async function at(step: WizardStep): Promise<At> {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  fleet.parts.addWorker(WORKER, ASKER);
  const keys = newSealKeyPair();
  const expiresAt = fleet.parts.clock.now() + 600_000;
  new WizardStore(fleet.db).save({ admin: ANN, worker: WORKER, login: LOGIN, publicKey: keys.publicKey, step, expiresAt });
  const reached: string[] = [];
  const handle = async (command: WorkerCommand): Promise<void> => {
    const text = "sealed" in command && command.sealed ? unseal(keys.privateKey, LOGIN, command.sealed) : "";
    reached.push(`${command.kind} ${text}`);
  };
  const consumer = await consumeWorkerCommands(WORKER, { place: fleet.place, handle, onError: () => {} });
  onTestFinished(() => consumer.close());
  return {
    ...fleet,
    reached,
    send: async (part, edits = false) => {
      const { text = "something" } = part as { text?: string };
      const sent = (await fleet.post("/chat/text", { text: text.trim() || "something", user: 777 })) as { id: number };
      const chat = { id: 777, type: "private", first_name: "Ann" };
      const message = { message_id: sent.id, date: 1, chat, from: { id: 777, is_bot: false, first_name: "Ann" }, ...part };
      await fleet.bot.handleUpdate({
        update_id: updates++,
        [edits ? "edited_message" : "message"]: message,
      } as unknown as Update);
    },
    step: () => fleet.parts.wizard.of(ANN)?.step.kind,
    left: async () => (await fleet.shown(777)).flatMap(({ from, text }, index) => (from === "user" && index > 0 ? [text] : [])),
  };
}

const command = (text: string): object => ({
  text,
  entities: [{ type: "bot_command", offset: 0, length: text.split(" ")[0]?.length ?? 0 }],
});

test.each([
  ["/start", command("/start"), "/start"],
  ["/cancel now", command("/cancel now"), "/cancel now"],
  ["/stop news_1", command("/stop news_1"), "/stop news_1"],
  ["a link that an app previews", { text: "https://example.org" }, "https://example.org"],
  ["blanks in quotes", { text: '" my pass "' }, " my pass "],
  ["blanks in an app's own quotes", { text: "“ my pass”" }, " my pass"],
  ["quotes in quotes", { text: '""quoted""' }, '"quoted"'],
  ["marks that an app took for formatting", { text: "ab", entities: [{ type: "bold", offset: 1, length: 1 }] }, "a**b**"],
  ["the text below a picture", { caption: "pass", photo: [{ file_id: "x" }] }, "pass"],
])("a cloud password that is %s goes to the worker, and its message is deleted", async (_, part, expected) => {
  const it = await at(PASSWORD);
  await it.send(part);
  await waitFor(() => it.reached.length === 1);
  expect(it.reached).toEqual([`login.password ${expected}`]);
  expect([it.step(), await it.left()]).toEqual(["checking-password", []]);
});

test("a message that is edited into the password is taken, too", async () => {
  const it = await at(PASSWORD);
  await it.send({ text: "right one" }, true);
  await waitFor(() => it.reached.length === 1);
  expect([it.reached, await it.left()]).toEqual([["login.password right one"], []]);
});

test.each([
  ["a sticker", { sticker: { file_id: "x" } }],
  ["a contact", { contact: { phone_number: "+15550001", first_name: "Ben" } }],
  ["a voice", { voice: { file_id: "x" } }],
  ["a place", { location: { latitude: 1, longitude: 2 } }],
])("%s at the password costs no try and does not stay", async (_, part) => {
  const it = await at(PASSWORD);
  await it.send(part);
  expect([it.step(), await it.left(), it.reached]).toEqual(["ask-password", [], []]);
});

test.each([
  ["checking-password", { kind: "checking-password", hint: null }],
  ["reading-session", { kind: "reading-session", known: null }],
] as const)("at %s a command is deleted and leads nowhere", async (_, step) => {
  const it = await at(step as WizardStep);
  await it.send(command("/menu"));
  expect(await it.left()).toEqual([]);
  expect(it.parts.panels.screen("777")).toEqual({ kind: "login", worker: WORKER });
});

test.each<[string, object, boolean]>([
  ["/start@bot", command("/start@flotilla_sandbox_bot"), false],
  ["an answer to another message", { text: "pass", reply_to_message: { message_id: 1, date: 1, chat: { id: 777 } } }, false],
  ["a forwarded text", { text: "pass", forward_origin: { type: "hidden_user", date: 1, sender_user_name: "Ben" } }, false],
  ["an edited caption", { caption: "pass", photo: [{ file_id: "x" }] }, true],
])("%s at the password is taken for it", async (_, part, isEdit) => {
  const it = await at(PASSWORD);
  await it.send(part, isEdit);
  await waitFor(() => it.reached.length === 1);
  expect(it.reached[0]).toMatch(/^login\.password (?:pass|\/start@flotilla_sandbox_bot)$/);
  expect(await it.left()).toEqual([]);
});

test.each([
  ["a picture", { photo: [{ file_id: "x" }] }],
  ["a video note", { video_note: { file_id: "x" } }],
  ["a poll", { poll: { id: "1", question: "?" } }],
  ["dice", { dice: { emoji: "🎲", value: 1 } }],
  ["a file", { document: { file_id: "x", file_name: "pass.txt" } }],
])("%s without a text at the password is no password, and does not stay", async (_, part) => {
  const it = await at(PASSWORD);
  await it.send(part);
  expect([it.step(), await it.left(), it.reached]).toEqual(["ask-password", [], []]);
});

test("a secret that is sent or edited in once more after the login is deleted, and answers no question later", async () => {
  const it = await at(PASSWORD);
  const { parts } = it;
  const row = parts.wizard.of(ANN);
  if (row) await parts.wizard.cancel(row, ASKER);
  await it.send({ text: "hunter2" });
  await it.send({ text: "hunter2" }, true);
  await it.send({ caption: "hunter2", photo: [{ file_id: "x" }] }, true);
  expect(await it.left()).toEqual([]);
  expect(parts.panels.screen("777"), "a text leads to the menu as ever").toEqual({ kind: "menu" });
  parts.admins.expect(ANN, "find");
  await it.send({ text: "news" });
  expect(await it.left(), "an answer that was asked for stays").toEqual(["news"]);
});

test("an edit long after a login is none of the bot's business", async () => {
  const it = await at({ kind: "ended", text: { key: "login-over", args: {} } });
  new WizardStore(it.db).remove(ANN);
  await it.send({ text: "a word" }, true);
  expect(await it.left()).toEqual(["a word"]);
});

describe("a group", () => {
  const group = { chat: { id: -100_123, type: "supergroup", title: "Night watch" } };

  test("is no place for the password: it is deleted, and becomes no answer to a question", async () => {
    const it = await at(PASSWORD);
    it.parts.places.add("-100123", "Night watch", "en");
    it.parts.admins.expect(ANN, "find");
    const calls: [string, unknown][] = [];
    it.bot.api.config.use((async (call: (...args: unknown[]) => unknown, method: string, payload: object, signal: unknown) => {
      if (!("chat_id" in payload) || String(payload.chat_id) !== "-100123") return await call(method, payload, signal);
      calls.push([method, "text" in payload ? payload.text : null]);
      return { ok: true, result: method === "deleteMessage" ? true : { message_id: 1, date: 1, chat: group.chat } };
    }) as never);
    await it.send({ text: "hunter2", ...group });
    expect(calls).toEqual([
      ["deleteMessage", null],
      ["sendMessage", expect.stringContaining("in the private chat")],
    ]);
    expect([it.reached, it.step(), it.parts.panels.screen("-100123")]).toEqual([[], "ask-password", null]);
    await it.send({ ...command("/menu"), ...group });
    expect(it.parts.panels.screen("-100123")).toEqual({ kind: "menu" });
  });
});

describe("the address of a proxy", () => {
  test.each<[string, object, boolean]>([
    ["a text", { text: "socks5://a:planted@proxy.example:1080" }, false],
    ["the text below a picture", { caption: "socks5://a:planted@proxy.example:1080", photo: [{ file_id: "x" }] }, false],
    ["an edit", { text: "socks5://a:planted@proxy.example:1080" }, true],
    ["a sticker", { sticker: { file_id: "x" } }, false],
    ["a contact", { contact: { phone_number: "+15550001", first_name: "Ben" } }, false],
    ["a file", { document: { file_id: "x", file_name: "proxy.txt" } }, false],
  ])("as %s is taken and does not stay", async (_, part, isEdit) => {
    const it = await at(PASSWORD);
    new WizardStore(it.db).remove(ANN);
    it.parts.admins.expect(ANN, "proxy", WORKER);
    await it.send(part, isEdit);
    expect(await it.left()).toEqual([]);
    expect(it.parts.panels.screen("777")).toMatchObject({ kind: "ask", what: "proxy" });
  });

  test("behind the command does not stay, and is asked for", async () => {
    const it = await at(PASSWORD);
    new WizardStore(it.db).remove(ANN);
    await it.send(command("/proxy news_1 socks5://a:planted@proxy.example:1080"));
    expect(await it.left()).toEqual([]);
    expect(it.parts.panels.screen("777")).toMatchObject({ kind: "ask", what: "proxy" });
  });
});

test("a session string at its step is taken, whatever it begins with", async () => {
  const it = await at(SESSION);
  await it.send({ text: "/1BVtsOKcBu0" });
  await waitFor(() => it.reached.length === 1);
  expect([it.reached[0]?.split(" ")[0], await it.left()]).toEqual(["login.session", []]);
});

test("a contact that is shared at the phone step is the phone", async () => {
  const it = await at(PHONE);
  await it.send({ contact: { phone_number: "15550001234", first_name: "Ann" } });
  await waitFor(() => it.reached.length === 1);
  expect([it.reached, await it.left()]).toEqual([["login.phone 15550001234"], []]);
});

test("a code is tapped: at its step a command leads where it always leads, and a typed code is deleted", async () => {
  const more = { length: 5, nextVia: null, resendAt: null, expiresAt: 9e15, note: null, dead: false };
  const it = await at({ kind: "ask-code", via: "app", ...more });
  await it.send({ text: "1 2 3 4 5" });
  expect(await it.left()).toEqual([]);
  await it.send(command("/workers"));
  expect(it.parts.panels.screen("777")).toMatchObject({ kind: "workers" });
});

test("where no secret is asked a command leads where it always leads", async () => {
  const it = await at(PHONE);
  await it.send(command("/workers"));
  expect(it.parts.panels.screen("777")).toMatchObject({ kind: "workers" });
  expect(it.step()).toBe("ask-phone");
});

test("a secret that comes after the login has ended does not stay", async () => {
  const it = await at({ kind: "ended", text: { key: "login-over" } as never });
  await it.send({ text: "hunter2 too late" });
  expect(await it.left()).toEqual([]);
});

test("whatever is typed and formatted, its characters come back in their order", () => {
  const marks: Record<string, string> = { bold: "**", italic: "__", code: "`", spoiler: "||", strikethrough: "~~" };
  const piece = fc.record({ text: fc.stringMatching(/^[a-z0-9]{1,6}$/), mark: fc.constantFrom(null, ...Object.keys(marks)) });
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), (pieces) => {
      let text = "";
      let typed = "";
      const entities: MessageEntity[] = [];
      for (const { text: part, mark } of pieces) {
        if (mark) entities.push({ type: mark as "bold", offset: text.length, length: part.length });
        typed += mark ? `${marks[mark]}${part}${marks[mark]}` : part;
        text += part;
      }
      expect(typedSecret(text, entities)).toBe(typed);
    }),
  );
});

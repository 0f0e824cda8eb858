/**
 * At a step of a login that asks for a secret, whatever comes is taken for it, deleted, and leads
 * nowhere else.
 */
import { waitFor } from "@flotilla/testkit";
import fc from "fast-check";
import type { MessageEntity } from "grammy/types";
import { expect, test } from "vitest";
import { say } from "../src/kit/words/said.ts";
import { pastedSecret, typedSecret } from "../src/login/typed-secret.ts";
import type { WizardStep } from "../src/login/wizard-state.ts";
import { at, command, PASSWORD, PHONE, SESSION } from "./login-at.ts";
import { ANN, ASKER, WORKER } from "./support.ts";

test.each([
  ["/start", command("/start"), "/start"],
  ["/cancel now", command("/cancel now"), "/cancel now"],
  ["/stop news_1", command("/stop news_1"), "/stop news_1"],
  ["a link that an app previews", { text: "https://example.org" }, "https://example.org"],
  ["blanks in quotes", { text: '" my pass "' }, " my pass "],
  ["blanks in an app's own quotes", { text: "“ my pass”" }, " my pass"],
  ["quotes in quotes", { text: '""quoted""' }, '"quoted"'],
  [
    "marks that an app took for formatting",
    { text: "ab", entities: [{ type: "bold", offset: 1, length: 1 }] },
    "a**b**",
  ],
  ["the text below a picture", { caption: "pass", photo: [{ file_id: "x" }] }, "pass"],
])(
  "a cloud password that is %s goes to the worker, and its message is deleted",
  async (_, part, expected) => {
    const it = await at(PASSWORD);
    await it.send(part);
    await waitFor(() => it.reached.length === 1);
    expect(it.reached).toEqual([`login.password ${expected}`]);
    expect([it.step(), await it.left()]).toEqual(["checking-password", []]);
  },
);

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
  [
    "an answer to another message",
    { text: "pass", reply_to_message: { message_id: 1, date: 1, chat: { id: 777 } } },
    false,
  ],
  [
    "a forwarded text",
    { text: "pass", forward_origin: { type: "hidden_user", date: 1, sender_user_name: "Ben" } },
    false,
  ],
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

test(
  "a code is tapped: at its step a command leads where it always leads, and a typed code is " +
    "deleted",
  async () => {
    const more = {
      length: 5,
      nextVia: null,
      resendAt: null,
      expiresAt: 9e15,
      note: null,
      dead: false,
    };
    const it = await at({ kind: "ask-code", via: "app", ...more });
    await it.send({ text: "1 2 3 4 5" });
    expect(await it.left()).toEqual([]);
    await it.send(command("/workers"));
    expect(it.parts.panels.screen("777")).toMatchObject({ kind: "workers" });
  },
);

test(
  "after a code that was typed the next one is asked for fresh: there may be no other way to " +
    "send it",
  async () => {
    const more = {
      length: 5,
      nextVia: null,
      resendAt: null,
      expiresAt: 9e15,
      note: null,
      dead: false,
    };
    const it = await at({ kind: "ask-code", via: "sms", ...more });
    await it.send({ text: "1 2 3 4 5" });
    const row = it.parts.wizard.of(ANN);
    if (!row) throw new Error("no login");
    expect(await it.parts.wizard.newCode(row, ASKER)).toBeNull();
    await waitFor(() => it.reached.length === 1);
    expect(it.reached).toEqual(["login.resend fresh"]);
  },
);

test("where no secret is asked a command leads where it always leads", async () => {
  const it = await at(PHONE);
  await it.send(command("/workers"));
  expect(it.parts.panels.screen("777")).toMatchObject({ kind: "workers" });
  expect(it.step()).toBe("ask-phone");
});

test("a secret that comes after the login has ended does not stay", async () => {
  const it = await at({ kind: "ended", text: say("login-over") });
  await it.send({ text: "hunter2 too late" });
  expect(await it.left()).toEqual([]);
});

test("whatever is typed and formatted, its characters come back in their order", () => {
  const marks: Record<string, string> = {
    bold: "**",
    italic: "__",
    code: "`",
    spoiler: "||",
    strikethrough: "~~",
  };
  const piece = fc.record({
    text: fc.stringMatching(/^[a-z0-9]{1,6}$/),
    mark: fc.constantFrom(null, ...Object.keys(marks)),
  });
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

test("a pasted secret keeps the marks that an app took for formatting, and gets none as a whole", () => {
  const italic = { type: "italic", offset: 2, length: 3 } as const;
  expect(pastedSecret("1BbcdE", [italic])).toBe("1B__bcd__E");
  expect(pastedSecret("socks5://ann:p1ss2@h:1", [{ type: "spoiler", offset: 14, length: 1 }])).toBe(
    "socks5://ann:p||1||ss2@h:1",
  );
  expect(pastedSecret("1BbcdE", [{ type: "code", offset: 0, length: 6 }])).toBe("1BbcdE");
});

test.each([
  ["a contact's marks and an en dash", "\u202A+49\u00A0151\u201323456789\u202C", "+4915123456789"],
  ["digits of another script", "+٩٧١ ٥٠ ١٢٣ ٤٥٦٧", "+971501234567"],
  ["a link", "tel:+49-151-23456789", "+4915123456789"],
  ["wide digits", "＋８１ ９０ １２３４ ５６７８", "+819012345678"],
])("a phone with %s reaches the worker as a number (field fault C1)", async (_, text, number) => {
  const it = await at(PHONE);
  await it.send({ text });
  await waitFor(() => it.reached.length === 1);
  expect([it.reached, await it.left()]).toEqual([[`login.phone ${number}`], []]);
});

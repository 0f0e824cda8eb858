/**
 * A secret that comes elsewhere than at its step: in a group, after the login, or where a proxy is
 * asked for.
 */
import { describe, expect, test } from "vitest";
import { WizardStore } from "../src/login/wizard-store.ts";
import { at, command, PASSWORD } from "./login-at.ts";
import { ANN, ASKER, WORKER } from "./support.ts";

test(
  "a secret that is sent or edited in once more after the login is deleted, and answers no " +
    "question later",
  async () => {
    const it = await at(PASSWORD);
    const { parts } = it;
    const row = parts.wizard.of(ANN);
    if (row) await parts.wizard.cancel(row, ASKER);
    await it.send({ text: "hunter2" });
    await it.send({ text: "hunter2" }, true);
    await it.send({ caption: "hunter2", photo: [{ file_id: "x" }] }, true);
    expect(await it.left()).toEqual([]);
    expect(parts.panels.screen("777"), "a text leads to the menu as ever").toEqual({
      kind: "menu",
    });
    parts.admins.expect(ANN, "find");
    await it.send({ text: "news" });
    expect(await it.left(), "an answer that was asked for stays").toEqual(["news"]);
  },
);

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
    it.bot.api.config.use((async (
      call: (...args: unknown[]) => unknown,
      method: string,
      payload: object,
      signal: unknown,
    ) => {
      if (!("chat_id" in payload) || String(payload.chat_id) !== "-100123")
        return await call(method, payload, signal);
      calls.push([method, "text" in payload ? payload.text : null]);
      return {
        ok: true,
        result: method === "deleteMessage" ? true : { message_id: 1, date: 1, chat: group.chat },
      };
    }) as never);
    await it.send({ text: "hunter2", ...group });
    expect(calls).toEqual([
      ["deleteMessage", null],
      ["sendMessage", expect.stringContaining("in the private chat")],
    ]);
    expect([it.reached, it.step(), it.parts.panels.screen("-100123")]).toEqual([
      [],
      "ask-password",
      null,
    ]);
    await it.send({ ...command("/menu"), ...group });
    expect(it.parts.panels.screen("-100123")).toEqual({ kind: "menu" });
  });
});

describe("the address of a proxy", () => {
  test.each<[string, object, boolean]>([
    ["a text", { text: "socks5://a:planted@proxy.example:1080" }, false],
    [
      "the text below a picture",
      { caption: "socks5://a:planted@proxy.example:1080", photo: [{ file_id: "x" }] },
      false,
    ],
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

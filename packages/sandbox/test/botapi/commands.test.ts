/** The bot's menu: https://core.telegram.org/bots/api#determining-list-of-commands */
import { describe, expect, test } from "vitest";
import { languageCodeOf } from "../../src/botapi/views.ts";
import { startBotApi } from "./harness.ts";

const list = (command: string) => [{ command, description: command }];
const names = (result: unknown) => (result as { command: string }[]).map(({ command }) => command);

async function menu() {
  const api = await startBotApi();
  api.admin.start();
  const shown = (): string[] => {
    const { user } = api.admin.chat;
    return names(api.backend.commands.inPrivateChat(user.id, languageCodeOf(user)));
  };
  const set = async (command: string, more: object = {}) =>
    await api.call("setMyCommands", { commands: list(command), ...more });
  return { api, shown, set };
}

const CHAT = { scope: { type: "chat", chat_id: 777 } };
const PRIVATE = { scope: { type: "all_private_chats" } };

describe("a user sees", () => {
  test("the list in their language, and falls back to the one for everybody, whatever was set last", async () => {
    const { api, shown, set } = await menu();
    await using _ = api;
    await set("english");
    await set("russian", { language_code: "ru" });
    expect(shown()).toEqual(["english"]);
    api.admin.speak("RU-ru");
    expect(shown()).toEqual(["russian"]);
    api.admin.speak("pt-br");
    expect(shown()).toEqual(["english"]);
    const update = api.admin.sendText("hello") && (await api.call("getUpdates", {})).result;
    expect(JSON.stringify(update)).toContain('"language_code":"pt-br"');
  });

  test("the narrowest scope that has a list; a language never widens it", async () => {
    const { api, shown, set } = await menu();
    await using _ = api;
    api.admin.speak("ru");
    const steps = [
      ["default", {}],
      ["default_ru", { language_code: "ru" }],
      ["private", PRIVATE],
      ["private_ru", { ...PRIVATE, language_code: "ru" }],
      ["chat", CHAT],
      ["chat_ru", { ...CHAT, language_code: "ru" }],
    ] as const;
    for (const [name, more] of steps) {
      await set(name, more);
      expect(shown()).toEqual([name]);
    }
    for (const [name, more] of steps.toReversed()) {
      expect(shown()).toEqual([name]);
      // An empty list is a deletion, too.
      if ("scope" in more) await api.call("deleteMyCommands", more);
      else await api.call("setMyCommands", { commands: [], ...more });
    }
    expect(shown()).toEqual([]);
  });

  test("nothing of what is for groups", async () => {
    const { api, shown, set } = await menu();
    await using _ = api;
    await set("group", { scope: { type: "all_group_chats" } });
    await set("admins", { scope: { type: "all_chat_administrators" } });
    expect(shown()).toEqual([]);
  });
});

test(
  "getMyCommands gives exactly the list of a scope and language, also as JSON text; a slash " +
    "is left out",
  async () => {
    const { api, set } = await menu();
    await using _ = api;
    await set("/slash", { scope: JSON.stringify(CHAT.scope), language_code: "ru" });
    const get = async (more: object) => names((await api.call("getMyCommands", more)).result);
    expect(await get({ ...CHAT, language_code: "ru" })).toEqual(["slash"]);
    for (const more of [{}, CHAT, { language_code: "ru" }, PRIVATE])
      expect(await get(more)).toEqual([]);
  },
);

test("lists survive a restart of the sandbox, and go with a reset", async () => {
  const { api, shown, set } = await menu();
  await using _ = api;
  await set("one", { language_code: "en" });
  const saved = api.backend.save();
  api.backend.reset();
  api.admin.start();
  expect(shown()).toEqual([]);
  api.backend.restore(saved);
  expect(shown()).toEqual(["one"]);
});

test.each([
  [{ language_code: "rus" }, "invalid language code specified"],
  [{ language_code: "RU" }, "invalid language code specified"],
  [{ scope: { type: "everywhere" } }, "can't parse BotCommandScope: unsupported type specified"],
  [{ scope: {} }, 'can\'t parse BotCommandScope: field "type" must be of type String'],
  [{ scope: { type: "chat" } }, "chat_id is empty"],
  [{ scope: { type: "chat", chat_id: 12_345 } }, "chat not found"],
  [
    { scope: { type: "chat_administrators", chat_id: 777 } },
    "can't use specified scope in private chats",
  ],
  [{ scope: { type: "chat_member", chat_id: 777 } }, "user not found"],
])("%j is refused", async (more, description) => {
  const { api } = await menu();
  await using _ = api;
  for (const method of ["setMyCommands", "getMyCommands", "deleteMyCommands"])
    expect(await api.call(method, { commands: list("x"), ...more })).toMatchObject({
      ok: false,
      error_code: 400,
      description: `Bad Request: ${description}`,
    });
});

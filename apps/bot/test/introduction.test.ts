/** The Bot API through proxies, and what of it the bot can do without (field faults C6, C10). */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { startProxy } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { createBot } from "../src/app/bot.ts";
import { firstIntroduction, introduce, reasonOf } from "../src/app/introduction.ts";
import { botWay } from "../src/app/way.ts";
import { loadLanguages } from "../src/kit/words/words.ts";
import { fileSource } from "../src/login/files.ts";
import { TOKEN } from "./chat.ts";

const languages = loadLanguages();
const ME = { id: 1, is_bot: true, first_name: "Flotilla", username: "flotilla_bot" };

/** A Bot API that knows `getMe` alone; each other method is answered by `others`. */
async function botApi(others: { readonly status: number; readonly body: string } | "silence") {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const method = request.url?.split("/").at(-1) ?? "";
    asked.push(method);
    if (method === "getMe") return void response.end(JSON.stringify({ ok: true, result: ME }));
    if (others === "silence") return;
    response.writeHead(others.status).end(others.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { root: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function listening() {
  const said: string[] = [];
  return { said, log: { warn: (_: object, text: string) => void said.push(text) } };
}

test.each([
  [
    "a 404",
    {
      status: 404,
      body: '{"ok":false,"error_code":404,"description":"Not Found: method not found"}',
    },
  ],
  ["a refusal", { status: 400, body: '{"ok":false,"error_code":400,"description":"Bad Request"}' }],
  ["a page that is no JSON", { status: 200, body: "<html>" }],
  ["silence", "silence"],
] as const)(
  "a server that has no setMyCommands and no deleteWebhook, and answers with %s, is good enough",
  async (_what, others) => {
    const { root, asked } = await botApi(others);
    const bot = createBot(TOKEN, root);
    const { said, log } = listening();
    expect(await firstIntroduction({ bot, languages, log }, root, 5000)).toBe(true);
    expect(bot.botInfo.username).toBe("flotilla_bot");
    expect(asked).toEqual(expect.arrayContaining(["getMe", "deleteWebhook", "setMyCommands"]));
    expect(said).toEqual(
      ["deleteWebhook", "setMyCommands"].map(
        (what) => `the Bot API did not take ${what}; the bot works without it`,
      ),
    );
  },
);

test.each(["socks5", "socks4", "http"])(
  "every call of the bot goes through the %s proxy, files too",
  async (kind) => {
    const { root, asked } = await botApi({ status: 200, body: '{"ok":true,"result":true}' });
    const proxy = await startProxy({});
    const way = botWay(root, `${kind}://127.0.0.1:${proxy.port}`);
    expect(way.shown).toBe(`${root} through ${kind}://127.0.0.1:${proxy.port}`);
    const bot = createBot(TOKEN, root, way);
    await introduce({ bot, languages, log: listening().log });
    const files = fileSource(bot, way);
    expect((await files.download("documents/file_1")).toString()).toContain("ok");
    expect(asked).toEqual(expect.arrayContaining(["getMe", "setMyCommands", "file_1"]));
    expect(new Set(proxy.asked)).toEqual(new Set([new URL(root).host]));
  },
);

test("a name is resolved by the proxy, and TLS is spoken with the server behind it", async () => {
  const proxy = await startProxy({ ann: "p@ss" });
  proxy.refuse = 4;
  const bot = createBot(TOKEN, null, botWay(null, `socks5://ann:p%40ss@127.0.0.1:${proxy.port}`));
  const { said, log } = listening();
  expect(await firstIntroduction({ bot, languages, log }, "there", 5000)).toBe(false);
  expect(new Set(proxy.asked)).toEqual(new Set(["api.telegram.org:443"]));
  expect(said).toEqual(["the Bot API cannot be reached yet (there); asking again every 5 s"]);
  const error: unknown = await bot.api.getMe().catch((thrown: unknown) => thrown);
  expect(reasonOf(error)).toBe("proxy-refused");
});

test.each(["socks5", "http"])(
  "a %s proxy that does not take the password is named without it",
  async (kind) => {
    const proxy = await startProxy({ ann: "right" });
    const { root } = await botApi({ status: 200, body: "" });
    const way = botWay(root, `${kind}://ann:wrong@127.0.0.1:${proxy.port}`);
    expect(way.shown).not.toContain("wrong");
    const error: unknown = await createBot(TOKEN, root, way)
      .api.getMe()
      .catch((thrown: unknown) => thrown);
    expect(reasonOf(error)).toBe("proxy-auth");
  },
);

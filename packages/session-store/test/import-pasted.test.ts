/**
 * Sessions as people copy them (field faults C2, C3): what is around a string, strings of mtcute,
 * and what cannot be taken over.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ImportSource, importSession, inspectImport } from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import { NodePlatform, SqliteStorage } from "@mtcute/node";
import { LogManager, serializeBasicDcOption, writeStringSession } from "@mtcute/node/utils.js";
import { beforeEach, describe, expect, test } from "vitest";
import { strings } from "./support/foreign.ts";
import { codeOf, errorOf, FLEET_KEY } from "./support/kit.ts";

let dir = "";
beforeEach(async () => {
  dir = await testDir();
});

const KEY = randomBytes(256);
const options = (source: ImportSource) =>
  ({
    source,
    dir: join(dir, "sessions"),
    name: "new",
    fleetKey: FLEET_KEY,
    server: "telegram",
  }) as const;
const read = (text: string) => inspectImport(options({ kind: "text", text }));

const DC = {
  id: 4,
  ipAddress: "149.154.167.91",
  port: 443,
  ipv6: false,
  mediaOnly: false,
  testMode: false,
};

function mtcute(more: object = {}): string {
  const self = { userId: 7000001, isBot: false, isPremium: false, usernames: [] };
  return writeStringSession({
    version: 3,
    primaryDcs: { main: DC, media: { ...DC, mediaOnly: true } },
    self,
    authKey: KEY,
    ...more,
  });
}

const TEXTS = {
  "gramjs-string": strings.gramJs(2, "149.154.167.51", 443, KEY),
  "telethon-string": strings.telethon(2, Buffer.from([149, 154, 167, 51]), 443, KEY),
  "pyrogram-string": strings.pyrogram(2, 12345, 0, KEY, 7000001n, 0),
  "mtcute-string": mtcute(),
};

describe.each(Object.entries(TEXTS))("%s", (format, text) => {
  test.each([
    ["nothing", text],
    ["a byte order mark", `\uFEFF${text}\r\n`],
    ["quotes", `"${text}"`],
    ["a comma after it", `'${text}',`],
    ["typographic quotes", `«${text}»`],
    ["marks of direction", `\u202A${text}\u202C`],
    ["lines of 76", text.replace(/.{76}/g, "$&\n")],
    ["lines of 64 with CRLF and blanks", text.replace(/.{64}/g, "$&\r\n  ")],
    ["a code fence", `\`\`\`\n${text}\n\`\`\``],
    ["a code fence with a language", `Session:\n\`\`\`text\n${text}\n\`\`\`\nbye`],
    [".env around it", `API_ID=12345\nSTRING_SESSION="${text}"\nNAME=x\n`],
  ])("with %s", (_what, pasted) => {
    expect(read(pasted)).toMatchObject({ format, authKey: KEY });
  });

  test("in a file of Windows' editor, with either byte order mark", () => {
    for (const [name, bytes] of Object.entries({
      utf8: Buffer.from(`\uFEFF${text}\r\n`),
      utf16: Buffer.from(`\uFEFF${text}`, "utf16le"),
    })) {
      const path = join(dir, name);
      writeFileSync(path, bytes);
      expect(inspectImport(options({ kind: "file", path })), name).toMatchObject({
        format,
        authKey: KEY,
      });
    }
  });
});

describe("a string of mtcute", () => {
  test("brings account and data centre along", () => {
    expect(importSession(options({ kind: "text", text: mtcute() }))).toMatchObject({
      format: "mtcute-string",
      dcId: 4,
      userId: "7000001",
    });
  });

  test("without the account, with one data centre, or of IPv6 is read", () => {
    const v6 = { ...DC, ipAddress: "2001:067c:04e8:f004:0000:0000:0000:000a", ipv6: true };
    expect(read(mtcute({ self: null }))).toMatchObject({ userId: null, authKey: KEY });
    expect(read(mtcute({ primaryDcs: { main: DC, media: DC } }))).toMatchObject({
      dcId: 4,
      userId: "7000001",
    });
    expect(read(mtcute({ primaryDcs: { main: v6, media: v6 } }))).toMatchObject({
      dcId: 4,
      authKey: KEY,
    });
  });

  test("of a bot, a test server, or cut short is refused as such", () => {
    const bot = { userId: 7000001, isBot: true, isPremium: false, usernames: [] };
    expect(codeOf(() => read(mtcute({ self: bot })))).toBe("import-bot");
    expect(
      codeOf(() =>
        read(
          mtcute({
            primaryDcs: { main: { ...DC, testMode: true }, media: { ...DC, testMode: true } },
          }),
        ),
      ),
    ).toBe("import-test-server");
    for (const cut of [4, 40, 100])
      expect(
        codeOf(() => read(mtcute().slice(0, -cut))),
        String(cut),
      ).toBe("import-malformed");
  });
});

describe("a file of mtcute's own storage", () => {
  async function stored(
    key: Buffer | null,
    { isBot = false, testMode = false, user = true } = {},
  ): Promise<ImportSource> {
    const path = join(dir, "client.session");
    const storage = new SqliteStorage(path);
    // Its own types disagree under exactOptionalPropertyTypes.
    const platform = new NodePlatform() as never;
    storage.driver.setup(new LogManager("test", platform), platform);
    await storage.driver.load();
    storage.kv.set("dc_main", serializeBasicDcOption({ ...DC, testMode }));
    if (user) {
      const self = Buffer.alloc(16);
      self.writeInt32LE(1, 0);
      self.writeInt32LE(Number(isBot), 4);
      self.writeBigInt64LE(7000001n, 8);
      storage.kv.set("current_user", self);
    }
    if (key) storage.authKeys.set(4, key);
    await storage.driver.save();
    await storage.driver.destroy();
    return { kind: "file", path };
  }

  test("brings account and data centre along, also before the account was known", async () => {
    expect(inspectImport(options(await stored(KEY)))).toMatchObject({
      format: "mtcute-file",
      dcId: 4,
      userId: "7000001",
      authKey: KEY,
    });
    rmSync(join(dir, "client.session"));
    expect(inspectImport(options(await stored(KEY, { user: false })))).toMatchObject({
      userId: null,
      authKey: KEY,
    });
  });

  test.each([
    ["a bot's", { isBot: true }, "import-bot"],
    ["one of a test server", { testMode: true }, "import-test-server"],
  ] as const)("%s is refused as such", async (_what, more, code) => {
    const source = await stored(KEY, more);
    expect(codeOf(() => inspectImport(options(source)))).toBe(code);
  });

  test("without a key it is not logged in", async () => {
    const source = await stored(null);
    expect(codeOf(() => inspectImport(options(source)))).toBe("import-not-logged-in");
  });
});

describe("Telegram Desktop", () => {
  const folder = (name: string, ...files: string[]): string => {
    const path = join(dir, name);
    mkdirSync(path, { recursive: true });
    for (const file of files) writeFileSync(join(path, file), "TDF$\u0000");
    return path;
  };

  test.each([
    ["its folder", () => folder("tdata", "key_datas", "D877F783D5D3EF8Cs", "settingss")],
    ["an empty folder of this name", () => folder("backup/tdata")],
    ["the folder around it", () => join(folder("Telegram/tdata", "key_datas"), "..")],
    ["a copy under another name", () => folder("my account", "key_data", "D877F783D5D3EF8C0")],
    ["a file of it", () => join(folder("x", "key_datas"), "key_datas")],
    [
      "a packed folder",
      () => {
        writeFileSync(
          join(dir, "t.zip"),
          Buffer.concat([
            Buffer.from("PK\u0003\u0004"),
            Buffer.alloc(26),
            Buffer.from("tdata/key_datas"),
          ]),
        );
        return join(dir, "t.zip");
      },
    ],
  ])("%s is told to log in by QR instead", (_what, make) => {
    const error = errorOf(() => inspectImport(options({ kind: "file", path: make() })));
    expect(error.code).toBe("import-tdata");
    expect(error.message).toMatch(/tdata.*log in by QR instead/);
  });

  test("sent in the chat too", () => {
    const bytes = Buffer.concat([Buffer.from("TDF$"), randomBytes(500)]);
    expect(codeOf(() => inspectImport(options({ kind: "bytes", bytes })))).toBe("import-tdata");
  });
});

/** Imports folders of GramJS's own `StoreSession` (field fault C3). */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ImportSource,
  importSession,
  inspectImport,
  openSession,
} from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import bigInt from "big-integer";
import { AuthKey } from "telegram/crypto/AuthKey.js";
import { StoreSession } from "telegram/sessions/StoreSession.js";
import { Api } from "telegram/tl/index.js";
import { afterEach, beforeEach, expect, test } from "vitest";

const KEY = randomBytes(256);
const FLEET_KEY = randomBytes(32);
const before = process.cwd();
let dir = "";

beforeEach(async () => {
  dir = await testDir();
  process.chdir(dir);
});
afterEach(() => process.chdir(before));

async function written(
  name: string,
  { divider = ":", key = KEY as Buffer | null } = {},
): Promise<string> {
  mkdirSync(join(dir, name), { recursive: true });
  const session = new StoreSession(name, divider);
  session.setDC(4, "149.154.167.91", 443);
  if (key) {
    const authKey = new AuthKey();
    await authKey.setKey(key);
    session.authKey = authKey;
  }
  const channel = {
    id: bigInt(1234567),
    accessHash: bigInt("8123456789012345678"),
    title: "News",
    username: "News",
  };
  session.processEntities([
    new Api.Channel({ ...channel, photo: new Api.ChatPhotoEmpty(), date: 0 }),
  ] as never);
  return join(dir, name);
}

const fileOf = (folder: string, value: string): string =>
  join(folder, readdirSync(folder).find((name) => name.endsWith(value)) ?? "");
const options = (path: string) =>
  ({
    source: { kind: "file", path } satisfies ImportSource,
    dir: join(dir, "ours"),
    name: "ann",
    fleetKey: FLEET_KEY,
    server: "telegram",
  }) as const;
const codeOf = (path: string): unknown => {
  try {
    return inspectImport(options(path)).format;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

test("key, data centre and known chats come along", async () => {
  expect(importSession(options(await written("my_account")))).toMatchObject({
    format: "gramjs-folder",
    dcId: 4,
    userId: null,
  });
  using store = openSession({ dir: join(dir, "ours"), name: "ann", fleetKey: FLEET_KEY });
  expect(store.authKey()).toEqual(KEY);
  expect(store.entities.byUsername("news")).toMatchObject({
    id: "-1001234567",
    hash: "8123456789012345678",
  });
});

test.each(["a name with blanks", "sessions/deep", "имя", "dots.and-dashes"])(
  "a session called %j",
  async (name) => {
    expect(inspectImport(options(await written(name)))).toMatchObject({ dcId: 4, authKey: KEY });
  },
);

test("another divider", async () => {
  expect(inspectImport(options(await written("other", { divider: "|" })))).toMatchObject({
    authKey: KEY,
  });
});

test("without a key, damaged, or no such folder at all: refused with the reason", async () => {
  expect(codeOf(await written("fresh", { key: null }))).toBe("import-not-logged-in");
  const cut = await written("cut");
  writeFileSync(fileOf(cut, "authKey"), '{"type":"Buffer","data":[1,2,3]}');
  expect(codeOf(cut)).toBe("import-malformed");
  const noDc = await written("no_dc");
  rmSync(fileOf(noDc, "dcId"));
  expect(codeOf(noDc)).toBe("import-malformed");
  mkdirSync(join(dir, "photos"));
  writeFileSync(join(dir, "photos", "1.jpg"), "x");
  expect(codeOf(join(dir, "photos"))).toBe("import-unreadable");
});

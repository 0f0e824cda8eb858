import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readForAdoption } from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import { strings, telethonFile } from "./support/foreign.ts";
import { ANN, codeOf, FLEET_KEY, logIn, make, open } from "./support/kit.ts";

let dir = "";
let old = "";
const KEY = randomBytes(256);
beforeEach(async () => {
  const base = await testDir();
  dir = join(base, "sessions");
  old = join(base, "old");
  mkdirSync(old);
});

describe("a session that comes without a file, into the session of a worker that runs", () => {
  const given = (bytes: Buffer, name = "ann") =>
    readForAdoption({ source: { kind: "bytes", bytes }, dir, name, fleetKey: FLEET_KEY });
  const string = strings.telethon(2, Buffer.from([149, 154, 167, 51]), 443, KEY);
  const telethon = (): Buffer => {
    telethonFile(join(old, "x.session"), 7, { key: KEY });
    return readFileSync(join(old, "x.session"));
  };

  test("it takes the place of the one before, with everything it knows; nothing is left of the way", () => {
    using store = open(dir, "ann");
    logIn(store, { ...ANN, id: "7000009", name: "Old" });
    const parsed = given(telethon());
    expect(
      readdirSync(dir).filter((name) => name.startsWith(".")),
      "no copy stays",
    ).toEqual([]);
    store.adopt(parsed, "telegram");
    expect(store.authKey()).toEqual(KEY);
    expect(store.self()).toMatchObject({ id: ANN.id });
    expect(store.origin()).toMatchObject({ format: "telethon-file", verifiedAt: null });
    expect(store.updates.account()).toMatchObject({ pts: 5000 });
    expect(
      codeOf(() => store.setAuthKey(randomBytes(256))),
      "protected as any key",
    ).toBe("key-protected");
    store.refreshSelf({ ...ANN, name: "Ann as Telegram has her" });
    expect(store.origin()?.verifiedAt).not.toBeNull();
    store.close();
    using again = open(dir, "ann");
    expect(again.authKey()).toEqual(KEY);
  });

  test("an account that is not named in it makes the worker forget the one before", () => {
    using store = open(dir, "ann");
    logIn(store);
    store.adopt(given(Buffer.from(string)), "telegram");
    expect(store.self()).toBeNull();
    expect(store.identity()).toMatchObject({ userId: null });
  });

  test("the account's own place in its updates is newer than the one of the old program", () => {
    using store = open(dir, "ann");
    logIn(store);
    store.updates.commit(
      { account: { pts: 9000, qts: 1, date: 1_770_000_000, seq: 1 } },
      () => false,
    );
    store.adopt(given(telethon()), "telegram");
    expect(store.updates.account()?.pts).toBe(9000);
  });

  test(
    "it is refused for another worker's account, while a connection is open, and in a login; " +
      "the session stays as it was",
    () => {
      make(dir, "bob");
      expect(codeOf(() => given(telethon()))).toBe("session-duplicate");
      using store = open(dir, "carl");
      const key = logIn(store, { ...ANN, id: "7000009" });
      const parsed = given(Buffer.from(string), "carl");
      {
        using _claim = store.claim();
        expect(codeOf(() => store.adopt(parsed, "telegram"))).toBe("session-claimed");
      }
      store.beginLogin();
      expect(codeOf(() => store.adopt(parsed, "telegram"))).toBe("login-running");
      store.rollbackLogin();
      expect(store.authKey()).toEqual(key);
      expect(codeOf(() => given(Buffer.from("no session")))).toBe("import-unknown-format");
      expect(codeOf(() => given(Buffer.alloc(0)))).toBe("import-not-logged-in");
    },
  );
});

import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { AppError } from "@flotilla/kernel";
import { importSession, inspectImport, keyFingerprint } from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { strings } from "./support/foreign.ts";
import { ANN, codeOf, errorOf, FLEET_KEY, make, open } from "./support/kit.ts";

let dir = "";
beforeEach(async () => {
  dir = await testDir();
});

const V6 = Buffer.from("2001067c04e8f002000000000000000a", "hex");
const KEY = randomBytes(256);

function inspect(text: string) {
  return inspectImport({
    source: { kind: "text", text },
    dir,
    name: "new",
    fleetKey: FLEET_KEY,
    server: "telegram",
  });
}

const key = fc
  .uint8Array({ minLength: 256, maxLength: 256 })
  .filter((bytes) => bytes.some((byte) => byte !== bytes[0]));
const dcId = fc.integer({ min: 1, max: 5 });
const port = fc.integer({ min: 1, max: 65_535 });
const userId = fc.bigInt({ min: 1000n, max: (1n << 52n) - 1n });
const apiId = fc.integer({ min: 1, max: 2 ** 32 - 1 });
const host = fc.constantFrom(
  "149.154.167.51",
  "149.154.167.50",
  "vesta.web.telegram.org",
  "2001:67c:4e8:f002::a",
  "a".repeat(253),
);

/** Any well-formed string with what must be read out of it. */
const anyString = fc.oneof(
  fc.tuple(dcId, host, port, key).map(([dc, address, at, bytes]) => ({
    text: strings.gramJs(dc, address, at, Buffer.from(bytes)),
    want: { format: "gramjs-string", dcId: dc, userId: null, apiId: null, bytes },
  })),
  fc
    .tuple(dcId, fc.constantFrom(Buffer.from([149, 154, 167, 51]), V6), port, key)
    .map(([dc, ip, at, bytes]) => ({
      text: strings.telethon(dc, ip, at, Buffer.from(bytes)),
      want: { format: "telethon-string", dcId: dc, userId: null, apiId: null, bytes },
    })),
  fc.tuple(dcId, apiId, key, userId).map(([dc, api, bytes, user]) => ({
    text: strings.pyrogram(dc, api, 0, Buffer.from(bytes), user, 0),
    want: { format: "pyrogram-string", dcId: dc, userId: user.toString(), apiId: api, bytes },
  })),
  fc
    .tuple(
      dcId,
      key.filter((bytes) => bytes[3] !== 0),
      fc.bigInt({ min: 1000n, max: 2n ** 32n - 1n }),
      fc.boolean(),
    )
    .map(([dc, bytes, user, wide]) => ({
      text: strings.pyrogramOld(dc, 0, Buffer.from(bytes), user, wide),
      want: { format: "pyrogram-string", dcId: dc, userId: user.toString(), apiId: null, bytes },
    })),
);

describe("strings", () => {
  test("every string of GramJS, Telethon and Pyrogram is read as what was packed into it", () => {
    fc.assert(
      fc.property(anyString, fc.constantFrom("", "\n", "  ", "\r\n"), ({ text, want }, space) => {
        const { bytes, ...fields } = want;
        const got = inspect(space + text + space);
        expect(got).toMatchObject(fields);
        expect(got.authKey.equals(bytes)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test("padding and alphabet do not matter", () => {
    const text = strings.telethon(2, Buffer.from([149, 154, 167, 51]), 443, KEY);
    for (const same of [
      text,
      text.replace(/=+$/, ""),
      text.replaceAll("-", "+").replaceAll("_", "/"),
    ])
      expect(inspect(same).authKey).toEqual(KEY);
  });

  test("a string that was cut, at any place, is refused", () => {
    fc.assert(
      fc.property(anyString, fc.nat(), ({ text }, at) => {
        const whole = text.replace(/=+$/, "");
        const cut = whole.slice(0, at % whole.length);
        expect(codeOf(() => inspect(cut))).toMatch(/^import-/);
      }),
      { numRuns: 200 },
    );
  });

  test.each([351, 356])(
    "a string of Pyrogram 2 that was cut to the %s characters of an old one is not taken for one",
    (length) => {
      const bytes = Buffer.alloc(256, 0);
      bytes.writeUInt8(1, 0);
      for (const secret of [KEY, bytes]) {
        const cut = strings.pyrogram(2, 12345, 0, secret, 7000001n, 0).slice(0, length);
        expect(codeOf(() => inspect(cut))).toBe("import-malformed");
      }
    },
  );

  test(
    "a changed bit is either refused or changes only the key, the port, the user or the " +
      "application: never the account's home",
    () => {
      fc.assert(
        fc.property(
          anyString,
          fc.nat(),
          fc.integer({ min: 0, max: 7 }),
          ({ text, want }, at, bit) => {
            const bytes = Buffer.from(text, "latin1");
            const index = at % bytes.length;
            bytes.writeUInt8(bytes.readUInt8(index) ^ (1 << bit), index);
            try {
              const got = inspect(bytes.toString("latin1"));
              expect(got.authKey).toHaveLength(256);
              expect([1, 2, 3, 4, 5]).toContain(got.dcId);
              expect(got.format.split("-")[0]).toBe(want.format.split("-")[0]);
            } catch (error) {
              if (!(error instanceof AppError)) throw error;
              expect(error.code).toMatch(/^import-/);
            }
          },
        ),
        { numRuns: 500 },
      );
    },
  );

  test("noise never crashes and is never taken for a session", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: "binary" })),
        (text) => {
          expect(codeOf(() => inspect(text))).toMatch(/^import-/);
        },
      ),
      { numRuns: 300 },
    );
  });

  const ip = Buffer.from([149, 154, 167, 51]);
  test.each([
    ["a bot", strings.pyrogram(2, 1, 0, KEY, 5000n, 1), "import-bot", "belongs to a bot"],
    [
      "a test server, by its flag",
      strings.pyrogram(2, 1, 1, KEY, 5000n, 0),
      "import-test-server",
      "test servers",
    ],
    [
      "a test server, by its address",
      strings.telethon(2, Buffer.from([149, 154, 167, 40]), 443, KEY),
      "import-test-server",
      "test",
    ],
    [
      "a test server, by its IPv6 address",
      strings.telethon(2, Buffer.from("2001067c04e8f002000000000000000e", "hex"), 443, KEY),
      "import-test-server",
      "test",
    ],
    [
      "a flag that is none",
      strings.pyrogram(2, 1, 0, KEY, 5000n, 2),
      "import-malformed",
      "wrong or missing",
    ],
    [
      "the media data centre",
      strings.telethon(203, ip, 443, KEY),
      "import-media-dc",
      "only serves files",
    ],
    [
      "a data centre that does not exist",
      strings.telethon(9, ip, 443, KEY),
      "import-malformed",
      "wrong or missing",
    ],
    ["no port", strings.telethon(2, ip, 0, KEY), "import-malformed", "wrong or missing"],
    [
      "a key of zeroes",
      strings.telethon(2, ip, 443, Buffer.alloc(256)),
      "import-malformed",
      "wrong or missing",
    ],
    [
      "a key of ones",
      strings.telethon(2, ip, 443, Buffer.alloc(256, 255)),
      "import-malformed",
      "wrong or missing",
    ],
    ["an empty text", "  \n", "import-not-logged-in", "has no key"],
    [
      "a sentence",
      "my session is very nice",
      "import-unknown-format",
      "no session that Flotilla knows",
    ],
    [
      "a bot token",
      "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
      "import-unknown-format",
      "no session that Flotilla knows",
    ],
  ])("%s is refused with its reason, and nothing of the session in it", (_, text, code, words) => {
    const error = errorOf(() => inspect(text));
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    if (text.trim() !== "")
      expect(JSON.stringify([error.message, error.details])).not.toContain(text.slice(0, 24));
  });
});

describe("what becomes of it", () => {
  const text = strings.pyrogram(4, 12345, 0, KEY, 7000001n, 0);
  const options = (name: string) =>
    ({
      source: { kind: "text", text },
      dir,
      name,
      fleetKey: FLEET_KEY,
      server: "telegram",
    }) as const;

  test(
    "a session file with the key, the account, and the address from the table; nothing else is " +
      "left in the folder",
    () => {
      const done = importSession(options("ann"));
      expect(done).toMatchObject({
        name: "ann",
        format: "pyrogram-string",
        userId: "7000001",
        apiId: 12345,
        resumes: false,
      });
      expect(JSON.stringify(done)).not.toContain(KEY.toString("hex").slice(0, 16));
      expect(readdirSync(dir).toSorted()).toEqual(["ann.identity", "ann.session"]);
      using store = open(dir, "ann");
      expect(store.authKey()).toEqual(KEY);
      expect(store.dc()).toEqual({ id: 4, address: "149.154.167.91", port: 443 });
      expect(store.self()?.id).toBe("7000001");
      expect(store.origin()).toMatchObject({
        format: "pyrogram-string",
        apiId: 12345,
        verifiedAt: null,
      });
    },
  );

  test("it stays unverified until the account was seen, and another account is refused", () => {
    importSession(options("ann"));
    using store = open(dir, "ann");
    expect(codeOf(() => store.refreshSelf({ ...ANN, id: "8" }))).toBe("account-changed");
    expect(store.origin()?.verifiedAt).toBeNull();
    store.refreshSelf(ANN);
    expect(store.origin()?.verifiedAt).toBeGreaterThan(0);
    expect(store.self()).toEqual(ANN);
  });

  test("a source that knows no user id learns it from the first connection, once", () => {
    const bare = strings.telethon(2, Buffer.from([149, 154, 167, 51]), 443, KEY);
    importSession({ ...options("ann"), source: { kind: "text", text: bare } });
    using store = open(dir, "ann");
    expect(store.self()).toBeNull();
    store.refreshSelf(ANN);
    expect(store.identity()).toEqual({
      name: "ann",
      fingerprint: keyFingerprint(KEY),
      userId: ANN.id,
    });
    expect(codeOf(() => store.refreshSelf({ ...ANN, id: "8" }))).toBe("account-changed");
  });

  test("an account that turns out to have a worker already is refused at its first connection", () => {
    make(dir, "first");
    const bare = strings.telethon(2, Buffer.from([149, 154, 167, 51]), 443, KEY);
    importSession({ ...options("second"), source: { kind: "text", text: bare } });
    using store = open(dir, "second");
    expect(codeOf(() => store.refreshSelf(ANN))).toBe("session-duplicate");
    expect(store.self()).toBeNull();
  });

  test("for a server of one's own no address is kept", () => {
    importSession({ ...options("ann"), server: "custom" });
    using store = open(dir, "ann");
    expect(store.dc()).toEqual({ id: 4, address: "", port: 0 });
  });

  test("a name that is taken is never overwritten", () => {
    make(dir, "ann", { ...ANN, id: "1" });
    const error = errorOf(() => importSession(options("ann")));
    expect(error.code).toBe("session-exists");
    expect(error.message).toContain("never overwritten");
    using store = open(dir, "ann");
    expect(store.self()?.id).toBe("1");
  });

  test("a key or an account that another session has is refused, and the name of the other is said", () => {
    make(dir, "twin", { ...ANN, id: "1001" }, KEY);
    expect(errorOf(() => importSession(options("ann"))).message).toContain('copy of "twin"');
    const other = strings.pyrogram(2, 1, 0, randomBytes(256), 1001n, 0);
    const error = errorOf(() =>
      importSession({ ...options("ann"), source: { kind: "text", text: other } }),
    );
    expect(error.code).toBe("session-duplicate");
    expect(error.message).toContain('already belongs to the worker "twin"');
    expect(readdirSync(dir).toSorted()).toEqual(["twin.identity", "twin.session"]);
  });
});

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "@flotilla/kernel";
import { importSession, inspectImport } from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { pyrogramFile, strings, telethonFile } from "./support/foreign.ts";
import { ANN, codeOf, errorOf, FLEET_KEY, make, open } from "./support/kit.ts";
import { telethon } from "./support/telethon.ts";

let dir = "";
let old = "";
const KEY = randomBytes(256);
beforeEach(async () => {
  const base = await testDir();
  dir = join(base, "sessions");
  old = join(base, "old");
  mkdirSync(old);
});

function options(path: string) {
  return {
    source: { kind: "file", path },
    dir,
    name: "ann",
    fleetKey: FLEET_KEY,
    server: "telegram",
  } as const;
}

describe.each([4, 5, 6, 7] as const)("Telethon version %s", (version) => {
  test(
    "key, account, known users and the place in every update stream come along; the file is " +
      "only read",
    () => {
      const path = join(old, "x.session");
      telethonFile(path, version, { key: KEY });
      const before = readFileSync(path);
      expect(importSession(options(path))).toMatchObject({
        format: "telethon-file",
        userId: ANN.id,
        apiId: null,
        entities: 3,
        resumes: true,
        channels: 1,
      });
      expect(readFileSync(path)).toEqual(before);
      expect(readdirSync(old)).toEqual(["x.session"]);
      using store = open(dir, "ann");
      expect(store.authKey()).toEqual(KEY);
      expect(store.self()).toEqual({
        id: ANN.id,
        name: "Ann A",
        username: "ann",
        phone: "15550001",
      });
      expect(store.entities.byId(ANN.id)?.hash).toBe("-9223372036854775808");
      expect(store.entities.byUsername("news")).toMatchObject({
        id: "-1000001234567",
        hash: "8123456789012345678",
      });
      expect(store.updates.account()).toEqual({ pts: 5000, qts: 7, date: 1_760_000_000, seq: 9 });
      expect(store.updates.channels()).toEqual([
        { id: "1234567", pts: 88, hash: "8123456789012345678" },
      ]);
    },
  );
});

test("a Telethon file without its own user id is imported, and the account is learned later", () => {
  const path = join(old, "x.session");
  telethonFile(path, 7, { key: KEY, userId: null });
  expect(importSession(options(path)).userId).toBeNull();
});

test.each([3, 4, 7] as const)("Pyrogram and Kurigram version %s", (version) => {
  const path = join(old, "x.session");
  pyrogramFile(path, version, { key: KEY });
  const done = importSession(options(path));
  expect(done).toMatchObject({
    format: "pyrogram-file",
    userId: ANN.id,
    apiId: 12345,
    entities: 1,
    resumes: version === 7,
  });
  using store = open(dir, "ann");
  expect(store.authKey()).toEqual(KEY);
  expect(store.entities.byUsername("news")).toMatchObject({
    id: "-1000001234567",
    hash: "8123456789012345678",
  });
  if (version === 7)
    expect(store.updates.channels()).toEqual([
      { id: "1234567", pts: 88, hash: "8123456789012345678" },
    ]);
});

test(
  "a file of ours from another folder is imported with everything it knows, and not with " +
    "another fleet key",
  () => {
    make(old, "before", ANN, KEY);
    const path = join(old, "before.session");
    expect(codeOf(() => importSession({ ...options(path), fleetKey: randomBytes(32) }))).toBe(
      "import-other-fleet-key",
    );
    expect(importSession(options(path))).toMatchObject({ format: "flotilla-file", userId: ANN.id });
    using store = open(dir, "ann");
    expect(store.authKey()).toEqual(KEY);
  },
);

test("a string in a file is read as a string", () => {
  const path = join(old, "session.txt");
  writeFileSync(path, `${strings.pyrogram(2, 1, 0, KEY, 7000001n, 0)}\n`);
  expect(importSession(options(path)).format).toBe("pyrogram-string");
});

test("what is only in the write-ahead log or in a hot journal comes along too", () => {
  const path = join(old, "wal.session");
  telethonFile(path, 7, { key: randomBytes(256) });
  const writer = new DatabaseSync(path);
  writer.exec("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0");
  writer.prepare("UPDATE sessions SET auth_key = ?").run(KEY);
  const crashed = join(old, "crashed.session");
  for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, crashed + suffix);
  writer.close();
  expect(inspectImport(options(crashed)).authKey).toEqual(KEY);

  const journaled = join(old, "journal.session");
  telethonFile(journaled, 7, { key: KEY });
  const halfway = new DatabaseSync(journaled);
  // A page cache of one page makes SQLite write into the file before the commit.
  halfway.exec("PRAGMA cache_size=1; BEGIN");
  halfway.prepare("UPDATE sessions SET auth_key = ?").run(randomBytes(256));
  for (let id = 1; id < 2000; id++)
    halfway.exec(`INSERT INTO entities (id, hash, name) VALUES (${id}, 1, '${"x".repeat(200)}')`);
  const cut = join(old, "cut.session");
  for (const suffix of ["", "-journal"]) copyFileSync(journaled + suffix, cut + suffix);
  halfway.exec("ROLLBACK");
  halfway.close();
  expect(inspectImport(options(cut)).authKey).toEqual(KEY);
});

describe("refused, with the reason in words, and without a trace", () => {
  const at = (name: string): string => join(old, name);
  const cases: readonly (readonly [string, (path: string) => void, string, string])[] = [
    [
      "a bot",
      (path) => pyrogramFile(path, 3, { key: KEY, isBot: 1 }),
      "import-bot",
      "belongs to a bot",
    ],
    [
      "test mode",
      (path) => pyrogramFile(path, 3, { key: KEY, testMode: 1 }),
      "import-test-server",
      "test servers",
    ],
    [
      "a test server's address",
      (path) => telethonFile(path, 7, { key: KEY, address: "149.154.167.40" }),
      "import-test-server",
      "test",
    ],
    [
      "an empty key",
      (path) => telethonFile(path, 7, { key: Buffer.alloc(0) }),
      "import-not-logged-in",
      "never finished its login",
    ],
    [
      "no key",
      (path) => pyrogramFile(path, 3, { key: null, userId: null }),
      "import-not-logged-in",
      "never finished",
    ],
    [
      "a short key",
      (path) => telethonFile(path, 7, { key: KEY.subarray(0, 255) }),
      "import-malformed",
      "wrong or missing",
    ],
    [
      "a key of zeroes",
      (path) => telethonFile(path, 7, { key: Buffer.alloc(256) }),
      "import-malformed",
      "wrong or missing",
    ],
    [
      "an unknown data centre",
      (path) => telethonFile(path, 7, { key: KEY, dcId: 12 }),
      "import-malformed",
      "wrong or missing",
    ],
    [
      "another program's database",
      (path) => new DatabaseSync(path).exec("CREATE TABLE cookies (a)"),
      "import-unknown-format",
      "no session that",
    ],
    ["an empty file", (path) => writeFileSync(path, ""), "import-not-logged-in", "has no key"],
    [
      "a picture",
      (path) => writeFileSync(path, randomBytes(5000)),
      "import-unknown-format",
      "no session that",
    ],
    ["a folder", (path) => mkdirSync(path), "import-unreadable", "cannot be read"],
    ["nothing there", () => {}, "import-unreadable", "cannot be read"],
    [
      "a link to nothing",
      (path) => symlinkSync(at("gone"), path),
      "import-unreadable",
      "cannot be read",
    ],
  ];
  test.each(cases)("%s", (_, build, code, words) => {
    build(at("x.session"));
    const error = errorOf(() => importSession(options(at("x.session"))));
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    expect(error.message).not.toContain(KEY.toString("hex").slice(0, 8));
    expect(readdirSync(old)).toEqual(
      code === "import-unreadable" && words === "cannot be read" ? readdirSync(old) : ["x.session"],
    );
    expect(() => statSync(join(dir, "ann.session"))).toThrow();
  });

  test("two accounts in one file", () => {
    telethonFile(at("x.session"), 7, { key: KEY });
    const db = new DatabaseSync(at("x.session"));
    db.prepare(
      "INSERT INTO sessions (dc_id, server_address, port, auth_key) VALUES (4, '149.154.167.91', 443, ?)",
    ).run(randomBytes(256));
    db.close();
    expect(codeOf(() => inspectImport(options(at("x.session"))))).toBe("import-malformed");
  });

  test("a view that only looks like the table is no session", () => {
    const db = new DatabaseSync(at("x.session"));
    db.exec(
      `CREATE VIEW sessions AS SELECT 2 AS dc_id, '1.2.3.4' AS server_address, 443 AS port,
        randomblob(256) AS auth_key`,
    );
    db.close();
    expect(codeOf(() => inspectImport(options(at("x.session"))))).toBe("import-unknown-format");
  });

  test(
    "cut anywhere or with any changed byte: refused, or the very same key; never a crash, " +
      "never another key",
    () => {
      telethonFile(at("x.session"), 7, { key: KEY });
      const whole = readFileSync(at("x.session"));
      const keyAt = whole.indexOf(KEY);
      fc.assert(
        fc.property(
          fc.nat(whole.length - 1),
          fc.integer({ min: 0, max: 7 }),
          fc.boolean(),
          (place, bit, cut) => {
            const bytes = Buffer.from(whole);
            if (cut) writeFileSync(at("y.session"), bytes.subarray(0, place));
            else {
              bytes.writeUInt8(bytes.readUInt8(place) ^ (1 << bit), place);
              writeFileSync(at("y.session"), bytes);
            }
            try {
              const { authKey } = inspectImport(options(at("y.session")));
              // SQLite has no checksums: a bit inside the key itself cannot be seen here, the first
              // connection sees it.
              if (place < keyAt || place >= keyAt + 256) expect(authKey).toEqual(KEY);
            } catch (error) {
              if (!(error instanceof AppError)) throw error;
              expect(error.code).toMatch(/^import-/);
            }
          },
        ),
        { numRuns: 150 },
      );
      expect(readdirSync(dir)).toEqual([]);
    },
  );

  test("a file that was cut to half its pages is said to be damaged", () => {
    telethonFile(at("x.session"), 7, { key: KEY });
    truncateSync(at("x.session"), 8192);
    const error = errorOf(() => importSession(options(at("x.session"))));
    expect(error.code).toBe("import-damaged");
    expect(error.message).toContain("Copy it again");
  });
});

test.skipIf(!telethon)(
  "a file and a string written by Telethon itself " +
    `(${telethon?.version ?? "python3-telethon is not installed"})`,
  () => {
    const path = join(old, "real.session");
    const script = `
import sys
from datetime import datetime, timezone
from telethon.sessions import SQLiteSession, StringSession
from telethon.crypto import AuthKey
s = SQLiteSession(sys.argv[1]); s.set_dc(2, '149.154.167.51', 443)
s.auth_key = AuthKey(bytes.fromhex(sys.argv[2])); s.save()
from telethon.tl import types
date = datetime.fromtimestamp(1760000000, timezone.utc)
s.set_update_state(0, types.updates.State(pts=5000, qts=7, date=date, seq=9, unread_count=0))
s.save(); s.close()
print(StringSession.save(s))`;
    const made = spawnSync(telethon?.python ?? "", ["-c", script, path, KEY.toString("hex")], {
      encoding: "utf8",
    });
    expect(made.stderr).toBe("");
    const parsed = inspectImport(options(path));
    expect(parsed.authKey).toEqual(KEY);
    expect(parsed.updateState).toEqual({ pts: 5000, qts: 7, date: 1_760_000_000, seq: 9 });
    const text = inspectImport({ ...options(path), source: { kind: "text", text: made.stdout } });
    expect(text).toMatchObject({ format: "telethon-string", dcId: 2 });
    expect(text.authKey).toEqual(KEY);
  },
);

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findFleetKeys, keepKeyFile, loadFleetKey, Secret } from "@flotilla/config";
import { testDir } from "@flotilla/testkit";
import { describe, expect, test } from "vitest";

describe("a key that is configured", () => {
  const bytes = Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7));

  test.each([
    ["hexadecimal", bytes.toString("hex")],
    ["capital hexadecimal", bytes.toString("hex").toUpperCase()],
    ["base64", bytes.toString("base64")],
  ])("is taken as %s, and no file is made", async (_how, text) => {
    const dir = join(await testDir(), "data");
    expect(loadFleetKey(new Secret(text), dir)).toEqual(bytes);
    expect(existsSync(dir)).toBe(false);
  });
});

describe("the key file", () => {
  test("is made once, for this user alone, in a folder for this user alone", async () => {
    const dir = join(await testDir(), "deep", "data");
    const key = loadFleetKey(null, dir);
    expect(key).toHaveLength(32);
    expect(statSync(join(dir, "fleet.key")).mode & 0o777).toBe(0o600);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(loadFleetKey(null, dir)).toEqual(key);
  });

  test("is another one in another folder", async () => {
    expect(loadFleetKey(null, await testDir())).not.toEqual(loadFleetKey(null, await testDir()));
  });

  test.each([0o644, 0o640, 0o604, 0o660])(
    "is refused with the remedy when its mode is %o",
    async (mode) => {
      const dir = await testDir();
      loadFleetKey(null, dir);
      const path = join(dir, "fleet.key");
      chmodSync(path, mode);
      expect(() => loadFleetKey(null, dir)).toThrow(
        expect.objectContaining({
          code: "bad-fleet-key",
          message: expect.stringContaining(`chmod 600 ${path}`),
        }),
      );
    },
  );

  test("a pipe or a folder in its place is no key, and nothing waits for it", async () => {
    const dir = await testDir();
    for (const [name, make] of [
      ["pipe", (path: string) => execFileSync("mkfifo", ["-m", "600", path])],
      ["folder", (path: string) => mkdirSync(path, { mode: 0o700 })],
    ] as const) {
      const path = join(dir, name, "fleet.key");
      mkdirSync(join(dir, name));
      make(path);
      const refused = expect.objectContaining({
        code: "bad-fleet-key",
        message: expect.stringContaining("no plain file"),
      });
      expect(() => loadFleetKey(null, join(dir, name))).toThrow(refused);
      expect(() => keepKeyFile(join(dir, name), randomBytes(32))).toThrow(refused);
      expect(findFleetKeys(null, join(dir, name))).toEqual([]);
    }
  });

  test.runIf(process.getuid?.() !== 0)(
    "one that this user may not read is named, and is not taken for a lost one",
    async () => {
      const dir = await testDir();
      const path = join(dir, "fleet.key");
      writeFileSync(path, `${randomBytes(32).toString("hex")}\n`, { mode: 0o000 });
      expect(() => loadFleetKey(null, dir)).toThrow(
        expect.objectContaining({
          code: "bad-fleet-key",
          message: expect.stringContaining(`${path} cannot be read: EACCES`),
        }),
      );
    },
  );

  test("is refused, and left as it is, when it was cut short anywhere", async () => {
    const dir = await testDir();
    loadFleetKey(null, dir);
    const path = join(dir, "fleet.key");
    const whole = readFileSync(path, "utf8");
    for (let length = 0; length < 64; length++) {
      writeFileSync(path, whole.slice(0, length));
      expect(() => loadFleetKey(null, dir), `${length} characters`).toThrow(
        /damaged\. Restore it from your backup/,
      );
      expect(readFileSync(path, "utf8")).toBe(whole.slice(0, length));
    }
  });

  test.each([
    ["a letter that is no digit", `x${"0".repeat(63)}`],
    ["a second key", "0".repeat(128)],
    ["other bytes", "\u0000\u0001"],
  ])("is refused with %s, and the message does not repeat it", async (_what, content) => {
    const dir = await testDir();
    writeFileSync(join(dir, "fleet.key"), content, { mode: 0o600 });
    expect(() => loadFleetKey(null, dir)).toThrow(
      expect.objectContaining({ code: "bad-fleet-key" }),
    );
    expect(() => loadFleetKey(null, dir)).not.toThrow(content);
  });

  test("may hold the key as base64, as it can be configured", async () => {
    const dir = await testDir();
    const bytes = Buffer.alloc(32, 9);
    writeFileSync(join(dir, "fleet.key"), bytes.toString("base64"), { mode: 0o600 });
    expect(loadFleetKey(null, dir)).toEqual(bytes);
  });
});

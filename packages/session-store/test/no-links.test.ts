import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { testDir } from "@flotilla/testkit";
import { describe, expect, test } from "vitest";
import { linkOrCopy } from "../src/file/files.ts";

function refusing(code: string): () => never {
  return () => {
    throw Object.assign(new Error(code), { code });
  };
}

describe("a second name for a file", () => {
  test.each(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EXDEV"])(
    "is a copy where links end with %s",
    async (code) => {
      const dir = await testDir("links-");
      writeFileSync(`${dir}/a`, "content", { mode: 0o600 });
      linkOrCopy(`${dir}/a`, `${dir}/b`, refusing(code));
      expect(readFileSync(`${dir}/b`, "utf8")).toBe("content");
      expect(statSync(`${dir}/b`).mode & 0o777).toBe(0o600);
      expect(readdirSync(dir).toSorted()).toEqual(["a", "b"]);
    },
  );

  test("never replaces a file, by link or by copy", async () => {
    const dir = await testDir("links-");
    writeFileSync(`${dir}/a`, "new");
    writeFileSync(`${dir}/b`, "old");
    expect(() => linkOrCopy(`${dir}/a`, `${dir}/b`)).toThrow("EEXIST");
    expect(() => linkOrCopy(`${dir}/a`, `${dir}/b`, refusing("EPERM"))).toThrow("EEXIST");
    expect(readFileSync(`${dir}/b`, "utf8")).toBe("old");
  });

  test.each(["ENOSPC", "EACCES", "EROFS"])(
    "is not made when the file system says %s",
    async (code) => {
      const dir = await testDir("links-");
      writeFileSync(`${dir}/a`, "content");
      expect(() => linkOrCopy(`${dir}/a`, `${dir}/b`, refusing(code))).toThrow(code);
      expect(existsSync(`${dir}/b`)).toBe(false);
    },
  );
});

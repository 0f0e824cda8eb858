import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "@flotilla/kernel";
import { testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";

test("what is missing is made with its mode, and what is there stays as it is", async () => {
  const dir = await testDir();
  mkdirSync(join(dir, "there"), { mode: 0o755 });
  makeFolder(join(dir, "there", "a", "b"), 0o700);
  makeFolder(join(dir, "there", "a", "b"), 0o700);
  const mode = (path: string): number => statSync(join(dir, path)).mode & 0o777;
  expect([mode("there"), mode("there/a"), mode("there/a/b")]).toEqual([0o755, 0o700, 0o700]);
});

test("a file in the way is said", async () => {
  const dir = await testDir();
  writeFileSync(join(dir, "file"), "");
  expect(() => makeFolder(join(dir, "file"), 0o700)).toThrow("EEXIST");
  expect(() => makeFolder(join(dir, "file", "below"), 0o700)).toThrow("ENOTDIR");
});

test.runIf(process.platform === "linux")(
  "where no folder can be made it says so instead of trying for ever",
  () => {
    expect(() => makeFolder("/proc/flotilla", 0o700)).toThrow("ENOENT");
    expect(() => makeFolder("/proc/flotilla/below", 0o700)).toThrow("ENOENT");
  },
);

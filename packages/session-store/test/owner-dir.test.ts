import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { testDir } from "@flotilla/testkit";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { assertOwnerDir, ownerFolders } from "../src/index.ts";
import { codeOf } from "./support/kit.ts";

const isRoot = process.getuid?.() === 0;

let dir = "";
beforeEach(async () => {
  dir = await testDir("owner-");
});

test("a folder that cannot be used is refused by its name; nothing is chosen in its place", () => {
  writeFileSync(`${dir}/file`, "");
  symlinkSync(dir, `${dir}/link`);
  expect(codeOf(() => ownerFolders(`${dir}/file`))).toBe("owner-dir");
  expect(codeOf(() => ownerFolders(`${dir}/file/below`))).toBe("owner-dir");
  expect(ownerFolders(`${dir}/link`)).toEqual({ paths: [`${dir}/link`], kind: "configured" });
  expect(statSync(ownerFolders(`${dir}/made/for/it`).paths[0] ?? "").mode & 0o777).toBe(0o700);
});

test("a start tries a lock in OWNER_DIR and leaves nothing there; without OWNER_DIR it tries nothing", () => {
  assertOwnerDir(`${dir}/owners`);
  assertOwnerDir(`${dir}/owners`);
  assertOwnerDir(null);
  expect(readdirSync(`${dir}/owners`)).toEqual([]);
});

test.each([
  ["a file", () => `${dir}/file`, "not a folder"],
  ["below a file", () => `${dir}/file/below`, "a part of its path is not a folder"],
  ["/proc", () => "/proc", "folder of the kernel"],
  ["below /proc", () => "/proc/flotilla", "cannot be made there"],
  ["a circle of links", () => `${dir}/circle`, "circle"],
])(
  "a start with OWNER_DIR %s is refused with its path, the reason and what to do",
  (_what, path, why) => {
    writeFileSync(`${dir}/file`, "");
    symlinkSync("circle", `${dir}/circle`);
    const refusal = expect.objectContaining({
      code: "owner-dir",
      message: expect.stringContaining(why),
    });
    expect(() => assertOwnerDir(path())).toThrow(refusal);
    expect(() => assertOwnerDir(path())).toThrow(`OWNER_DIR (${path()}) cannot be used: `);
    expect(() => assertOwnerDir(path())).toThrow(
      / Make it a folder that this user may write to, .* or leave it out\.$/,
    );
    expect(codeOf(() => ownerFolders(path(), { make: false }))).toBe("owner-dir");
  },
);

test.for([
  ["read-only", "size=1m,ro", "read-only file system"],
  ["without room for one file more", "size=1m,nr_inodes=1", "disk is full"],
] as const)(
  "a start with OWNER_DIR on a disk that is %s is refused",
  ([what, options, why], { skip }) => {
    const disk = `${dir}/${what.slice(0, 4)}`;
    mkdirSync(disk);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", disk]).status !== 0)
      return skip("mounting is not permitted here");
    onTestFinished(() => void spawnSync("umount", ["-l", disk]));
    expect(() => assertOwnerDir(disk)).toThrow(
      expect.objectContaining({ code: "owner-dir", message: expect.stringContaining(why) }),
    );
  },
);

test.skipIf(isRoot)("a start with OWNER_DIR that this user may not write to is refused", () => {
  mkdirSync(`${dir}/closed`, { mode: 0o500 });
  expect(() => assertOwnerDir(`${dir}/closed`)).toThrow("this user may not write to it");
});

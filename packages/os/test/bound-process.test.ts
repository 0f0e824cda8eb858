import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { canBindToParent } from "../src/bound-process.ts";

/** A folder with a BusyBox and its `setpriv`, installed by `how`. */
async function installed(how: (dir: string) => void): Promise<boolean> {
  const dir = await testDir("bound-");
  mkdirSync(`${dir}/bin`);
  writeFileSync(`${dir}/bin/busybox`, "");
  chmodSync(`${dir}/bin/busybox`, 0o755);
  how(dir);
  return canBindToParent(`${dir}/setpriv`, `${dir}/bin/busybox`);
}

test.runIf(process.platform === "linux").each([
  ["a program of its own", true, (dir: string) => writeFileSync(`${dir}/setpriv`, "")],
  ["nothing", false, () => {}],
  [
    "a link to BusyBox",
    false,
    (dir: string) => symlinkSync(`${dir}/bin/busybox`, `${dir}/setpriv`),
  ],
  [
    "a second name of BusyBox",
    false,
    (dir: string) => linkSync(`${dir}/bin/busybox`, `${dir}/setpriv`),
  ],
  [
    "a link that leads nowhere",
    false,
    (dir: string) => symlinkSync(`${dir}/gone`, `${dir}/setpriv`),
  ],
] as const)("setpriv is %s: usable is %s", async (_what, usable, how) => {
  expect(await installed(how)).toBe(usable);
});

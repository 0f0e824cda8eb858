import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { testDir } from "@flotilla/testkit";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { check } from "../../apps/cli/launch/check.mjs";
import { hasOwnRedis } from "../../apps/cli/launch/dotenv.mjs";
import { main, ROOT } from "../../apps/cli/launch/main.mjs";
import { childEnv, pickNode, runsFlotilla } from "../../apps/cli/launch/node.mjs";
import { explain, LaunchError } from "../../apps/cli/launch/say.mjs";

let printed = "";

beforeEach(() => {
  printed = "";
  const collect = (chunk: string | Uint8Array): boolean => {
    printed += String(chunk);
    return true;
  };
  vi.spyOn(process.stderr, "write").mockImplementation(collect);
  vi.spyOn(process.stdout, "write").mockImplementation(collect);
});

afterEach(() => void vi.restoreAllMocks());

describe("REDIS_URL", () => {
  test.for([
    ["", false],
    ["REDIS_URL=redis://127.0.0.1:6379", true],
    ["  export REDIS_URL = 'redis://x'\n", true],
    ["\uFEFFREDIS_URL=redis://x\r\n", true],
    ["A=1\nREDIS_URL=\nB=2", false],
    ['REDIS_URL=""', false],
    ["REDIS_URL= # none", false],
    ["# REDIS_URL=redis://x", false],
    ["MY_REDIS_URL=redis://x", false],
  ] as const)("%j in .env: ours is not needed = %s", async ([text, expected]) => {
    const root = await testDir();
    await writeFile(path.join(root, ".env"), text);
    expect(hasOwnRedis(root, {})).toBe(expected);
  });

  test("in the environment counts without a .env", async () => {
    expect(hasOwnRedis(await testDir(), { REDIS_URL: "redis://x" })).toBe(true);
  });
});

test("an unreadable .env ends `up` with one sentence before anything starts", async () => {
  const root = await testDir();
  await mkdir(path.join(root, ".env"));
  expect(await main(["up"], {}, root)).toBe(1);
  expect(printed).toBe(
    "flotilla: .env is a folder. Remove it, and copy .env.example to .env if you want settings.\n",
  );
});

test.for([
  ["v18.20.0", false],
  ["v20.20.2", false],
  ["v22.17.9", false],
  ["v22.18.0", true],
  ["v23.5.0", false],
  ["v23.6.0", true],
  ["v24.0.0", true],
  ["v26.1.0", true],
] as const)("Node %s can run Flotilla = %s", ([version, expected]) => {
  expect(runsFlotilla(version)).toBe(expected);
});

test("children find our tools and our Node first", () => {
  const env = childEnv({
    root: "/r",
    env: { PATH: "/usr/bin", KEPT: "1" },
    node: "/n/bin/node",
    redis: "/x/redis-server",
  });
  const ours = {
    FLOTILLA_REDIS_SERVER: "/x/redis-server",
    NODE_COMPILE_CACHE: "/r/.cache/compile",
  };
  expect(env).toEqual({ PATH: "/r/node_modules/.bin:/n/bin:/usr/bin", KEPT: "1", ...ours });
  expect(pickNode(ROOT)).toBe(process.execPath);
});

test("check stops at the first failed step, prints its output and names it", async () => {
  const root = await testDir();
  await mkdir(path.join(root, "node_modules/.bin"), { recursive: true });
  for (const [name, script] of Object.entries({
    good: "echo fine",
    bad: "echo the reason; exit 2",
  })) {
    await writeFile(path.join(root, "node_modules/.bin", name), `#!/bin/sh\n${script}\n`, {
      mode: 0o755,
    });
  }
  const step = (name: string): { name: string; command: string[] } => ({ name, command: [name] });
  const ready = { root, env: { PATH: "/usr/bin:/bin" } };
  expect(await check(ready, [step("good"), step("bad"), step("good")])).toBe(1);
  expect(printed).toMatch(
    /^check: good ok \(.*\)\nthe reason\ncheck: bad failed \(step 2 of 3: bad\)\n$/,
  );
  printed = "";
  expect(await check(ready, [step("good")])).toBe(0);
  expect(printed).toMatch(/check: all 1 steps ok/);
});

test("problems of the file system come with their remedy, bugs with their stack", () => {
  expect(explain(Object.assign(new Error("x"), { code: "ENOSPC" }))).toMatch(
    /^The disk is full \(ENOSPC\)\. Free /,
  );
  expect(explain(Object.assign(new Error("x"), { code: "EROFS", path: "/p" }))).toMatch(
    /^\/p is on a read-only file system/,
  );
  expect(explain(new LaunchError("Do this."))).toBe("Do this.");
  expect(explain(new TypeError("a bug"))).toMatch(/TypeError: a bug\n\s+at /);
});

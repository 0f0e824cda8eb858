import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { START_AGAIN_EXIT_CODE } from "@flotilla/contracts";
import { testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { OwnProgram } from "../src/host/own-program.ts";
import { host } from "./host.ts";

const AUTHOR = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"];
const git = (cwd: string, ...args: string[]): string =>
  execFileSync("git", [...AUTHOR, ...args], { cwd, encoding: "utf8" }).trim();

/** A git checkout with one commit, whose packages are installed. */
async function checkout(): Promise<string> {
  const root = await testDir("checkout-");
  const lock = { packages: { "": {}, "node_modules/one": { version: "1.0.0" } } };
  mkdirSync(`${root}/node_modules`);
  writeFileSync(`${root}/package.json`, JSON.stringify({ version: "1.0.0" }));
  writeFileSync(`${root}/package-lock.json`, JSON.stringify(lock));
  writeFileSync(`${root}/node_modules/.package-lock.json`, JSON.stringify(lock));
  git(root, "init", "-q");
  git(root, "commit", "-q", "--allow-empty", "-m", "one");
  return root;
}

test("the row of a host says what runs, what lies on its disk, and whether that can start", async () => {
  const root = await checkout();
  const first = git(root, "rev-parse", "HEAD");
  const program = new OwnProgram({ root, keptBy: "systemd", run: "run-1" });
  const runs = { version: "1.0.0", commit: first };
  const same = { run: "run-1", runs, onDisk: runs, isInstalled: true, keptBy: "systemd" };
  expect(program.status()).toEqual(same);
  git(root, "commit", "-q", "--allow-empty", "-m", "two");
  git(root, "pack-refs", "--all");
  const onDisk = { version: "1.0.0", commit: git(root, "rev-parse", "HEAD") };
  expect(program.status()).toEqual({ ...same, onDisk });
  const wanted = { packages: { "node_modules/two": { version: "2.0.0" } } };
  writeFileSync(`${root}/package-lock.json`, JSON.stringify(wanted));
  expect(program.status()).toEqual({ ...same, onDisk, isInstalled: false });
});

test("a linked worktree and a folder without git are read, too", async () => {
  const root = await checkout();
  git(root, "worktree", "add", "-q", `${root}/linked`);
  writeFileSync(`${root}/linked/package.json`, JSON.stringify({ version: "2.0.0" }));
  const read = (folder: string) =>
    new OwnProgram({ root: folder, keptBy: "somehow", run: "1" }).status();
  const commit = git(root, "rev-parse", "HEAD");
  expect(read(`${root}/linked`)).toMatchObject({
    runs: { version: "2.0.0", commit },
    keptBy: null,
  });
  const bare = await testDir("bare-");
  expect(read(bare)).toMatchObject({ runs: { version: "unknown", commit: null }, onDisk: null });
});

const command = (id: string, run: string, deadlineAt = Date.now() + 60_000) =>
  ({
    v: 1,
    kind: "start-again",
    id,
    run,
    askedBy: { id: "777", name: "Ann" },
    askedAt: 1,
    deadlineAt,
  }) as const;

test("a host ends for another start once: a command for another run, or one that is late, ends nothing", async () => {
  const { commands, program } = await host();
  let ended: unknown = null;
  void program.ended.then((how) => {
    ended = how;
  });
  await commands.carryOut(command("command-1", "run-0"));
  await commands.carryOut(command("command-2", "run-1", Date.now() - 1));
  expect(ended).toBeNull();
  await commands.carryOut(command("command-3", "run-1"));
  expect(await program.ended).toEqual({
    why: "rolling restart",
    exitCode: START_AGAIN_EXIT_CODE,
  });
});

test("a supervisor that nothing starts again does not end", async () => {
  const program = new OwnProgram({ root: await checkout(), keptBy: null, run: "run-1" });
  expect(program.startAgain("run-1")).toBe(false);
});

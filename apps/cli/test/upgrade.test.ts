/** `flotilla upgrade --check` over real files, a held database, and without what it can do without. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSession } from "@flotilla/session-store";
import { openDatabase } from "@flotilla/sqlite";
import { testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { checkGit } from "../src/verbs/upgrade/git.ts";
import { FLEET_KEY, Machine } from "./kit.ts";

interface Line {
  readonly check: string;
  readonly level: string;
  readonly what: string;
}

async function lines(machine: Machine): Promise<{ code: number | null; lines: readonly Line[] }> {
  const { code, stdout, stderr } = await machine.run(["upgrade", "--check", "--json"]);
  expect(stderr).toBe("");
  return { code, lines: (JSON.parse(stdout) as { lines: Line[] }).lines };
}
const about = (all: readonly Line[], check: string): string[] =>
  all.filter((line) => line.check === check).map(({ level, what }) => `${level} ${what}`);

async function machineWithSession(): Promise<Machine> {
  const machine = new Machine(await testDir("upgrade-"));
  const fleetKey = Buffer.from(FLEET_KEY, "hex");
  openSession({ dir: machine.sessions, name: "alice", fleetKey }).close();
  return machine;
}

test("an up-to-date folder may be upgraded; what is not there is said and prevents nothing", async () => {
  const machine = await machineWithSession();
  const { code, lines: said } = await lines(machine);
  expect(about(said, "databases")).toEqual([
    "ok Schema unchanged: 1 database.",
    expect.stringMatching(/^ok \d+ MB are free on the disk of .+ are needed, copies included\.$/),
  ]);
  expect(about(said, "archive")).toEqual([expect.stringMatching(/^note There is no archive in /)]);
  expect(about(said, "hosts").at(-1)).toMatch(/^note What runs is not known: /);
  expect(code).toBe(0);
});

test("an older database is read while it is held, a newer one prevents the upgrade, nothing is written", async () => {
  const machine = await machineWithSession();
  const path = join(machine.dataDir, "control.db");
  // The first schema of version 0.1 is not needed: only its number is looked at.
  const held = openDatabase({
    path,
    role: "control",
    migrations: ["CREATE TABLE a (b)"],
    exclusive: true,
  });
  const before = readdirSync(machine.dataDir, { recursive: true }).toSorted();
  for (const name of [machine.dataDir, machine.sessions]) chmodSync(name, 0o500);
  try {
    const { code, lines: said } = await lines(machine);
    expect(about(said, "databases")[0]).toMatch(
      /^note control\.db: schema 1 → \d+; a verified copy is made first\.$/,
    );
    expect(code).toBe(0);
    expect(readdirSync(machine.dataDir, { recursive: true }).toSorted()).toEqual(before);
  } finally {
    for (const name of [machine.dataDir, machine.sessions]) chmodSync(name, 0o700);
    held.close();
  }
  const migrations = Array.from({ length: 900 }, () => "SELECT 1");
  openDatabase({ path, role: "control", migrations, exclusive: true }).close();
  const after = await machine.run(["upgrade", "--check"]);
  expect(after.stdout).toMatch(/✗ control\.db has schema 900, and the code on disk knows \d+/);
  expect(after.stdout).toContain("One problem prevents it.");
  expect(after.code).toBe(1);
});

test("an archive opens with its own FLEET_KEY alone", async () => {
  const machine = await machineWithSession();
  expect((await machine.run(["backup"])).code).toBe(0);
  expect(about((await lines(machine)).lines, "archive")).toEqual([
    expect.stringMatching(/^ok The latest archive is 0 h old and opens with this FLEET_KEY: /),
  ]);
  const [name = ""] = readdirSync(join(machine.dataDir, "backups"));
  mkdirSync(join(machine.dataDir, "backups"), { recursive: true });
  writeFileSync(join(machine.dataDir, "backups", name), "no archive");
  const { code, lines: said } = await lines(machine);
  expect(about(said, "archive")).toEqual([
    expect.stringMatching(/^problem The latest archive does not open: /),
  ]);
  expect(code).toBe(1);
});

test("git says how far behind the checkout is, and which local changes a pull would meet", async () => {
  const [upstream, root] = [await testDir("upstream-"), join(await testDir("clone-"), "clone")];
  const author = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"];
  const git = (cwd: string, ...args: string[]): void =>
    void execFileSync("git", [...author, ...args], { cwd, stdio: "ignore" });
  const commit = (text: string): void => {
    for (const name of ["one.ts", "package-lock.json"]) writeFileSync(join(upstream, name), text);
    git(upstream, "add", "-A");
    git(upstream, "commit", "-q", "-m", text);
  };
  git(upstream, "init", "-q");
  commit("1");
  git(upstream, "clone", "-q", upstream, root);
  const said = async () => (await checkGit(root)).map(({ level, what }) => `${level} ${what}`);
  expect(await said()).toEqual([expect.stringMatching(/^ok No newer code is known: .+ origin/)]);
  commit("2");
  git(root, "fetch", "-q");
  writeFileSync(join(root, "one.ts"), "mine");
  expect(await said()).toEqual([
    expect.stringMatching(/^note git pull would bring 1 commit of origin/),
    "problem Local changes that git pull would meet: one.ts.",
    "note The newer code wants other packages: npm start installs them, from the npm registry.",
  ]);
});

test("without git it says that it knows nothing of newer code; without --check it does nothing", async () => {
  const machine = await machineWithSession();
  machine.env["PATH"] = await testDir("empty-");
  expect(about((await lines(machine)).lines, "git")).toEqual([
    "note This is no git checkout, or git is not installed: nothing is known of newer code.",
  ]);
  const { code, stderr } = await machine.run(["upgrade"]);
  expect(code).toBe(2);
  expect(stderr).toContain("Say --check.");
});

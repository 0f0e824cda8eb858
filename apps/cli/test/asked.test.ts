import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnProcess, testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { MAIN, Machine, pyrogram } from "./kit.ts";

const PYTHON = ["/usr/bin/python3", "/usr/local/bin/python3"].find((path) => existsSync(path)) ?? "";
const TERMINAL = new URL("./fixtures/terminal.py", import.meta.url).pathname;

test.skipIf(PYTHON === "").each([
  ["y", 0, true],
  ["YES", 0, true],
  ["", 1, false],
  ["n", 1, false],
  ["maybe", 1, false],
] as const)("an import asks whether the old program is stopped for ever; %j ends with %i", async (answer, code, imported) => {
  const machine = new Machine(await testDir());
  writeFileSync(join(machine.cwd, "old.txt"), pyrogram(randomBytes(256)));
  const program = [process.execPath, MAIN, "import", "old.txt", "--name", "ann"];
  const child = spawnProcess(PYTHON, [TERMINAL, answer, ...program], { env: machine.env, cwd: machine.cwd });
  expect(await child.exited, child.stdout).toMatchObject({ code });
  expect(child.stdout).toContain("Is that program stopped for ever? [y/N]");
  expect(child.stdout).toContain(imported ? 'Imported a Pyrogram session string as "ann"' : "Nothing was imported.");
  expect(existsSync(join(machine.sessions, "ann.session"))).toBe(imported);
});

test("an export is written down before the key leaves, and not made when that cannot be", async () => {
  const machine = new Machine(await testDir());
  const key = machine.session("ann");
  const asked = ["export", "ann", "--format", "telethon", "--yes", "--out"];
  expect(await machine.run([...asked, "ann.txt"])).toMatchObject({ code: 0 });
  const audit = join(machine.dataDir, "audit.jsonl");
  const [line = "", ...rest] = readFileSync(audit, "utf8").trim().split("\n");
  expect(rest).toEqual([]);
  expect(JSON.parse(line)).toMatchObject({
    what: "export",
    worker: "ann",
    format: "telethon",
    to: join(machine.cwd, "ann.txt"),
  });
  expect(line).not.toContain(key.toString("base64url").slice(0, 20));
  expect(statSync(audit).mode & 0o777).toBe(0o600);

  const second = new Machine(await testDir());
  second.session("ann");
  mkdirSync(join(second.dataDir, "audit.jsonl"));
  const refused = await second.run([...asked, "ann.txt"]);
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toContain("cannot be written, so nothing was done");
  expect(existsSync(join(second.cwd, "ann.txt"))).toBe(false);
});

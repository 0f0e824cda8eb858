import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fleetKeyId } from "@flotilla/kernel";
import { spawnNode, testDir } from "@flotilla/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import { ANN, HOLDER, Machine, OWN_SERVER, pyrogram } from "./kit.ts";

let machine: Machine;
beforeEach(async () => {
  machine = new Machine(await testDir());
});

describe("usage", () => {
  test("a missing or unknown command prints the list of commands with exit code 2", async () => {
    for (const args of [[], ["fly"]]) {
      const said = await machine.run(args);
      expect(said.code).toBe(2);
      for (const name of [
        "up",
        "status",
        "import",
        "export",
        "backup",
        "restore",
        "rekey",
        "doctor",
      ])
        expect(said.stderr).toContain(`  ${name} `);
    }
    expect(await machine.run(["--help"])).toMatchObject({ code: 0, stderr: "" });
    expect(await machine.json(["import"], 2)).toMatchObject({
      ok: false,
      error: { code: "usage" },
    });
  });

  test.each(["status", "import", "export", "backup", "restore", "rekey", "doctor"])(
    "%s --help prints its usage",
    async (name) => {
      const said = await machine.run([name, "--help"]);
      expect(said).toMatchObject({ code: 0, stderr: "" });
      expect(said.stdout).toMatch(new RegExp(`^Usage: flotilla ${name}`));
      expect(said.stdout).toContain("--json");
    },
  );

  test.each([
    [["import"], "which file"],
    [["import", "x", "--name", "Not A Name"], "A worker name has"],
    [["import", "x"], "--name <worker>"],
    [["import", "x", "--name", "ann"], "Add --yes"],
    [["import", "x", "y", "--name", "ann", "--yes"], "too many words"],
    [["import", "A".repeat(362), "--name", "ann", "--yes"], "Never put it on a command line"],
    [["import", "-", "--name", "ann"], "Standard input holds the session"],
    [["import", "x", "--nmae", "ann"], "does not know"],
    [["export", "ann", "--yes"], "--format telethon"],
    [["export", "ann", "--format", "telethon", "--out", "x"], "Add --yes"],
    [["backup", "ann", "--check", "a.flotilla"], "leave the worker out"],
    [["restore", "ann", "some-id"], "Add --yes"],
    [["rekey"], "--new-key-file"],
  ] as const)("%j is exit code 2 with the reason", async (args, words) => {
    const said = await machine.run(args);
    expect(said.code).toBe(2);
    expect(said.stdout).toBe("");
    expect(said.stderr).toContain(words);
    expect(said.stderr).not.toContain("A".repeat(40));
  });
});

describe("import", () => {
  test("a Telethon file becomes the session of a worker, and the output names the next step", async () => {
    const key = randomBytes(256);
    const old = join(machine.cwd, "old.session");
    const db = new DatabaseSync(old);
    db.exec(
      `CREATE TABLE sessions (dc_id INTEGER PRIMARY KEY, server_address TEXT, port INTEGER,
        auth_key BLOB, takeout_id INTEGER)`,
    );
    db.exec(
      `CREATE TABLE entities (id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, username TEXT,
        phone INTEGER, name TEXT)`,
    );
    db.exec(
      `CREATE TABLE update_state (id INTEGER PRIMARY KEY, pts INTEGER, qts INTEGER, date
        INTEGER, seq INTEGER)`,
    );
    db.exec(
      `INSERT INTO entities (id, hash) VALUES (0, 7000001); INSERT INTO update_state VALUES
        (0, 50, 1, 1700000000, 1)`,
    );
    db.prepare("INSERT INTO sessions VALUES (2, '149.154.167.51', 443, ?, NULL)").run(key);

    // While the old program has the file open, the import is refused with its pid.
    const refused = await machine.run(["import", "old.session", "--name", "ann", "--yes"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`pid ${process.pid}`);
    db.close();
    const said = await machine.run(["import", "old.session", "--name", "ann", "--yes"]);
    expect(said).toMatchObject({ code: 0, stderr: "" });
    expect(said.stdout).toContain('Imported a Telethon session file as "ann".');
    expect(said.stdout).toContain("user id 7000001");
    expect(said.stdout).toContain("unverified");
    expect(said.stdout).toContain("continue where the other program stopped");
    expect(said.stdout).toContain("➕ Add");
    expect(said.stdout).toContain("Never start the other program");
    expect(machine.keyOf("ann")).toEqual(key);
    expect(statSync(join(machine.sessions, "ann.session")).mode & 0o777).toBe(0o600);
  });

  test("a string is read from standard input, and no output contains a part of it", async () => {
    const key = randomBytes(256);
    const text = pyrogram(key);
    const json = await machine.json(["import", "-", "--name", "ann", "--yes"], 0, `${text}\n`);
    expect(json).toMatchObject({
      ok: true,
      session: { name: "ann", format: "pyrogram-string", userId: "7000001", apiId: 12345 },
    });
    expect(machine.keyOf("ann")).toEqual(key);
    const again = await machine.run(["import", "-", "--name", "bob", "--yes"], text);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('a copy of "ann"');
    for (const output of [JSON.stringify(json), again.stdout, again.stderr])
      expect(output).not.toContain(text.slice(20, 40));
    const taken = await machine.json(
      ["import", "-", "--name", "ann", "--yes"],
      1,
      pyrogram(randomBytes(256), 5000n),
    );
    expect(taken).toMatchObject({ ok: false, error: { code: "session-exists" } });
  });

  test("a file that is no session is exit code 1 with the reason, and no session is created", async () => {
    const said = await machine.run(["import", "-", "--name", "ann", "--yes"], "hello\n");
    expect(said.code).toBe(1);
    expect(said.stderr).toContain("no session that Flotilla knows");
    expect(existsSync(join(machine.sessions, "ann.session"))).toBe(false);
  });
});

describe("export", () => {
  test("an export, into a file of mode 0600 or a pipe, can be imported again", async () => {
    const key = machine.session("ann");
    const said = await machine.run([
      "export",
      "ann",
      "--format",
      "telethon",
      "--out",
      "out.txt",
      "--yes",
    ]);
    expect(said.code).toBe(0);
    const file = join(machine.cwd, "out.txt");
    const text = readFileSync(file, "utf8");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(said.stdout + said.stderr).not.toContain(text.slice(0, 30));
    expect(said.stdout).toContain("is the account");
    expect((await machine.run(["export", "ann", "--format", "telethon", "--yes"])).stdout).toBe(
      text,
    );
    const other = new Machine(await testDir());
    expect((await other.run(["import", "-", "--name", "bob", "--yes"], text)).code).toBe(0);
    expect(other.keyOf("bob")).toEqual(key);
    const made = await machine.run([
      "export",
      "ann",
      "--format",
      "telethon-file",
      "--out",
      "ann.session",
      "--yes",
    ]);
    expect(made, made.stderr).toMatchObject({ code: 0 });
    expect(readFileSync(join(machine.dataDir, "audit.jsonl"), "utf8")).toContain(
      '"format":"telethon-file"',
    );
    const third = new Machine(await testDir());
    expect(
      (await third.run(["import", join(machine.cwd, "ann.session"), "--name", "cat", "--yes"]))
        .code,
    ).toBe(0);
    expect(third.keyOf("cat")).toEqual(key);
    const over = await machine.run([
      "export",
      "ann",
      "--format",
      "gramjs",
      "--out",
      "out.txt",
      "--yes",
    ]);
    expect(over.stderr).toContain("exists already");
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  // Field fault E5: sessions of the sandbox can be exported and imported again.
  test("of a session of an own server needs the server's address", async () => {
    const key = machine.session("ann", ANN, randomBytes(256), OWN_SERVER);
    const refused = await machine.run(["export", "ann", "--format", "telethon", "--yes"]);
    expect([refused.code, refused.stdout]).toEqual([1, ""]);
    expect(refused.stderr).toContain("--server <IPv4 address>:<port>");
    for (const server of [
      "localhost:7443",
      "127.0.0.1",
      "127.0.0.1:0",
      "127.0.0.1:70000",
      "[::1]:7443",
    ]) {
      const said = await machine.run([
        "export",
        "ann",
        "--format",
        "telethon",
        "--yes",
        "--server",
        server,
      ]);
      expect([said.code, said.stdout], server).toEqual([2, ""]);
      expect(said.stderr).toContain("--server 127.0.0.1:7443");
    }
    const said = await machine.run([
      "export",
      "ann",
      "--format",
      "telethon",
      "--yes",
      "--server",
      "127.0.0.1:7443",
    ]);
    expect(Buffer.from(said.stdout.slice(1), "base64url").subarray(0, 7)).toEqual(
      Buffer.from([2, 127, 0, 0, 1, 0x1d, 0x13]),
    );
    const other = new Machine(await testDir());
    expect((await other.run(["import", "-", "--name", "bob", "--yes"], said.stdout)).code).toBe(0);
    expect(other.keyOf("bob")).toEqual(key);
  });

  test("is refused while a process has the session open, and for unknown workers", async () => {
    machine.session("ann");
    const holder = spawnNode(HOLDER, [machine.sessions, "ann"]);
    await holder.waitForOutput("has it");
    const said = await machine.run(["export", "ann", "--format", "gramjs", "--yes"]);
    expect(said).toMatchObject({ code: 1, stdout: "" });
    expect(said.stderr).toContain("Stop the worker first");
    expect(
      (await machine.run(["export", "unknown", "--format", "gramjs", "--yes"])).stderr,
    ).toContain("no session");
    expect(existsSync(join(machine.sessions, "unknown.session"))).toBe(false);
  });
});

test("a backup is listed and restored", async () => {
  const key = machine.session("ann");
  const { backup } = await machine.json(["backup", "ann"], 0);
  const { id } = backup as { id: string };
  const newer = machine.session("ann", { ...ANN, id: "8" });
  const list = await machine.run(["restore", "ann"]);
  expect(list.stdout).toContain(id);
  expect(list.stdout).toContain("✓ checked");
  expect(list.stdout).toContain("no golden copy");
  expect(await machine.json(["restore", "ann", "--list"], 0)).toMatchObject({
    copies: [{ id, verified: true }],
    goldenCanHelp: "no-golden",
  });
  const said = await machine.run(["restore", "ann", id, "--yes"]);
  expect(said).toMatchObject({ code: 0, stderr: "" });
  expect(machine.keyOf("ann")).toEqual(key);
  const undo = /flotilla restore ann (\S+)/.exec(said.stdout)?.[1] ?? "";
  expect((await machine.run(["restore", "ann", undo, "--yes"])).code).toBe(0);
  expect(machine.keyOf("ann")).toEqual(newer);
  expect((await machine.run(["restore", "ann", "nothing", "--yes"])).stderr).toContain("--list");
});

describe("rekey", () => {
  test("with the key in .env the new one comes from a file, and the output names the last step", async () => {
    const key = machine.session("ann");
    await machine.run(["backup", "ann"]);
    const file = join(machine.cwd, "new.key");
    writeFileSync(file, `${"09".repeat(32)}\n`, { mode: 0o644 });
    expect((await machine.run(["rekey", "--new-key-file", file])).stderr).toContain("chmod 600");
    chmodSync(file, 0o600);
    const said = await machine.run(["rekey", "--new-key-file", "new.key"]);
    expect(said).toMatchObject({ code: 0, stderr: "" });
    expect(said.stdout).toContain("2 files");
    expect(said.stdout).toContain("set FLEET_KEY in .env");
    expect(said.stdout).not.toContain("09".repeat(8));
    machine.env["FLEET_KEY"] = "09".repeat(32);
    expect(machine.keyOf("ann", "09".repeat(32))).toEqual(key);
    expect((await machine.json(["restore", "ann", "--list"], 0))["copies"]).toMatchObject([
      { verified: true },
    ]);
  });

  test("with the key in the data folder a new one replaces it, and the old one is kept", async () => {
    const oldKey = randomBytes(32).toString("hex");
    delete machine.env["FLEET_KEY"];
    machine.session("probe");
    writeFileSync(join(machine.dataDir, "fleet.key"), oldKey, { mode: 0o600 });
    // The session above has another key: it fails, is reported as unreadable, and stops nothing.
    const said = await machine.run(["rekey"]);
    expect(said.code).toBe(1);
    expect(said.stdout).toContain("third key");
    expect(said.stdout).toContain("nothing waits for them");
    expect(readFileSync(join(machine.dataDir, "fleet.key.old"), "utf8")).toBe(oldKey);
    const ids = ["fleet.key.old", "fleet.key"].map((name) =>
      fleetKeyId(Buffer.from(readFileSync(join(machine.dataDir, name), "utf8").trim(), "hex")),
    );
    const note: unknown = JSON.parse(readFileSync(join(machine.dataDir, "rekeyed.json"), "utf8"));
    expect(note, "the bot asks for it").toEqual({ from: [ids[0]], to: ids[1] });
    expect(readFileSync(join(machine.dataDir, "fleet.key"), "utf8").trim()).toMatch(
      /^[0-9a-f]{64}$/,
    );
    expect(readdirSync(machine.dataDir).filter((name) => name.includes("next"))).toEqual([]);
  });
});

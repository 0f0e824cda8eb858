import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type BackupNote,
  type MakeOptions,
  makeArchive,
  peekArchive,
  restoreArchive,
  writeBackupNote,
} from "@flotilla/archive";
import { parseHostId, parseWorkerId, systemClock } from "@flotilla/kernel";
import { LEASE_TIMINGS, Lease, leaseResources } from "@flotilla/queue";
import { openDatabase } from "@flotilla/sqlite";
import { isAlive, redisCommand, sharedRedis, spawnNode, testDir, waitFor } from "@flotilla/testkit";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { ANN, FLEET_KEY, fleetOn, HOLDER, Machine } from "./kit.ts";

const OWNER = fileURLToPath(new URL("fixtures/owner.ts", import.meta.url));
let machine: Machine;
let other: Machine;
beforeEach(async () => {
  machine = new Machine(await testDir());
  machine.env = { ...machine.env, HOST_ID: "host-a" };
  other = new Machine(await testDir());
  other.env = { ...other.env, HOST_ID: "host-a" };
});

const archives = (): string[] => {
  const folder = join(machine.dataDir, "backups");
  return existsSync(folder) ? readdirSync(folder) : [];
};
const note = (): BackupNote =>
  JSON.parse(readFileSync(join(machine.dataDir, "backup.json"), "utf8"));
const KEY = Buffer.from(FLEET_KEY, "hex");

/** Makes an archive with the command line and returns its path. */
async function backUp(...more: string[]): Promise<string> {
  const said = await machine.json(["backup", ...more], 0);
  return (said["archive"] as { path: string }).path;
}

/** Makes an archive without it: that is no part of the test. */
async function archived(more: Partial<MakeOptions> = {}): Promise<string> {
  const made = await makeArchive({
    dataDir: machine.dataDir,
    folder: join(machine.dataDir, "backups"),
    fleetKey: KEY,
    host: "host-a",
    program: "0.0.1",
    clock: systemClock,
    ...more,
  });
  return made.path;
}

describe("flotilla backup of the whole fleet", () => {
  test("takes sessions in use, says what is in it and what is not, and keeps a note", async () => {
    machine.session("ann");
    machine.session("bob", { ...ANN, id: "7000002" });
    const holder = spawnNode(HOLDER, [machine.sessions, "ann"]);
    await holder.waitForOutput("has it");
    const said = await machine.run(["backup"]);
    expect(said.stderr).toBe("");
    expect(said.code).toBe(0);
    expect(said.stdout).toContain("In it: 2 sessions, 0 copies of sessions");
    expect(said.stdout).toMatch(/Not in it: FLEET_KEY \(id [0-9a-f]{16}\)/);
    expect(said.stdout).toContain("There is no control.db");
    expect(said.stdout).toContain("on the disk of the fleet itself");
    expect(said.stdout).not.toContain(FLEET_KEY);
    expect(note()).toMatchObject({
      tried: { problem: null },
      good: { workers: 2, damaged: 0, isSameDisk: true, isSentAway: null },
    });
    const [name] = archives();
    const checked = await machine.run(["backup", "--check", join("data", "backups", name ?? "")]);
    expect(checked.stdout).toContain("is whole: made on host-a");
  });

  test("keeps BACKUP_KEEP in BACKUP_DIR; --to leaves them alone", async () => {
    machine.session("ann");
    const folder = join(machine.cwd, "elsewhere");
    machine.env = { ...machine.env, BACKUP_DIR: folder, BACKUP_KEEP: "2" };
    const made = [await archived({ folder }), await archived({ folder }), await backUp()];
    expect(readdirSync(folder).map((name) => join(folder, name))).toEqual(made.slice(1));
    const to = await backUp("--to", "third");
    expect(to.startsWith(join(machine.cwd, "third"))).toBe(true);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  test("BACKUP_COMMAND gets the file as argument and variable, and no secret", async () => {
    machine.session("ann");
    const seen = join(machine.cwd, "seen");
    const script = join(machine.cwd, "take.sh");
    writeFileSync(script, `#!/bin/sh\necho "$#|$1|$FLOTILLA_ARCHIVE" > ${seen}\nenv >> ${seen}\n`);
    chmodSync(script, 0o700);
    machine.env = { ...machine.env, BACKUP_COMMAND: script };
    const said = await machine.run(["backup"]);
    expect(said.stdout).toContain("BACKUP_COMMAND took it.");
    expect(said.stdout).not.toContain("disk of the fleet");
    const path = join(machine.dataDir, "backups", archives()[0] ?? "");
    expect(readFileSync(seen, "utf8").split("\n")[0]).toBe(`1|${path}|${path}`);
    expect(readFileSync(seen, "utf8")).not.toMatch(/FLEET_KEY|BOT_TOKEN|API_HASH/);
    expect(note().good).toMatchObject({ isSentAway: true });
  });

  test("a command that fails and prints secrets: the archive stays, the secrets are hidden", async () => {
    machine.session("ann");
    const token = machine.env["BOT_TOKEN"];
    const command = `sh -c 'echo to https://me:hunter2@host ${FLEET_KEY} ${token} >&2; exit 7'`;
    machine.env = { ...machine.env, BACKUP_COMMAND: command };
    const said = await machine.run(["backup"]);
    expect(said.code).toBe(1);
    expect(said.stderr).toContain("it ended with code 7");
    for (const text of [said.stderr, JSON.stringify(note())])
      for (const secret of ["hunter2", FLEET_KEY, token]) expect(text).not.toContain(secret);
    expect(archives()).toHaveLength(1);
    const { findings } = (await machine.json(["doctor"], 1)) as {
      findings?: { check: string; level: string; what: string }[];
    };
    const found = findings?.filter(({ check }) => check === "archive") ?? [];
    expect(found.map(({ level }) => level)).toEqual(["problem", "hint"]);
    expect(found[0]?.what).toContain("BACKUP_COMMAND did not take the last archive");
    expect(note()).toMatchObject({
      tried: { problem: { code: "backup-command" } },
      good: { isSentAway: false },
    });
  });

  test("a stop while BACKUP_COMMAND runs ends it, too, and is noted", async () => {
    machine.session("ann");
    const pids = join(machine.cwd, "pids");
    const script = join(machine.cwd, "hang.sh");
    writeFileSync(script, `#!/bin/sh\necho $$ >> ${pids}\nwhile :; do sleep 1; done\n`);
    chmodSync(script, 0o700);
    machine.env = { ...machine.env, BACKUP_COMMAND: script };
    const child = machine.start(["backup"]);
    await waitFor(() => existsSync(pids) && readFileSync(pids, "utf8").endsWith("\n"), {
      what: "the command",
    });
    const pid = Number(readFileSync(pids, "utf8"));
    onTestFinished(() => void (isAlive(pid) && process.kill(pid, "SIGKILL")));
    child.kill("SIGTERM");
    await child.exited;
    await waitFor(() => !isAlive(pid), { what: "its end" });
    expect(note().tried.problem?.code).toBe("backup-command");
    expect(note().tried.problem?.message).toContain("it was stopped");
    expect(archives()).toHaveLength(1);
  });

  test("what cannot be made is told and noted, and the last good one stays noted", async () => {
    machine.session("ann");
    const good = {
      at: 1,
      path: "/an/archive",
      bytes: 1,
      workers: 1,
      damaged: 1,
      tookMs: 1,
      isSameDisk: true,
      isSentAway: null,
    };
    writeBackupNote(machine.dataDir, { tried: { at: 1, problem: null }, good });
    machine.env = { ...machine.env, BACKUP_DIR: "/proc/nowhere" };
    expect((await machine.run(["backup"])).code).toBe(1);
    expect(note().tried.problem?.code).toBe("backup-folder");
    expect(note().tried.problem?.message).toContain("/proc/nowhere");
    expect(note().good).toEqual(good);
    const { findings } = (await machine.json(["doctor"], 1)) as {
      findings?: { check: string; what: string }[];
    };
    const said = findings?.flatMap(({ check, what }) => (check === "archive" ? what : []));
    expect(said?.filter((what) => what.includes("/proc/nowhere"))).toHaveLength(1);
    expect(said).toContain("A session was damaged or not readable when the last archive was made.");
  });

  test("without a key none is made, and a worker with --to is wrong usage", async () => {
    const { FLEET_KEY: _, ...without } = machine.env;
    machine.env = without;
    expect(await machine.json(["backup"], 1)).toMatchObject({ error: { code: "no-fleet-key" } });
    expect(existsSync(machine.dataDir)).toBe(false);
    expect((await machine.run(["backup", "ann", "--to", "x"])).code).toBe(2);
  });
});

describe("flotilla restore --archive", () => {
  let key: Buffer;
  let path = "";
  beforeEach(async () => {
    key = machine.session("ann");
    openDatabase({
      path: join(machine.dataDir, "host.db"),
      role: "host",
      migrations: [
        `CREATE TABLE fleet (one INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
         INSERT INTO fleet VALUES (1, '{"id":"0123456789abcdef","keyId":"","from01":false}');`,
      ],
    }).close();
    path = await archived();
  });
  const restored = () => restoreArchive({ path, dataDir: other.dataDir, fleetKey: KEY });
  const tried = async (...more: string[]): Promise<{ code: string; message: string }> => {
    const said = await other.json(["restore", "--archive", path, "--yes", ...more], 1);
    return said["error"] as { code: string; message: string };
  };
  const refused = async (...more: string[]): Promise<{ code: string; message: string }> => {
    const error = await tried(...more);
    expect(existsSync(other.sessions), "nothing was changed").toBe(false);
    return error;
  };

  test("puts everything back on another machine, and says that the old one must be off", async () => {
    const said = await other.run(["restore", "--archive", path, "--yes"]);
    expect(said.stderr).toBe("");
    expect(said.stdout).toContain("The old machine must be off for good");
    expect(other.keyOf("ann")?.equals(key)).toBe(true);
    expect(existsSync(join(other.dataDir, "host.db"))).toBe(true);
    expect((await tried()).code).toBe("restore-not-empty");
  });

  test("a restore that was cut off stops a start, and the same command finishes it", async () => {
    await restored();
    // As it is when the last file has its place and the note is still there.
    const staging = join(other.dataDir, "restoring");
    mkdirSync(staging);
    const manifest = await peekArchive(path, KEY);
    writeFileSync(join(staging, "complete.json"), JSON.stringify({ archive: path, manifest }));
    const start = await other.run(["up"]);
    expect(start.code).toBe(1);
    expect(start.stderr).toContain(`flotilla restore --archive ${path}`);
    await other.json(["restore", "--archive", path, "--yes"], 0);
    expect(existsSync(staging)).toBe(false);
  });

  test("--only puts one database back beside what is there, and names no other file", async () => {
    await restored();
    writeFileSync(join(other.dataDir, "host.db"), "no database");
    const only = ["restore", "--archive", path, "--yes", "--only"];
    const said = await other.json([...only, "host.db"], 0);
    expect(readFileSync(String(said["replaced"]), "utf8")).toBe("no database");
    expect(other.keyOf("ann")?.equals(key)).toBe(true);
    const wrong = await other.run([...only, "sessions/ann.session"]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("control.db or host.db");
  });

  test("asks before it changes anything", async () => {
    const said = await other.run(["restore", "--archive", path]);
    expect(said.code).toBe(2);
    expect(said.stderr).toContain("--yes");
    expect(existsSync(other.dataDir)).toBe(false);
  });

  test("another data folder can be named", async () => {
    await other.json(["restore", "--archive", path, "--yes", "--data-dir", "new"], 0);
    expect(existsSync(join(other.cwd, "new", "sessions", "ann.session"))).toBe(true);
  });

  test("refuses another key and a missing one, and names the right one", async () => {
    const { FLEET_KEY: right, ...without } = other.env;
    other.env = { ...without, FLEET_KEY: "08".repeat(32) };
    expect((await refused()).code).toBe("wrong-fleet-key");
    other.env = without;
    const { code, message } = await refused();
    expect(code).toBe("no-fleet-key");
    expect(message).toMatch(/the FLEET_KEY of id [0-9a-f]{16} only/);
    expect(existsSync(join(other.dataDir, "fleet.key"))).toBe(false);
    expect(right).toBe(FLEET_KEY);
  });

  test("refuses a machine of another name, a missing, a cut and a foreign file", async () => {
    other.env = { ...other.env, HOST_ID: "host-b" };
    expect((await refused()).code).toBe("archive-other-host");
    other.env = { ...other.env, HOST_ID: "host-a" };
    truncateSync(path, 300);
    expect((await refused()).code).toBe("archive-damaged");
    writeFileSync(path, "something else");
    expect((await refused()).code).toBe("archive-foreign");
    rmSync(path);
    expect((await refused()).code).toBe("no-such-file");
  });

  test("refuses what a newer program made, and a newer session, by their versions", async () => {
    const folder = join(machine.cwd, "newer");
    path = await archived({ folder, program: "99.1.0" });
    const program = await refused();
    expect(program.code).toBe("archive-newer");
    expect(program.message).toContain("99.1.0");
    const migrations = Array.from({ length: 99 }, () => "SELECT 1");
    openDatabase({
      path: join(machine.sessions, "ann.session"),
      role: "session",
      migrations,
    }).close();
    path = await archived({ folder });
    const session = await refused();
    expect(session.code).toBe("archive-newer");
    expect(session.message).toContain("ann.session in it has the schema 99");
  });

  test("refuses a key that a process of this machine uses, and names it", async () => {
    const ownerDir = join(other.cwd, "owners");
    mkdirSync(ownerDir);
    for (const each of [machine, other]) each.env = { ...each.env, OWNER_DIR: ownerDir };
    const owner = spawnNode(OWNER, [machine.dataDir, "ann", ownerDir]);
    await owner.waitForOutput("owned");
    const { code, message } = await refused();
    expect(code).toBe("session-owned");
    expect(message).toContain(`pid ${owner.pid}`);
  });

  describe("with a Redis", () => {
    let url = "";
    beforeEach(async () => {
      url = (await sharedRedis()).url;
      other.env = { ...other.env, REDIS_URL: url };
    });

    test("refuses what has a lease, and names its holder; takes it when the lease is gone", async () => {
      const place = { ...(await fleetOn(url)), prefix: "{flotilla.0123456789abcdef}" };
      const { promise, resolve } = Promise.withResolvers<void>();
      const worker = parseWorkerId("ann");
      const lease = new Lease({
        place,
        mode: "one",
        host: parseHostId("host-a"),
        worker,
        owner: "boot:file",
        resources: () => leaseResources({ worker, fingerprint: null, userId: ANN.id }),
        knownFence: () => 0,
        on: { granted: () => resolve(), suspended: () => {}, taken: () => {} },
        onError: () => {},
        clock: systemClock,
        timings: { ...LEASE_TIMINGS, renewEveryMs: 300 },
      });
      onTestFinished(() => lease.close());
      await promise;
      const said = await other.run(["restore", "--archive", path, "--yes"]);
      expect(said.code).toBe(1);
      expect(said.stderr).toContain("the worker ann runs on host-a");
      expect(existsSync(other.sessions)).toBe(false);
      await lease.close();
      expect((await other.run(["restore", "--archive", path, "--yes"])).code).toBe(0);
    });

    test("waits for the lease of a machine that was just switched off", async () => {
      const record = { token: "t", owner: "o", host: "host-a", worker: "ann", since: 0 };
      const key = "{flotilla.0123456789abcdef}:lease:name.ann";
      await redisCommand(url, "SET", key, JSON.stringify(record), "PX", "2500");
      expect(await redisCommand(url, "EXISTS", key)).toBe(1);
      expect((await other.run(["restore", "--archive", path, "--yes"])).code).toBe(0);
      expect(await redisCommand(url, "EXISTS", key)).toBe(0);
    });

    test("a Redis that does not answer is no yes; --lost-redis says that it is gone", async () => {
      other.env = { ...other.env, REDIS_URL: "redis://127.0.0.1:1" };
      expect((await refused()).code).toBe("redis-away");
      await other.json(["restore", "--archive", path, "--yes", "--lost-redis"], 0);
    });
  });
});

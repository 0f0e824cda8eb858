import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { leaseKey } from "@flotilla/contracts";
import { parseHostId, parseUserId, parseWorkerId } from "@flotilla/kernel";
import { StatusWriter } from "@flotilla/queue";
import { keyFingerprint } from "@flotilla/session-store";
import { redisCommand, spawnProcess, startRedis, testDir } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { fleetOn, MAIN, Machine, pyrogram } from "./kit.ts";

const PYTHON =
  ["/usr/bin/python3", "/usr/local/bin/python3"].find((path) => existsSync(path)) ?? "";
const TERMINAL = fileURLToPath(new URL("./fixtures/terminal.py", import.meta.url));

test.skipIf(PYTHON === "").each([
  ["y", 0, true],
  ["YES", 0, true],
  ["", 1, false],
  ["n", 1, false],
  ["maybe", 1, false],
] as const)(
  "an import asks whether the old program is stopped for ever; %j ends with %i",
  async (answer, code, imported) => {
    const machine = new Machine(await testDir());
    writeFileSync(join(machine.cwd, "old.txt"), pyrogram(randomBytes(256)));
    const program = [process.execPath, MAIN, "import", "old.txt", "--name", "ann"];
    const child = spawnProcess(PYTHON, [TERMINAL, answer, ...program], {
      env: machine.env,
      cwd: machine.cwd,
    });
    expect(await child.exited, child.stdout).toMatchObject({ code });
    expect(child.stdout).toContain("Is that program stopped for ever? [y/N]");
    expect(child.stdout).toContain(
      imported ? 'Imported a Pyrogram session string as "ann"' : "Nothing was imported.",
    );
    expect(existsSync(join(machine.sessions, "ann.session"))).toBe(imported);
  },
);

test("an export is recorded before the key leaves and refused when the record fails", async () => {
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

test("an account of a worker on another host is not imported, and the error names the worker", async () => {
  const machine = new Machine(await testDir());
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  machine.env = { ...machine.env, REDIS_URL: redis.url };
  const now = Date.now();
  const account = {
    userId: parseUserId("7000001"),
    name: "Ann",
    username: null,
    phoneMasked: null,
  };
  const counts = {
    reconnects: 0,
    failures: 0,
    lastSuccessAt: now,
    lastMessageAt: null,
    messages: 0,
    attempt: 0,
    nextTryAt: null,
  };
  const place = await fleetOn(redis.url);
  const board = new StatusWriter(place, () => {});
  await board.write({
    v: 1,
    worker: parseWorkerId("news_1"),
    host: parseHostId("host-b"),
    state: "RUNNING",
    since: now,
    pid: 1,
    startedAt: now,
    crashes: 0,
    crashLimit: 5,
    nextTryAt: null,
    fault: null,
    link: { account, ...counts },
    updatedAt: now,
  });
  board.close();
  writeFileSync(join(machine.cwd, "old.txt"), pyrogram(randomBytes(256)));
  const refused = await machine.run(["import", "old.txt", "--name", "ann", "--yes"]);
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the worker "news_1" on host-b') as string,
  });
  expect(existsSync(join(machine.sessions, "ann.session"))).toBe(false);
  // The lease of a key is checked too, for an account without a status.
  const key = randomBytes(256);
  writeFileSync(join(machine.cwd, "other.txt"), pyrogram(key, 7000002n));
  const lease = leaseKey(place.prefix, `key.${keyFingerprint(key)}`);
  const record = { token: "t", owner: "boot:1:1", host: "host-c", worker: "sport", since: now };
  await redisCommand(redis.url, "SET", lease, JSON.stringify(record));
  const held = await machine.run(["import", "other.txt", "--name", "bob", "--yes"]);
  expect(held).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the worker "sport" on host-c has it') as string,
  });
  await redisCommand(redis.url, "DEL", lease);
  expect(await machine.run(["import", "other.txt", "--name", "bob", "--yes"])).toMatchObject({
    code: 0,
  });
});

test(
  "a new folder beside a Redis of other fleets takes imports; with several hosts it needs " +
    "the fleet key first",
  async () => {
    const machine = new Machine(await testDir());
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    await fleetOn(redis.url);
    const { FLEET_KEY: _, ...fresh }: Record<string, string> = {
      ...machine.env,
      REDIS_URL: redis.url,
    };
    const take = async (name: string, userId: bigint) => {
      writeFileSync(join(machine.cwd, `${name}.txt`), pyrogram(randomBytes(256), userId));
      return await machine.run(["import", `${name}.txt`, "--name", name, "--yes"]);
    };
    machine.env = { ...fresh, HOSTS: "several" };
    expect(await take("ann", 7000001n)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("set FLEET_KEY in .env to the key of the bot's host"),
    });
    expect(existsSync(join(machine.dataDir, "fleet.key")), "no new key").toBe(false);
    machine.env = fresh;
    expect(await take("ann", 7000001n)).toMatchObject({ code: 0, stderr: "" });
    expect(await take("ben", 7000002n)).toMatchObject({ code: 0, stderr: "" });
  },
);

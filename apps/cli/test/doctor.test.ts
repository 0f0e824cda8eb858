import {
  chmodSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { spawnNode, startProxy, startRedis, testDir } from "@flotilla/testkit";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { ANN, HOLDER, Machine } from "./kit.ts";

let machine: Machine;
let skewMs = 0;

/** A machine with a Bot API and a data centre, so that the doctor finds only what a test breaks. */
beforeEach(async () => {
  machine = new Machine(await testDir());
  skewMs = 0;
  const server = createServer((_, response) => {
    response.setHeader("date", new Date(Date.now() + skewMs).toUTCString());
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const pem = join(machine.cwd, "dc.pem");
  writeFileSync(pem, "-----BEGIN RSA PUBLIC KEY-----");
  Object.assign(machine.env, {
    BOT_API_ROOT: `http://127.0.0.1:${port}`,
    MTPROTO_DC: `127.0.0.1:${port}`,
    MTPROTO_DC_KEY: pem,
  });
});

interface Found {
  readonly check: string;
  readonly level: string;
  readonly what: string;
  readonly why: string;
  readonly todo: string;
  readonly fixed: boolean;
}

/** Findings of a run, without those that depend on the machine of the tests. */
async function doctor(code: number, ...args: string[]): Promise<Found[]> {
  const { findings } = (await machine.json(["doctor", ...args], code)) as unknown as {
    findings: Found[];
  };
  for (const { what, why, todo } of findings)
    for (const text of [what, why, todo]) expect(text).toMatch(/\S/);
  const isHint = (it: Found): boolean =>
    it.level === "hint" && (it.check === "owner-lock" || it.check === "holder");
  return findings.filter((it) => it.check !== "stop-grace" && !isHint(it));
}

async function backedUp(name: string, self = ANN): Promise<void> {
  machine.session(name, self);
  expect((await machine.run(["backup", name])).code).toBe(0);
}

test("a sound machine has no findings, and the doctor changes nothing", async () => {
  await backedUp("ann");
  const before = readdirSync(machine.dataDir, { recursive: true }).toSorted();
  expect(await doctor(0)).toEqual([]);
  expect(readdirSync(machine.dataDir, { recursive: true }).toSorted()).toEqual(before);
  const empty = new Machine(await testDir());
  empty.env = { ...machine.env, DATA_DIR: empty.dataDir };
  expect((await empty.run(["doctor"])).code).toBe(0);
  expect(readdirSync(empty.cwd)).toEqual([]);
});

test("an unusable folder for the locks on keys is a problem, and the doctor does not create it", async () => {
  await backedUp("ann");
  const path = join(machine.dataDir, "no-folder");
  writeFileSync(path, "");
  machine.env["OWNER_DIR"] = path;
  expect(await doctor(1)).toMatchObject([
    { check: "owner-lock", what: expect.stringContaining(path) },
  ]);
  machine.env["OWNER_DIR"] = "/proc/flotilla";
  expect(await doctor(1)).toMatchObject([
    { check: "owner-lock", what: expect.stringContaining("/proc/flotilla") },
  ]);
  machine.env["OWNER_DIR"] = join(machine.dataDir, "not-yet");
  expect(await doctor(0)).toEqual([]);
  expect(readdirSync(machine.dataDir)).not.toContain("not-yet");
});

test("wrong permissions are reported, and corrected with --fix", async () => {
  await backedUp("ann");
  const path = join(machine.sessions, "ann.session");
  chmodSync(path, 0o644);
  chmodSync(machine.sessions, 0o755);
  expect((await doctor(1)).map(({ check }) => check)).toEqual(["permissions", "permissions"]);
  expect(statSync(path).mode & 0o777).toBe(0o644);
  expect((await doctor(0, "--fix")).every(({ fixed }) => fixed)).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(machine.sessions).mode & 0o777).toBe(0o700);
  expect(await doctor(0)).toEqual([]);
});

describe("duplicates", () => {
  test("a copy, a second session of one account, a hard link and a symbolic link are reported", async () => {
    await backedUp("ann");
    const path = join(machine.sessions, "ann.session");
    copyFileSync(path, join(machine.sessions, "copy.session"));
    const texts = (await doctor(1)).map(({ what }) => what);
    expect(texts).toContain('"ann" and "copy" have the same key: one is a copy of the other.');
    linkSync(path, join(machine.sessions, "hard.session"));
    symlinkSync(path, join(machine.sessions, "soft.session"));
    const more = (await doctor(1)).map(({ what }) => what).join("\n");
    expect(more).toContain('The session of "hard" has 2 names');
    expect(more).toContain('The session of "soft" is a symbolic link.');
    expect(more).toContain('"ann" and "soft" are two names for one file.');
  });
});

test("damaged sessions, damaged backups and sessions without a backup are reported", async () => {
  await backedUp("ann");
  const [copy = ""] = readdirSync(join(machine.dataDir, "vault", "ann"));
  truncateSync(join(machine.dataDir, "vault", "ann", copy), 5000);
  truncateSync(join(machine.sessions, "ann.session"), 5000);
  machine.session("bob", { ...ANN, id: "8" });
  const found = await doctor(1);
  expect(found.map(({ check, level }) => [check, level])).toEqual(
    expect.arrayContaining([
      ["damaged", "problem"],
      ["backup", "problem"],
      ["backup", "hint"],
    ]),
  );
  expect(found.find(({ check }) => check === "damaged")?.todo).toContain(
    "flotilla restore ann --list",
  );
});

test("a wrong fleet key, a missing one and an interrupted change are reported", async () => {
  await backedUp("ann");
  machine.env["FLEET_KEY"] = "08".repeat(32);
  expect((await doctor(1)).map(({ check }) => check)).toContain("wrong-fleet-key");
  delete machine.env["FLEET_KEY"];
  expect((await doctor(1))[0]?.what).toContain("no fleet key");
  expect(readdirSync(machine.dataDir)).not.toContain("fleet.key");
  machine.env["FLEET_KEY"] = "07".repeat(32);
  writeFileSync(join(machine.dataDir, "fleet.key.next"), "", { mode: 0o600 });
  expect((await doctor(1))[0]?.what).toContain("cut off");
});

test("a foreign holder and a stopped one are named; the session does not change", async () => {
  await backedUp("ann");
  const holder = spawnNode(HOLDER, [machine.sessions, "ann"]);
  await holder.waitForOutput("has it");
  const [found] = await doctor(1);
  expect(found).toMatchObject({ check: "holder" });
  expect(found?.what).toContain(`pid ${holder.pid}`);
  holder.kill("SIGSTOP");
  expect((await doctor(1))[0]?.what).toContain("is stopped");
  await holder[Symbol.asyncDispose]();
  const worker = spawnNode(HOLDER, [
    machine.sessions,
    "ann",
    "--fleet",
    "x".repeat(300),
    "--worker",
    "ann",
  ]);
  await worker.waitForOutput("has it");
  expect(await doctor(0)).toEqual([]);
});

test("--fix removes old leftovers of crashes and keeps new files", async () => {
  await backedUp("ann");
  const old = join(machine.sessions, ".flotilla-old");
  mkdirSync(old, { mode: 0o700 });
  utimesSync(old, 1, 1);
  mkdirSync(join(machine.sessions, ".flotilla-new"), { mode: 0o700 });
  writeFileSync(join(machine.sessions, "gone.identity"), "{}", { mode: 0o600 });
  expect((await doctor(0, "--fix")).map(({ check, fixed }) => [check, fixed])).toEqual([
    ["leftovers", true],
    ["leftovers", true],
  ]);
  expect(readdirSync(machine.sessions).toSorted()).toEqual([
    ".flotilla-new",
    "ann.identity",
    "ann.session",
  ]);
});

test("a wrong clock, and a Bot API and data centre that do not answer, are reported", async () => {
  skewMs = 90_000;
  const [clock] = await doctor(1);
  expect(clock).toMatchObject({ check: "clock" });
  expect(clock?.what).toMatch(/(89|90|91) s behind/);
  Object.assign(machine.env, { BOT_API_ROOT: "http://127.0.0.1:9", MTPROTO_DC: "127.0.0.1:9" });
  const texts = (await doctor(1)).map(({ what }) => what);
  expect(texts).toEqual([
    expect.stringContaining("Bot API"),
    expect.stringContaining("data centre (127.0.0.1:9)"),
  ]);
});

test("a Redis without persistence, with eviction, or absent is reported", async () => {
  await using redis = await startRedis();
  machine.env["REDIS_URL"] = redis.url;
  const found = await doctor(1);
  expect(found[0]).toMatchObject({
    check: "redis",
    what: expect.stringContaining("append-only") as string,
  });
  machine.env["REDIS_URL"] = "redis://127.0.0.1:9";
  expect((await doctor(1))[0]?.what).toContain("Redis cannot be reached");
});

test("the printed text says what, why and what to do", async () => {
  await backedUp("ann");
  chmodSync(machine.sessions, 0o755);
  const said = await machine.run(["doctor"]);
  expect(said.code).toBe(1);
  expect(said.stdout).toMatch(
    /✗ .*sessions is open to others \(755\)\.\n {4}Why it matters: .+\n {4}What to do: chmod 700/,
  );
  expect(said.stdout).toContain("flotilla doctor --fix");
});

describe("with a proxy no request goes around it (field fault C11)", () => {
  const reach = (): string[] =>
    [machine.env["BOT_API_ROOT"] ?? "", machine.env["MTPROTO_DC"] ?? ""].map((it) =>
      it.replace("http://", ""),
    );

  test.each(["socks5", "socks4", "http"])(
    "TELEGRAM_PROXY of the kind %s: the data centre; BOT_PROXY: the Bot API",
    async (kind) => {
      const [ours, bots] = [await startProxy(), await startProxy()];
      machine.env["TELEGRAM_PROXY"] = `${kind}://127.0.0.1:${ours.port}`;
      machine.env["BOT_PROXY"] = `${kind}://127.0.0.1:${bots.port}`;
      expect((await doctor(0)).filter(({ check }) => check === "network")).toEqual([]);
      expect([bots.asked, ours.asked]).toEqual(reach().map((place) => [place]));
    },
  );

  test(
    "without BOT_PROXY and BOT_API_ROOT both go through TELEGRAM_PROXY, to Telegram's own " +
      "addresses",
    async () => {
      const proxy = await startProxy();
      proxy.refuse = 5;
      for (const name of ["BOT_API_ROOT", "MTPROTO_DC", "MTPROTO_DC_KEY"]) delete machine.env[name];
      machine.env["TELEGRAM_PROXY"] = `127.0.0.1:${proxy.port}:ann:s3cret`;
      const found = await doctor(1);
      expect(proxy.asked.toSorted()).toEqual(["149.154.167.51:443", "api.telegram.org:443"]);
      expect(found.filter(({ check }) => check === "network").map(({ what }) => what)).toEqual([
        expect.stringMatching(
          /Bot API .* through socks5:\/\/•••@127\.0\.0\.1:\d+: The proxy cannot reach/,
        ),
        expect.stringMatching(
          /data centre .* through socks5:\/\/•••@127\.0\.0\.1:\d+: The proxy cannot reach/,
        ),
      ]);
      expect(JSON.stringify(found)).not.toContain("s3cret");
    },
  );

  test("an absent MTProxy is named; the data centre gets no request", async () => {
    machine.env["TELEGRAM_PROXY"] = "mtproxy://00112233445566778899aabbccddeeff@127.0.0.1:9";
    const [found, ...more] = (await doctor(1)).filter(({ check }) => check === "network");
    expect(found?.what).toBe(
      "The proxy of the workers (mtproxy://•••@127.0.0.1:9) cannot be reached: ECONNREFUSED.",
    );
    expect(more).toEqual([]);
  });
});

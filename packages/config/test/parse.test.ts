import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { ENV, type EnvName, type EnvValues, parseConfig } from "@flotilla/config";
import { AppError } from "@flotilla/kernel";
import { testDir } from "@flotilla/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const NAMES = Object.keys(ENV) as EnvName[];
const GOOD: EnvValues = {
  BOT_TOKEN: `123456789:${"A".repeat(35)}`,
  API_ID: "12345",
  API_HASH: "0123456789abcdef".repeat(2),
  ADMIN_IDS: "777",
};
const FLEET = { cwd: "/", role: "fleet" } as const;

function problem(env: EnvValues, role: "fleet" | "worker" = "fleet"): AppError {
  try {
    parseConfig(env, { cwd: "/", role });
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("the configuration was accepted");
}

/** A user or a password may be any text. */
const RULED = NAMES.filter((name) => !ENV[name].schema.safeParse("~~~~~~~~~").success);

/** No message contains such a text, and without a colon it is not an address. */
const junk = fc.stringMatching(/^~[!-9;-~]{8,40}$/);

test("all problems are told at once, each by its name, and no value is repeated", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(junk, { minLength: NAMES.length, maxLength: NAMES.length }),
      (values) => {
        const env = Object.fromEntries(NAMES.map((name, index) => [name, values[index]]));
        const error = problem(env);
        expect(error.code).toBe("bad-config");
        for (const name of RULED) expect(error.message).toMatch(new RegExp(`^ {2}- ${name} `, "m"));
        const printed = inspect(error, { depth: null });
        for (const value of values) expect(printed).not.toContain(value);
      },
    ),
  );
});

test("nothing set: the four needed values are named, with where to get them", () => {
  const { message } = problem({});
  expect(message.match(/^ {2}- (\w+) is not set$/gm)).toEqual([
    "  - BOT_TOKEN is not set",
    "  - API_ID is not set",
    "  - API_HASH is not set",
    "  - ADMIN_IDS is not set",
  ]);
  expect(message).toContain(".env.example");
});

test("a single problem is called one", () => {
  expect(problem({ ...GOOD, LOG_LEVEL: "loud" }).message).toMatch(
    /^The configuration has a problem:\n {2}- LOG_LEVEL must be/,
  );
});

test("a worker needs neither the bot's token nor the admins", () => {
  const { API_ID, API_HASH } = GOOD;
  expect(parseConfig({ API_ID, API_HASH }, { cwd: "/", role: "worker" }).apiId).toBe(12345);
  expect(problem({}, "worker").message).not.toMatch(/BOT_TOKEN|ADMIN_IDS/);
});

describe("a value is refused", () => {
  test.each([
    ["BOT_TOKEN", "123456789"],
    ["BOT_TOKEN", `123456789:${"A".repeat(35)} `],
    ["API_ID", "0"],
    ["API_ID", "12e3"],
    ["API_HASH", "0123456789abcdef"],
    ["ADMIN_IDS", "777,"],
    ["ADMIN_IDS", "@ann"],
    ["ADMIN_IDS", "-100777"],
    ["REDIS_URL", "localhost:6379"],
    ["REDIS_URL", "http://localhost"],
    ["FLEET_KEY", "short"],
    ["FLEET_KEY", "g".repeat(64)],
    ["HOST_ID", "Host"],
    ["LOG_LEVEL", "INFO"],
    ["HTTP_PORT", "65536"],
    ["HTTP_PORT", "-1"],
    ["HTTP_PORT", "80.5"],
    ["SANDBOX_PORT", "http"],
    ["RESTART_DELAY_S", "-1"],
    ["RESTART_DELAY_S", "1e9"],
    ["RESTART_LIMIT", "0"],
    ["RESTART_WINDOW_S", "0"],
    ["LOCK_DELAYS_S", "60,,120"],
    ["START_SPACING_S", "-5"],
    ["WORKER_MEMORY_MB", "9"],
    ["HOSTS", "2"],
    ["LOCAL_ADDRESS", "localhost"],
    ["BOT_API_ROOT", "ftp://x"],
    ["BOT_API_ROOT", "telegram"],
    ["MTPROTO_DC", "127.0.0.1"],
  ] as const)("%s=%s", (name, value) => {
    expect(problem({ ...GOOD, [name]: value }).message).toContain(`- ${name} must `);
  });
});

test("values are taken as they are meant", () => {
  const config = parseConfig(
    {
      ...GOOD,
      REDIS_URL: "redis://u:p@h:1/2",
      HTTP_PORT: "0",
      RESTART_DELAY_S: "0.25",
      HOST_ID: "host-b",
      DATA_DIR: "there",
    },
    { cwd: "/srv", role: "fleet" },
  );
  expect(config).toMatchObject({
    httpPort: 0,
    supervision: { crashDelayMs: 250 },
    hostId: "host-b",
    dataDir: "/srv/there",
  });
  expect(config.redis?.reveal()).toBe("redis://u:p@h:1/2");
  expect(config.botToken.reveal()).toBe(GOOD.BOT_TOKEN);
});

test("the name of the machine makes a host id without being asked, whatever it is", () => {
  expect(parseConfig(GOOD, FLEET).hostId).toMatch(/^[a-z][a-z0-9_-]{0,31}$/);
});

test("a whole configuration can be printed: no secret is in it", () => {
  const env = { ...GOOD, REDIS_URL: "redis://u:hunter2@h", FLEET_KEY: "ab".repeat(32) };
  const config = parseConfig(env, FLEET);
  for (const printed of [inspect(config, { depth: null }), JSON.stringify(config)]) {
    for (const secret of [env.BOT_TOKEN, env.API_HASH, "hunter2", env.FLEET_KEY])
      expect(printed).not.toContain(secret);
  }
});

describe("another MTProto server", () => {
  const PEM = "-----BEGIN RSA PUBLIC KEY-----\nMIIB\n-----END RSA PUBLIC KEY-----\n";

  test("is an address and a key", async () => {
    const cwd = await testDir();
    writeFileSync(join(cwd, "key.pem"), PEM);
    const six = parseConfig(
      { ...GOOD, MTPROTO_DC: "[::1]:4430", MTPROTO_DC_KEY: "key.pem" },
      { cwd, role: "fleet" },
    );
    expect(six.mtproto).toMatchObject({ host: "::1", port: 4430 });
    const config = parseConfig(
      { ...GOOD, MTPROTO_DC: "127.0.0.1:4430", MTPROTO_DC_KEY: "key.pem" },
      { cwd, role: "fleet" },
    );
    expect(config.mtproto).toEqual({
      kind: "custom",
      host: "127.0.0.1",
      port: 4430,
      publicKeyPem: PEM,
    });
  });

  test("is refused by halves", () => {
    expect(problem({ ...GOOD, MTPROTO_DC: "127.0.0.1:4430" }).message).toContain(
      "MTPROTO_DC needs MTPROTO_DC_KEY as well",
    );
    expect(problem({ ...GOOD, MTPROTO_DC_KEY: "key.pem" }).message).toContain(
      "MTPROTO_DC_KEY needs MTPROTO_DC as well",
    );
  });

  test("is refused with a key that is none, or cannot be read", async () => {
    const cwd = await testDir();
    writeFileSync(join(cwd, "not.pem"), "hello");
    mkdirSync(join(cwd, "folder.pem"));
    const parse = (key: string) => () =>
      parseConfig(
        { ...GOOD, MTPROTO_DC: "127.0.0.1:4430", MTPROTO_DC_KEY: key },
        { cwd, role: "fleet" },
      );
    expect(parse("not.pem")).toThrow("MTPROTO_DC_KEY is not a PKCS#1 PEM file");
    expect(parse("folder.pem")).toThrow("MTPROTO_DC_KEY cannot be read");
    expect(parse("absent.pem")).toThrow("MTPROTO_DC_KEY cannot be read");
  });

  test("is refused with a port that cannot be", async () => {
    const cwd = await testDir();
    writeFileSync(join(cwd, "key.pem"), PEM);
    const env = { ...GOOD, MTPROTO_DC: "127.0.0.1:99999", MTPROTO_DC_KEY: "key.pem" };
    expect(() => parseConfig(env, { cwd, role: "fleet" })).toThrow("MTPROTO_DC must be host:port");
  });
});

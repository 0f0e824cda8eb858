/**
 * A fleet of several hosts with compose (H8 of the field faults): tried without an engine, by the
 * very commands and values of the files.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { parseConfig } from "@flotilla/config";
import { relayFolder } from "@flotilla/contracts";
import { boundToParent } from "@flotilla/os";
import { checkRedis } from "@flotilla/queue";
import { freePort, testDir, waitFor } from "@flotilla/testkit";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { interpolate } from "./interpolate.ts";

interface Service {
  readonly profiles?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly unknown[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
type Dotenv = Readonly<Record<string, string | undefined>>;
const servicesOf = (path: string, env: Dotenv): Readonly<Record<string, Service>> =>
  (
    interpolate(parse(read(path), { merge: true }), env) as {
      services: Readonly<Record<string, Service>>;
    }
  ).services;
const COMPOSE = "docker-compose.yml";
const HOSTS = "docs/deploy/compose.hosts.yaml";

/**
 * The `.env` of the host with Redis and the bot, and that of each other one, as docs/deploy says.
 */
const COMMON = {
  API_ID: "12345",
  API_HASH: "0123456789abcdef".repeat(2),
  FLEET_KEY: "ab".repeat(32),
  HOSTS: "several",
};
const FIRST = {
  ...COMMON,
  BOT_TOKEN: `123456789:${"A".repeat(35)}`,
  ADMIN_IDS: "777",
  REDIS_PASSWORD: "letters1",
};
const { HOSTS: _, ...FOUR } = COMMON;
const SECOND = { ...FOUR, REDIS_URL: "redis://:letters1@10.0.0.1:6379", HOST_ID: "host-b" };

/**
 * What a process of a container makes of its environment. An empty value is none, as for compose.
 */
function configOf(env: Dotenv, name: "bot" | "supervisor" | "host", role: "fleet" | "host") {
  const { environment = {} } = servicesOf(COMPOSE, env)[name] ?? {};
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  return parseConfig(given, { cwd: "/", role });
}

describe("HOSTS", () => {
  test.each(["several", "one"])(
    "%s of .env is what bot and supervisor of the first host work by",
    (hosts) => {
      const env = { ...FIRST, HOSTS: hosts };
      for (const config of [configOf(env, "bot", "fleet"), configOf(env, "supervisor", "host")]) {
        expect(config.supervision.hosts).toBe(hosts);
        expect(config.hostId).toBe("host-a");
      }
    },
  );

  test(
    "another host needs no more than the five values of the docs, and has its own name and the " +
      "first one's Redis",
    () => {
      const config = configOf(SECOND, "host", "host");
      expect([config.supervision.hosts, config.hostId, config.redis?.reveal()]).toEqual([
        "several",
        "host-b",
        SECOND.REDIS_URL,
      ]);
    },
  );

  test("the profile is a supervisor without Redis and bot; without the profile it does not start", () => {
    const { host, ...others } = servicesOf(COMPOSE, SECOND);
    expect(host?.profiles).toEqual(["host"]);
    expect(Object.keys(host?.depends_on ?? {})).toEqual(["owner-dir"]);
    for (const [name, { profiles }] of Object.entries(others))
      expect(profiles, name).toBeUndefined();
    const { profiles: _profile, environment: _several, depends_on: _owner, ...same } = { ...host };
    expect(others["supervisor"]).toMatchObject(same);
    expect(configOf({ ...SECOND, HOST_ID: "" }, "host", "host").hostId).toBe("host-b");
  });

  test("a value that is missing is named, and nothing starts", () => {
    expect(() => servicesOf(COMPOSE, { ...SECOND, FLEET_KEY: undefined })).toThrow("FLEET_KEY");
    expect(() => servicesOf(COMPOSE, { ...FIRST, REDIS_PASSWORD: "" })).toThrow("REDIS_PASSWORD");
  });
});

describe("Redis is published", () => {
  test("by no file but that for several hosts, and there alone for an address that a person names", () => {
    for (const [name, { ports }] of Object.entries(servicesOf(COMPOSE, FIRST)))
      expect(ports, name).toBeUndefined();
    expect(() => servicesOf(HOSTS, {})).toThrow("REDIS_PUBLISH");
    expect(() => servicesOf(HOSTS, { REDIS_PUBLISH: "" })).toThrow("REDIS_PUBLISH");
    expect(servicesOf(HOSTS, { REDIS_PUBLISH: "10.0.0.1" })).toEqual({
      redis: { ports: ["10.0.0.1:6379:6379"] },
    });
    expect(servicesOf(HOSTS, { REDIS_PUBLISH: "[fd00::1]" })).toEqual({
      redis: { ports: ["[fd00::1]:6379:6379"] },
    });
  });

  test("only with a password: its command does not start without one", async () => {
    const { shell } = await redisService("");
    await expect(
      promisify(execFile)("sh", ["-c", shell], { env: { PATH: process.env["PATH"] } }),
    ).rejects.toMatchObject({
      stderr: expect.stringContaining("REDIS_PASSWORD"),
    });
  });

  test(
    "with one it refuses clients without it, also from another address than loopback; its " +
      "health check has it",
    async () => {
      const { shell, check, port } = await redisService(FIRST.REDIS_PASSWORD);
      const bound = boundToParent("sh", ["-c", shell], "KILL");
      const env = { PATH: process.env["PATH"], REDIS_PASSWORD: FIRST.REDIS_PASSWORD };
      const child = spawn(bound.command, bound.args, { env, stdio: "ignore" });
      onTestFinished(async () => {
        const gone = once(child, "exit");
        child.kill("SIGTERM");
        await gone;
      });
      const url = (host: string, password: string): string => `redis://${password}${host}:${port}`;
      await waitFor(() => checkRedis(url("127.0.0.1", ":letters1@")), { what: "Redis to answer" });
      for (const host of ["127.0.0.1", ...OTHER_ADDRESSES.slice(0, 1)]) {
        await expect(checkRedis(url(host, "")), host).rejects.toThrow(/password|NOAUTH/i);
        await expect(checkRedis(url(host, ":letters2@")), host).rejects.toThrow(
          /password|WRONGPASS/i,
        );
        expect((await checkRedis(url(host, ":letters1@"))).version, host).toMatch(/^\d/);
      }
      // Its image has the program; this machine need not.
      const hasClient = await promisify(execFile)("sh", ["-c", "command -v redis-cli"]).catch(
        () => null,
      );
      if (!hasClient) return;
      await promisify(execFile)("sh", ["-c", check], { env });
      await expect(
        promisify(execFile)("sh", ["-c", check], { env: { ...env, REDIS_PASSWORD: "letters2" } }),
      ).rejects.toThrow();
    },
  );
});

test(
  "the bot's container finds the files that workers have downloaded for it, and both may " +
    "write there",
  () => {
    const { bot, supervisor } = servicesOf(COMPOSE, FIRST);
    const folder = dirname(relayFolder("/data", "reader"));
    for (const service of [bot, supervisor])
      expect(service?.volumes).toContain(`relay-files:${folder}`);
    expect(read("apps/cli/Dockerfile")).toMatch(
      new RegExp(`^RUN install -d -o node -g node -m 0700 .*${folder} `, "m"),
    );
  },
);

const OTHER_ADDRESSES = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .flatMap(({ family, internal, address }) => (family === "IPv4" && !internal ? [address] : []));

/**
 * The commands of the container, with folders, port and binaries of this machine in the place of
 * the container's.
 */
async function redisService(password: string) {
  const { redis } = servicesOf(COMPOSE, { ...SECOND, REDIS_PASSWORD: password });
  const [dir, port] = [await testDir(), await freePort()];
  const server = inject("redisServer");
  const shell = (redis?.command?.[2] ?? "")
    .replaceAll("/tmp/", `${dir}/`)
    .replace("--dir /data", `--dir ${dir} --port ${port}`)
    .replace("exec redis-server", `exec ${server}`);
  const check = (redis?.healthcheck?.test[1] ?? "").replace("redis-cli", `redis-cli -p ${port}`);
  return { shell, check, port };
}

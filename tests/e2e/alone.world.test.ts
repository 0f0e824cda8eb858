/**
 * Bot and supervisor as compose and Kubernetes start them: each alone, with the command,
 * environment and probe of the file (field faults H3, H4, H5).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { hostClaimKey } from "@flotilla/contracts";
import { parseHostId } from "@flotilla/kernel";
import { claimFleet, fleetPlace } from "@flotilla/queue";
import {
  freePort,
  type RedisHarness,
  type SpawnedProcess,
  spawnProcess,
  startRedis,
  testDir,
  waitFor,
} from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { interpolate } from "../guards/interpolate.ts";
import { podEnvironment, readCluster } from "../guards/kubernetes.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const KEY = "ab".repeat(32);

interface Started {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly ready: readonly string[];
  readonly alive?: readonly string[];
}

function fromCompose(service: string, dotenv: Readonly<Record<string, string>>): Started {
  const file = parse(readFileSync(`${ROOT}docker-compose.yml`, "utf8"), { merge: true });
  const { command, environment, healthcheck } = file.services[service];
  const env = Object.entries(interpolate(environment, dotenv) as Record<string, unknown>).map(
    ([name, value]) => [name, String(value)],
  );
  return { command, env: Object.fromEntries(env), ready: healthcheck.test.slice(1) };
}

function fromKubernetes(set: string, secrets: Readonly<Record<string, string>>): Started {
  const cluster = readCluster();
  const found = cluster.one("StatefulSet", set);
  const [{ command, livenessProbe, readinessProbe }] = found.spec.template.spec.containers;
  return {
    command,
    env: podEnvironment(cluster, found, secrets),
    ready: readinessProbe.exec.command,
    alive: livenessProbe.exec.command,
  };
}

/** Runs a probe as the engine does; returns its exit code. */
async function probe(command: readonly string[] | undefined, port: number): Promise<number | null> {
  const [, ...args] = (command ?? []).map((word) => word.replaceAll(":8481/", `:${port}/`));
  return (await spawnProcess(process.execPath, args).exited).code;
}

async function fleetRedis(): Promise<RedisHarness> {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  await claimFleet({
    redis: redis.url,
    fleetKey: Buffer.from(KEY, "hex"),
    known: null,
    from01: false,
    rekeyedFrom: [],
  });
  return redis;
}

const HOST_ONLY = { API_ID: "4242", API_HASH: "0123456789abcdef".repeat(2), FLEET_KEY: KEY };
const BOT = {
  BOT_TOKEN: `123456789:${"A".repeat(35)}`,
  ADMIN_IDS: "777",
  BOT_API_ROOT: "http://127.0.0.1:1",
};

/** Starts the process with paths and port of the test instead of the container's. */
async function run({
  command,
  env,
}: Started): Promise<{ readonly process: SpawnedProcess; readonly port: number }> {
  const port = await freePort();
  expect(env["HTTP_PORT"]).toBe("8481");
  const [, ...args] = command;
  const dir = await testDir("alone-");
  const files = env["HOST_URL"] ? { HOST_LISTEN: `127.0.0.1:${await freePort()}` } : {};
  const ours = { DATA_DIR: `${dir}/data`, OWNER_DIR: dir, HTTP_PORT: String(port), ...files };
  return {
    process: spawnProcess(process.execPath, [...args], { cwd: ROOT, env: { ...env, ...ours } }),
    port,
  };
}

test.each(["compose", "kubernetes"])(
  "%s: a supervisor starts without the bot's settings, is ready on the probed port, and " +
    "stays alive without Redis",
  async (how) => {
    const redis = await fleetRedis();
    const values = { ...HOST_ONLY, REDIS_URL: redis.url };
    const started =
      how === "compose"
        ? fromCompose("supervisor", values)
        : fromKubernetes("flotilla-host", values);
    expect([started.env["BOT_TOKEN"], started.env["ADMIN_IDS"]]).toEqual(["", ""]);
    const { process: supervisor, port } = await run(started);
    await waitFor(async () => (await probe(started.ready, port)) === 0, {
      what: "the supervisor to be ready",
    });
    await redis.kill9();
    await waitFor(async () => (await probe(started.ready, port)) === 1, {
      what: "the probe to see that Redis is gone",
    });
    expect(await (await fetch(`http://127.0.0.1:${port}/healthz`)).text()).toMatch(/Redis/);
    if (started.alive)
      expect(
        await probe(started.alive, port),
        "alive: a missing Redis is no reason for a restart",
      ).toBe(0);
    supervisor.kill("SIGTERM");
    expect(await supervisor.exited).toEqual({ code: 0, signal: null });
  },
);

test.each([
  ["compose", "host-a"],
  ["kubernetes", "flotilla-host-0"],
])("%s: a bot without its Bot API is alive but not ready", async (how, host) => {
  const redis = await fleetRedis();
  const values = { ...HOST_ONLY, ...BOT, REDIS_URL: redis.url };
  const started =
    how === "compose" ? fromCompose("bot", values) : fromKubernetes("flotilla-bot", values);
  expect(started.env["HOST_ID"], "the host of the supervisor").toBe(host);
  const { process: bot, port } = await run(started);
  const text = async (path: string): Promise<string> =>
    await fetch(`http://127.0.0.1:${port}${path}`).then(
      (it) => it.text(),
      () => "",
    );
  await waitFor(
    async () => (await text("/healthz")).includes("polling: away (http://127.0.0.1:1)"),
    { what: "the reason" },
  );
  expect(await probe(started.ready, port)).toBe(1);
  expect(await text("/livez")).toBe("alive\n");
  if (started.alive) expect(await probe(started.alive, port)).toBe(0);
  expect(bot.stdout).toContain("the Bot API cannot be reached yet (http://127.0.0.1:1)");
  bot.kill("SIGTERM");
  expect(await bot.exited).toEqual({ code: 0, signal: null });
});

test("a supervisor whose name another supervisor holds is not ready", async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const fleetKey = Buffer.from(KEY, "hex");
  const fleet = await claimFleet({
    redis: redis.url,
    fleetKey,
    known: null,
    from01: false,
    rekeyedFrom: [],
  });
  const { prefix } = fleetPlace({ redis: redis.url, fleet, fleetKey });
  const started = fromCompose("supervisor", { ...HOST_ONLY, REDIS_URL: redis.url });
  const { port } = await run(started);
  await waitFor(async () => (await probe(started.ready, port)) === 0, {
    what: "the supervisor to be ready",
  });
  const other = {
    id: "other",
    record: "other",
    pid: 1,
    machine: "elsewhere",
    dataDir: "/data",
    since: 0,
  };
  await redis.command("SET", hostClaimKey(prefix, parseHostId("host-a")), JSON.stringify(other));
  await waitFor(async () => (await probe(started.ready, port)) === 1, {
    what: "the probe to see it",
  });
  expect(await (await fetch(`http://127.0.0.1:${port}/healthz`)).text()).toMatch(
    /Another supervisor is the host "host-a".*elsewhere/,
  );
});

test(
  "`node apps/supervisor/src/main.ts` reads .env and names missing settings, none of them " +
    "the bot's (field fault H4)",
  async () => {
    const redis = await fleetRedis();
    const dir = await testDir("alone-");
    const port = await freePort();
    const main = `${ROOT}apps/supervisor/src/main.ts`;
    const start = (lines: readonly string[]): SpawnedProcess => {
      writeFileSync(`${dir}/.env`, lines.join("\n"));
      return spawnProcess(process.execPath, [main], { cwd: dir });
    };
    const needed = [
      `API_ID=4242`,
      `API_HASH=${HOST_ONLY.API_HASH}`,
      `REDIS_URL=${redis.url}`,
      `FLEET_KEY=${KEY}`,
    ];
    for (const [without, line] of needed.entries()) {
      const refused = start([
        ...needed.slice(0, without),
        ...needed.slice(without + 1),
        `OWNER_DIR=${dir}`,
      ]);
      expect((await refused.exited).code).toBe(1);
      expect(refused.stderr).toContain(`${line.split("=")[0]} is not set`);
      expect(refused.stderr).not.toMatch(/BOT_TOKEN|ADMIN_IDS/);
    }
    const supervisor = start([
      ...needed,
      "HOST_ID=host-b",
      `OWNER_DIR=${dir}`,
      `HTTP_PORT=${port}`,
    ]);
    const healthy = (): Promise<boolean> =>
      fetch(`http://127.0.0.1:${port}/healthz`).then(
        (it) => it.ok,
        () => false,
      );
    await waitFor(healthy, { what: `health of ${supervisor.pid}` });
  },
);

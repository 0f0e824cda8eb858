import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { embeddedRedisUrl, startEmbeddedRedis } from "@flotilla/queue";
import { isAlive, redisCommand, spawnNode, testDir, waitFor } from "@flotilla/testkit";
import { expect, inject, onTestFinished, test, vi } from "vitest";

async function start(
  dir: string,
  program = inject("redisServer"),
): ReturnType<typeof startEmbeddedRedis> {
  const redis = await startEmbeddedRedis({ program, dir, env: {} });
  onTestFinished(() => redis.stop());
  return redis;
}

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test(
  "it listens on a socket for this user alone, in a folder for this user alone, and on no " +
    "port",
  async () => {
    const dir = join(await testDir(), "redis");
    const redis = await start(dir);
    expect(await redisCommand(redis.url, "PING")).toBe("PONG");
    expect(modeOf(redis.url)).toBe(0o700);
    expect(modeOf(dir)).toBe(0o700);
    expect(modeOf(join(dir, "redis.log"))).toBe(0o600);
    expect(await redisCommand(redis.url, "CONFIG", "GET", "port")).toEqual(["port", "0"]);
  },
);

test("it throws nothing away and keeps its data over a restart", async () => {
  const dir = await testDir();
  const first = await start(dir);
  expect(await redisCommand(first.url, "CONFIG", "GET", "maxmemory-policy")).toEqual([
    "maxmemory-policy",
    "noeviction",
  ]);
  await redisCommand(first.url, "SET", "kept", "yes");
  await first.stop();
  const second = await start(dir);
  expect(await redisCommand(second.url, "GET", "kept")).toBe("yes");
});

test("it comes back with its data on the same socket after a kill -9", async () => {
  const dir = await testDir();
  const first = await start(dir);
  await redisCommand(first.url, "SET", "kept", "yes");
  process.kill(first.pid, "SIGKILL");
  expect(await first.exited).toBe("SIGKILL");
  const second = await start(dir);
  expect(await redisCommand(second.url, "GET", "kept")).toBe("yes");
});

test("stopping it leaves no process, and stopping it twice does no harm", async () => {
  const redis = await start(await testDir());
  expect(isAlive(redis.pid)).toBe(true);
  await redis.stop();
  expect(isAlive(redis.pid)).toBe(false);
  expect(await redis.exited).toBe("code 0");
  await redis.stop();
});

test.runIf(process.platform === "linux")(
  "it is gone when the process that started it is killed by -9",
  async () => {
    const dir = await testDir();
    const parent = spawnNode(join(import.meta.dirname, "fixtures/embedded.ts"), [
      inject("redisServer"),
      dir,
    ]);
    await parent.waitForOutput(/redis \d+\n/);
    const pid = Number(/redis (\d+)/.exec(parent.stdout)?.[1]);
    expect(isAlive(pid)).toBe(true);
    parent.kill("SIGKILL");
    await waitFor(() => !isAlive(pid), { what: "Redis to end with its parent" });
  },
);

test("a folder whose path is too long for a socket works, and stays closed to other users", async () => {
  const dir = join(await testDir(), "d".repeat(60), "e".repeat(60));
  mkdirSync(dirname(dir), { recursive: true });
  const redis = await start(dir);
  expect(Buffer.byteLength(redis.url)).toBeLessThanOrEqual(100);
  expect(modeOf(dirname(redis.url))).toBe(0o700);
  await redisCommand(redis.url, "SET", "kept", "yes");
  expect(statSync(join(dir, "appendonlydir")).isDirectory()).toBe(true);
  await redis.stop();
  expect(existsSync(dirname(redis.url)), "the folder for its socket").toBe(false);
});

test(
  "where the temporary folder cannot be used, the socket of a long path is elsewhere, found " +
    "by every process",
  async () => {
    const base = await testDir();
    const dir = join(base, "d".repeat(60), "e".repeat(60));
    mkdirSync(dirname(dir), { recursive: true });
    writeFileSync(join(base, "temp"), "a file, and no folder");
    vi.stubEnv("TMPDIR", join(base, "temp"));
    onTestFinished(() => void vi.unstubAllEnvs());
    const redis = await start(dir);
    expect(redis.url.startsWith(base)).toBe(false);
    expect(modeOf(dirname(redis.url))).toBe(0o700);
    expect(embeddedRedisUrl(dir)).toBe(redis.url);
    expect(await redisCommand(redis.url, "PING")).toBe("PONG");
  },
);

test("two folders have two servers", async () => {
  const [one, other] = [await start(await testDir()), await start(await testDir())];
  await redisCommand(one.url, "SET", "whose", "one");
  expect(await redisCommand(other.url, "GET", "whose")).toBeNull();
});

test.each([
  ["that is not there", () => "/nowhere/redis-server"],
  ["that ends at once", () => process.execPath],
  [
    "that is no program",
    (dir: string) => {
      writeFileSync(join(dir, "broken"), "not a program", { mode: 0o755 });
      return join(dir, "broken");
    },
  ],
])("a program %s is one sentence with the place of its log", async (_what, program) => {
  const dir = await testDir();
  await expect(startEmbeddedRedis({ program: program(dir), dir, env: {} })).rejects.toMatchObject({
    code: "redis-failed",
    message: expect.stringContaining(join(dir, "redis.log")),
  });
});

test.each([
  ["in a folder that others can write", 0o777, true],
  ["that is no socket", 0o700, false],
])(
  "what lies where the socket of a long path would be, %s, is not taken for it",
  async (_what, mode, isSocket) => {
    const base = await testDir("r-");
    const dir = join(base, "d".repeat(60), "e".repeat(60));
    vi.stubEnv("TMPDIR", base);
    onTestFinished(() => void vi.unstubAllEnvs());
    const socket = embeddedRedisUrl(dir);
    expect(dirname(dirname(socket))).toBe(base);
    mkdirSync(dirname(socket));
    if (isSocket) {
      const server = createServer().listen(socket);
      onTestFinished(() => void server.close());
      await once(server, "listening");
      expect(embeddedRedisUrl(dir)).toBe(socket);
    } else writeFileSync(socket, "");
    chmodSync(dirname(socket), mode);
    expect(embeddedRedisUrl(dir)).not.toBe(socket);
  },
);

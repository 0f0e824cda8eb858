import { expect, onTestFinished, test } from "vitest";
import { isAlive, redisCommand, sharedRedis, startRedis } from "../src/index.ts";

test("each call of sharedRedis gets its own database", async () => {
  const [one, two] = await Promise.all([sharedRedis(), sharedRedis()]);
  await redisCommand(one.url, "SET", "key", "of one");
  expect(await redisCommand(two.url, "GET", "key")).toBeNull();
  expect(await redisCommand(one.url, "GET", "key")).toBe("of one");
  expect(one.prefix).not.toBe(two.prefix);
});

test("a server with an append-only file keeps its data over a kill -9", async () => {
  const redis = await startRedis({ persistence: "aof" });
  onTestFinished(() => redis.stop());
  await redis.command("SET", "key", "kept");
  const first = redis.pid;
  await redis.kill9();
  expect(isAlive(first)).toBe(false);
  await expect(redis.command("PING")).rejects.toThrow("ECONNREFUSED");
  await redis.restart();
  expect(redis.pid).not.toBe(first);
  expect(await redis.command("GET", "key")).toBe("kept");
  expect(await redisCommand(redis.socketPath, "PING")).toBe("PONG");
});

test("a frozen server can be stopped", async () => {
  const redis = await startRedis();
  redis.freeze();
  await redis.stop();
  await redis.stop();
  expect(isAlive(redis.pid)).toBe(false);
});

test("errors and nested replies arrive as Redis sent them", async () => {
  const { url } = await sharedRedis();
  await expect(redisCommand(url, "NOSUCH")).rejects.toThrow("unknown command");
  await redisCommand(url, "RPUSH", "list", "a", "ü");
  expect(await redisCommand(url, "LRANGE", "list", 0, -1)).toEqual(["a", "ü"]);
  expect(await redisCommand(url, "DBSIZE")).toBe(1);
});

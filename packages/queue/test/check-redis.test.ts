import { createServer } from "node:net";
import { checkRedis } from "@flotilla/queue";
import { freePort, startRedis, testDir } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";

test(
  "a Redis that fits is told by its version, by URL and by socket, and one that keeps " +
    "everything has no warning",
  async () => {
    await using redis = await startRedis({ persistence: "aof" });
    for (const url of [redis.url, redis.socketPath]) {
      expect(await checkRedis(url)).toEqual({
        version: expect.stringMatching(/^\d+\.\d+/),
        warnings: [],
      });
    }
  },
);

test("a Redis that keeps nothing is warned of", async () => {
  await using redis = await startRedis();
  expect((await checkRedis(redis.url)).warnings).toEqual([
    expect.stringContaining("appendonly no"),
  ]);
});

test("a Redis that may throw jobs away is refused with the remedy", async () => {
  await using redis = await startRedis({ config: { "maxmemory-policy": "allkeys-lru" } });
  await expect(checkRedis(redis.url)).rejects.toMatchObject({
    code: "redis-evicts",
    message: expect.stringMatching(/allkeys-lru.*config set maxmemory-policy noeviction/),
  });
});

test("a Redis that wants a password is one sentence with the remedy, and right with it", async () => {
  await using redis = await startRedis({ persistence: "aof" });
  await redis.command("CONFIG", "SET", "requirepass", "hunter2");
  await expect(checkRedis(redis.url)).rejects.toMatchObject({
    code: "redis-unreachable",
    message: expect.stringContaining("NOAUTH"),
  });
  const wrong = checkRedis(redis.url.replace("redis://", "redis://:wr0ng@"));
  await expect(wrong).rejects.toMatchObject({
    code: "redis-unreachable",
    message: expect.not.stringContaining("wr0ng"),
  });
  expect((await checkRedis(redis.url.replace("redis://", "redis://:hunter2@"))).warnings).toEqual(
    [],
  );
});

test("a Redis that is not there is one sentence with the remedy", async () => {
  const unreachable = `redis://127.0.0.1:${await freePort()}`;
  const absent = `${await testDir()}/absent.sock`;
  for (const [url, why] of [
    [unreachable, "ECONNREFUSED"],
    [absent, "ENOENT"],
  ] as const) {
    await expect(checkRedis(url)).rejects.toMatchObject({
      code: "redis-unreachable",
      message: expect.stringMatching(
        new RegExp(`^Redis cannot be reached \\(${why}\\)\\. .*REDIS_URL`),
      ),
    });
  }
});

test("something else on the port is one sentence, not a wait without an end", async () => {
  const server = createServer(
    (socket) => void socket.on("error", () => {}).end("HTTP/1.1 400 Bad Request\r\n\r\n"),
  );
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const port = address && typeof address === "object" ? address.port : 0;
  await expect(checkRedis(`redis://127.0.0.1:${port}`)).rejects.toMatchObject({
    code: "redis-unreachable",
  });
});

test("what is no URL is refused without being repeated", async () => {
  await expect(checkRedis("redis://user:hunter2@:x:y")).rejects.toMatchObject({
    code: "bad-redis-url",
    message: expect.not.stringContaining("hunter2"),
  });
});

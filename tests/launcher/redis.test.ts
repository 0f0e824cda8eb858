import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { testDir } from "@flotilla/testkit";
import { expect, inject, test } from "vitest";
import { cachedServer, ensureRedis, findRedis } from "../../apps/cli/launch/redis.mjs";

async function program(file: string, script: string): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

const server = (dir: string, name: string, version: string): Promise<string> =>
  program(path.join(dir, name), `echo "${version}"`);
const REDIS_7 = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64";
const REDIS_6_0 = "Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64";
const VALKEY_8 = "Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64";

test("FLOTILLA_REDIS_SERVER comes first, then PATH in its order, then the cache", async () => {
  const root = await testDir();
  const cached = await program(cachedServer(root), `echo "${REDIS_7}"`);
  expect(findRedis({ root, env: { PATH: "" }, dirs: [] })).toBe(cached);
  const valkey = await server(path.join(root, "one"), "valkey-server", VALKEY_8);
  const redis = await server(path.join(root, "two"), "redis-server", REDIS_7);
  const PATH = [path.join(root, "one"), path.join(root, "two")].join(path.delimiter);
  expect(findRedis({ root, env: { PATH }, dirs: [] })).toBe(valkey);
  expect(findRedis({ root, env: { PATH, FLOTILLA_REDIS_SERVER: redis }, dirs: [] })).toBe(redis);
  expect(findRedis({ root, env: {}, dirs: [path.join(root, "two")] })).toBe(redis);
});

test("a server that is too old, broken or another program is skipped", async () => {
  const root = await testDir();
  await server(path.join(root, "old"), "redis-server", REDIS_6_0);
  await server(path.join(root, "other"), "redis-server", "hello");
  await program(path.join(root, "broken", "redis-server"), "exit 1");
  const PATH = ["old", "other", "broken"].map((dir) => path.join(root, dir)).join(path.delimiter);
  expect(findRedis({ root, env: { PATH }, dirs: [] })).toBeUndefined();
});

test("a wrong FLOTILLA_REDIS_SERVER is an error, with no fallback", async () => {
  const root = await testDir();
  const env = { FLOTILLA_REDIS_SERVER: path.join(root, "nothing") };
  expect(() => findRedis({ root, env })).toThrow(
    /FLOTILLA_REDIS_SERVER is set to .*nothing, which is not a Redis/,
  );
});

test("without any Redis the error is one sentence with the reason and the remedies", async () => {
  const root = await testDir();
  await program(
    path.join(root, "bin", "apt-get"),
    'echo "E: Could not resolve the mirror" >&2; exit 100',
  );
  const nothing = ensureRedis({ root, env: { PATH: path.join(root, "bin") }, dirs: [] });
  await expect(nothing).rejects.toThrow(
    /needs Redis 6\.2 or newer and this machine has none.*(Install|Run Flotilla).*REDIS_URL in \.env/,
  );
});

test("the Redis of this run is the launcher's choice", () => {
  expect(
    findRedis({ root: "/nonexistent", env: { FLOTILLA_REDIS_SERVER: inject("redisServer") } }),
  ).toBe(inject("redisServer"));
});

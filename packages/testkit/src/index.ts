/** Harnesses for tests: Redis, processes, folders, ports, waiting. Only tests import it. */

export { freePort } from "./ports.ts";
export { childrenOf, childWith, isAlive } from "./process/inspect.ts";
export {
  type SpawnedProcess,
  type SpawnOptions,
  spawnNode,
  spawnProcess,
} from "./process/spawn.ts";
export { type ProxyServer, startProxy } from "./proxy-server.ts";
export { type RedisReply, redisCommand } from "./redis/command.ts";
export { type RedisHarness, type RedisOptions, startRedis } from "./redis/server.ts";
export { type SharedRedis, sharedRedis } from "./redis/shared.ts";
export {
  type ClusterHarness,
  type SentinelHarness,
  startCluster,
  startSentinels,
} from "./redis/topology.ts";
export { tempDir, testDir } from "./temp.ts";
export { type WaitOptions, waitFor } from "./wait.ts";

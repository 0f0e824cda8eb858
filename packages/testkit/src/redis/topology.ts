import { waitFor } from "../wait.ts";
import { type RedisHarness, type RedisOptions, startRedis } from "./server.ts";

/** A master with replicas, and sentinels that watch it; all real processes on loopback. */
export interface SentinelHarness extends AsyncDisposable {
  /** `host:port` of each sentinel, for REDIS_SENTINELS. */
  readonly sentinels: readonly string[];
  readonly name: string;
  readonly servers: readonly RedisHarness[];
  readonly watchers: readonly RedisHarness[];
  /** Port of the master that the sentinels name now. */
  masterPort(): Promise<number>;
}

const NAME = "fleet";
/** Milliseconds without an answer after which a sentinel takes the master for dead. */
const DOWN_MS = 1500;

/**
 * Starts a master with two replicas, and three sentinels with a majority of two; resolves when all
 * know each other.
 */
export async function startSentinels(options: RedisOptions = {}): Promise<SentinelHarness> {
  await using stack = new AsyncDisposableStack();
  const master = stack.use(await startRedis(options));
  const replicaOf = { replicaof: `127.0.0.1 ${master.port}` };
  const replicas: RedisHarness[] = [];
  for (let count = 0; count < 2; count++)
    replicas.push(
      stack.use(await startRedis({ ...options, config: { ...options.config, ...replicaOf } })),
    );
  const online = async (): Promise<boolean> =>
    String(await master.command("INFO", "replication")).split("state=online").length === 3;
  await waitFor(online, { what: "two replicas", timeoutMs: 30_000 });
  const watchers: RedisHarness[] = [];
  for (let count = 0; count < 3; count++)
    watchers.push(stack.use(await startRedis({ sentinel: sentinelConfig(master.port) })));
  const counted = async (watcher: RedisHarness): Promise<boolean> => {
    const found = String(await watcher.command("INFO", "sentinel"));
    return found.includes("slaves=2,sentinels=3");
  };
  await waitFor(async () => (await Promise.all(watchers.map(counted))).every(Boolean), {
    what: "sentinels to know each other",
    timeoutMs: 30_000,
  });
  const owned = stack.move();
  return {
    sentinels: watchers.map(({ port }) => `127.0.0.1:${port}`),
    name: NAME,
    servers: [master, ...replicas],
    watchers,
    masterPort: async () => {
      for (const watcher of watchers) {
        const found = await watcher
          .command("SENTINEL", "get-master-addr-by-name", NAME)
          .catch(() => null);
        if (Array.isArray(found)) return Number(found[1]);
      }
      return 0;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A Redis Cluster of three masters with a replica each; all real processes on loopback. */
export interface ClusterHarness extends AsyncDisposable {
  /** `host:port` of every node, for REDIS_CLUSTER. */
  readonly nodes: readonly string[];
  readonly servers: readonly RedisHarness[];
  /** The server that has the slot of `key` now. */
  masterOf(key: string): Promise<RedisHarness>;
}

const SLOTS = 16_384;
const MASTERS = 3;

/** Starts six nodes and joins them; resolves when every slot has a master and a replica. */
export async function startCluster(options: RedisOptions = {}): Promise<ClusterHarness> {
  await using stack = new AsyncDisposableStack();
  const config = {
    ...options.config,
    "cluster-enabled": "yes",
    "cluster-node-timeout": String(DOWN_MS),
    databases: "1",
  };
  const servers: RedisHarness[] = [];
  for (let count = 0; count < 2 * MASTERS; count++)
    servers.push(stack.use(await startRedis({ ...options, config })));
  const [first, ...others] = servers as [RedisHarness, ...RedisHarness[]];
  for (const [index, server] of servers.slice(0, MASTERS).entries()) {
    const [from, to] = [index, index + 1].map((part) => Math.ceil((part * SLOTS) / MASTERS));
    await server.command("CLUSTER", "ADDSLOTSRANGE", from ?? 0, (to ?? 0) - 1);
  }
  for (const { port } of others) await first.command("CLUSTER", "MEET", "127.0.0.1", port);
  const all = async (text: string): Promise<boolean> => {
    const infos = await Promise.all(servers.map((each) => each.command("CLUSTER", "INFO")));
    return infos.every((info) => String(info).includes(text));
  };
  const timeoutMs = 60_000;
  await waitFor(() => all(`cluster_known_nodes:${servers.length}`), {
    what: "all nodes",
    timeoutMs,
  });
  for (const [index, replica] of servers.slice(MASTERS).entries()) {
    const master = String(await servers[index]?.command("CLUSTER", "MYID"));
    const knows = async (): Promise<boolean> =>
      String(await replica.command("CLUSTER", "NODES")).includes(master);
    await waitFor(knows, { what: "its master", timeoutMs });
    await replica.command("CLUSTER", "REPLICATE", master);
  }
  const replicated = async (): Promise<boolean> => {
    const infos = await Promise.all(
      servers.slice(0, MASTERS).map((each) => each.command("INFO", "replication")),
    );
    return infos.every((info) => String(info).includes("state=online"));
  };
  await waitFor(replicated, { what: "a replica of each master", timeoutMs });
  await waitFor(() => all("cluster_state:ok"), { what: "the cluster", timeoutMs });
  const owned = stack.move();
  return {
    nodes: servers.map(({ port }) => `127.0.0.1:${port}`),
    servers,
    masterOf: async (key) => {
      const slot = Number(await first.command("CLUSTER", "KEYSLOT", key));
      const ranges = (await first.command("CLUSTER", "SLOTS")) as [
        number,
        number,
        [string, number],
      ][];
      const port = ranges.find(([from, to]) => from <= slot && slot <= to)?.[2][1];
      const found = servers.find((each) => each.port === port);
      if (!found) throw new Error(`No server has the slot of ${key}`);
      return found;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Lines of a sentinel's configuration, which it rewrites itself. */
function sentinelConfig(port: number): string {
  return [
    `sentinel monitor ${NAME} 127.0.0.1 ${port} 2`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_MS}`,
    `sentinel failover-timeout ${NAME} 5000`,
    `sentinel parallel-syncs ${NAME} 2`,
    "",
  ].join("\n");
}

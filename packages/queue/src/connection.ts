import { once } from "node:events";
import {
  AppError,
  type RedisAddress,
  type RedisTls,
  toError,
  withoutUndefined,
  withTimeout,
} from "@flotilla/kernel";
import { type RedisOptions as AllOptions, Cluster, Redis } from "ioredis";
import { FailoverConnector } from "./failover-connector.ts";
import { noAnswer, redisAway, troubleOf } from "./redis-trouble.ts";

/** `replyMapping` changes the types of answers. */
type RedisOptions = Omit<AllOptions, "replyMapping">;

/** A connection to the one server, to the master that the sentinels name, or to a cluster. */
export type RedisClient = Redis | Cluster;

/**
 * Options of one server. Throws AppError `bad-redis-url`: ioredis would take an address that it
 * cannot read for a host name.
 */
export function serverOptions(url: string, tls: RedisTls | null): RedisOptions {
  if (url.startsWith("/")) return { path: url };
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new AppError(
      "bad-redis-url",
      "REDIS_URL is not a URL. Use redis://user:password@host:6379 or the path of a unix socket.",
    );
  }
  const [unknown] = [...parsed.searchParams.keys()];
  if (unknown !== undefined)
    throw new AppError(
      "bad-redis-url",
      `REDIS_URL has ?${unknown}=…, which Flotilla does not know: leave it out.`,
    );
  return {
    // In a URL, an IPv6 address has brackets.
    host: parsed.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(parsed.port || 6379),
    ...withoutUndefined({
      username: decodeURIComponent(parsed.username) || undefined,
      password: decodeURIComponent(parsed.password) || undefined,
      db: databaseOf(parsed),
    }),
    ...(parsed.protocol === "rediss:" ? { tls: { ...tls } } : {}),
  };
}

function databaseOf({ pathname }: URL): number | undefined {
  return pathname.length > 1 ? Number(pathname.slice(1)) : undefined;
}

/**
 * Milliseconds before reconnect attempt `attempt`: at most 1 s; ioredis's own back-off goes up to
 * 20 s.
 */
const quickRetry = (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt, 5), 1000);

/** How a connection behaves while Redis is away. */
interface Manner {
  readonly retry: (attempt: number) => number | null;
  readonly options: RedisOptions;
}

/** For consumers and events: waits for Redis without a limit. */
const PATIENT: Manner = { retry: quickRetry, options: { maxRetriesPerRequest: null } };

/** For button presses: fails within milliseconds when Redis is away, so that the bot can say so. */
const PROMPT: Manner = {
  retry: quickRetry,
  options: {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    // After a reconnect the old question is not repeated: its requester no longer waits.
    autoResendUnfulfilledCommands: false,
    // A Redis that is loading its data refuses each command; the ready check would only wait.
    enableReadyCheck: false,
    connectTimeout: 2000,
  },
};

/** Opens a connection that waits for Redis without a limit. */
export function patientRedis(address: RedisAddress): RedisClient {
  return open(address, PATIENT);
}

/** Opens a connection whose commands fail within milliseconds while Redis is away. */
export function promptRedis(address: RedisAddress): RedisClient {
  return open(address, PROMPT);
}

/**
 * Opens a connection whose first command waits for it, and each command for `answerMs` at most.
 */
export function waitingRedis(address: RedisAddress, answerMs: number): RedisClient {
  const options = { ...ONCE.options, connectTimeout: answerMs, commandTimeout: answerMs };
  return open(address, { ...ONCE, options });
}

/**
 * A master that became a replica refuses writes on connections that it keeps: connect again, and
 * ask the sentinels who the master is.
 */
const leavesReplica = (error: Error): boolean => /^READONLY\b/.test(error.message);

function open(address: RedisAddress, { retry, options }: Manner): RedisClient {
  if (typeof address === "string")
    return new Redis({ ...serverOptions(address, null), ...options, retryStrategy: retry });
  if (address.kind === "server")
    return new Redis({
      ...serverOptions(address.url, address.tls),
      ...options,
      retryStrategy: retry,
    });
  const shared = {
    ...options,
    ...address.login,
    ...(address.tls ? { tls: { ...address.tls } } : {}),
    reconnectOnError: leavesReplica,
  };
  if (address.kind === "cluster") return openCluster(address, shared, retry);
  return new Redis({
    ...shared,
    sentinels: [...address.nodes],
    name: address.name,
    ...withoutUndefined({ sentinelPassword: address.sentinelPassword }),
    ...(address.tls ? { enableTLSForSentinelMode: true, sentinelTLS: { ...address.tls } } : {}),
    sentinelRetryStrategy: retry,
    // Sentinels tell of a failover; without it a connection to the old master may stay for minutes.
    failoverDetector: true,
    Connector: FailoverConnector,
    sentinelCommandTimeout: SENTINEL_MS,
    retryStrategy: retry,
  });
}

/** Milliseconds for an answer of a sentinel before the next one is asked. */
const SENTINEL_MS = 1000;

function openCluster(
  { nodes, tls }: Extract<RedisAddress, { kind: "cluster" }>,
  { enableOfflineQueue, lazyConnect, ...options }: RedisOptions,
  retry: Manner["retry"],
): Cluster {
  return new Cluster([...nodes], {
    redisOptions: options,
    clusterRetryStrategy: retry,
    ...withoutUndefined({ enableOfflineQueue, lazyConnect }),
    // Certificates name hosts; a look-up would leave their addresses.
    ...(tls ? { dnsLookup: (name, done) => done(null, name) } : {}),
    retryDelayOnFailover: 100,
    slotsRefreshInterval: SLOTS_MS,
  });
}

/** Milliseconds between looks at who has the slots: a failover is found without a command. */
const SLOTS_MS = 5000;

/** All keys that match `pattern`, on every node. A key may come twice. */
export async function* keysLike(redis: RedisClient, pattern: string): AsyncGenerator<string> {
  const isCluster = redis instanceof Cluster;
  // Before it is connected it knows no nodes.
  if (isCluster && redis.status !== "ready") await once(redis, "ready");
  const nodes = isCluster ? redis.nodes("master") : [redis];
  for (const node of nodes)
    for await (const keys of node.scanStream({ match: pattern, count: 1000 }))
      yield* keys as string[];
}

/** Milliseconds that a close may wait: `ms` while Redis is connected, otherwise a moment. */
export function closingMs(redis: RedisClient, ms: number): number {
  return redis.status === "ready" ? ms : AWAY_MS;
}

const AWAY_MS = 50;

const CHECK_MS = 5000;

/** Result of {@link checkRedis}. */
export interface RedisFacts {
  readonly version: string;
  readonly warnings: readonly string[];
}

/** As {@link PROMPT}, but the first question waits for the connection. */
const ONCE: Manner = {
  retry: PROMPT.retry,
  options: { ...PROMPT.options, enableOfflineQueue: true, enableReadyCheck: true },
};

/**
 * Runs `ask` over a connection of its own. Throws AppError `redis-away` when there is no answer
 * within `limitMs`.
 */
export async function askOnce<T>(
  address: RedisAddress,
  limitMs: number,
  ask: (redis: RedisClient) => Promise<T>,
): Promise<T> {
  const redis = open(address, ONCE);
  // The command's error only reports too many retries; the event has the reason.
  const reasons: Error[] = [];
  redis.on("error", (error: Error) => reasons.push(error));
  try {
    return await withTimeout(ask(redis), limitMs, () =>
      reasons[0] ? redisAway(troubleOf(reasons[0]), reasons[0]) : noAnswer(),
    );
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw redisAway(troubleOf(reasons[0] ?? cause), reasons[0] ?? cause);
  } finally {
    redis.disconnect();
  }
}

const CHECK: Manner = {
  retry: () => null,
  options: { lazyConnect: true, connectTimeout: CHECK_MS },
};

/**
 * Connects once and reads the settings that matter. Throws AppError `redis-unreachable`,
 * `redis-too-old` (< 6.2) or `redis-evicts` (a policy that may evict jobs), each with the remedy.
 * Warns when Redis persists nothing.
 */
export async function checkRedis(address: RedisAddress): Promise<RedisFacts> {
  const redis = open(address, CHECK);
  // The connection's error is "Connection is closed"; the event has the reason.
  const reasons: Error[] = [];
  redis.on("error", (error: Error) => reasons.push(error));
  try {
    await withTimeout(redis.connect(), CHECK_MS, noAnswer);
    const info = await withTimeout(redis.info(), CHECK_MS, noAnswer);
    const field = (name: string): string =>
      new RegExp(`^${name}:(.*)$`, "m").exec(info)?.[1]?.trim() ?? "";
    return judge(field("redis_version"), field("maxmemory_policy"), field("aof_enabled"));
  } catch (error) {
    if (error instanceof AppError && error.code !== "redis-away") throw error;
    const known: NodeJS.ErrnoException = reasons[0] ?? toError(error);
    const reason = known.code ?? known.message.split("\n")[0];
    const what =
      known instanceof AppError
        ? known.message
        : `Redis cannot be reached (${reason}). ${redisAway(troubleOf(known)).message}`;
    throw new AppError(
      "redis-unreachable",
      `${what} Or leave REDIS_URL empty to use a Redis of Flotilla's own.`,
    );
  } finally {
    redis.disconnect();
  }
}

function judge(version: string, policy: string, aof: string): RedisFacts {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < 6 || (major === 6 && minor < 2))
    throw new AppError("redis-too-old", `Redis ${version} is too old: 6.2 or newer is needed.`);
  if (policy && policy !== "noeviction") {
    throw new AppError(
      "redis-evicts",
      `Redis may throw jobs away (maxmemory-policy ${policy}). Run: redis-cli config set ` +
        "maxmemory-policy noeviction",
    );
  }
  const warnings =
    aof === "1"
      ? []
      : [
          "Redis keeps no append-only file (appendonly no): commands and alerts on their way are " +
            "lost when it dies.",
        ];
  return { version, warnings };
}

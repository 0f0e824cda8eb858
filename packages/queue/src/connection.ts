import { AppError, toError, withoutUndefined, withTimeout } from "@flotilla/kernel";
import { Redis } from "ioredis";
import { noAnswer, redisAway, troubleOf } from "./redis-trouble.ts";

/** Connection options for both ioredis and BullMQ. */
export interface RedisConnection {
  path?: string;
  host?: string;
  port?: number;
  username?: string;
  password?: string;
  db?: number;
  tls?: Record<string, never>;
  enableOfflineQueue?: boolean;
  maxRetriesPerRequest?: number | null;
  autoResendUnfulfilledCommands?: boolean;
  enableReadyCheck?: boolean;
  connectTimeout?: number;
  lazyConnect?: boolean;
  retryStrategy?: (attempt: number) => number | null;
}

/**
 * Connection options for a Redis URL or the path of a unix socket. Throws AppError `bad-redis-url`.
 */
export function redisOptions(url: string): RedisConnection {
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
    ...(parsed.protocol === "rediss:" ? { tls: {} } : {}),
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

/** For consumers and events: waits for Redis without a limit. */
export function patientOptions(url: string): RedisConnection {
  return { ...redisOptions(url), maxRetriesPerRequest: null, retryStrategy: quickRetry };
}

/** For button presses: fails within milliseconds when Redis is away, so that the bot can say so. */
export function promptOptions(url: string): RedisConnection {
  return {
    ...redisOptions(url),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    // After a reconnect the old question is not repeated: its requester no longer waits.
    autoResendUnfulfilledCommands: false,
    // A Redis that is loading its data refuses each command; the ready check would only wait.
    enableReadyCheck: false,
    retryStrategy: quickRetry,
    connectTimeout: 2000,
  };
}

/** Milliseconds that a close may wait: `ms` while Redis is connected, otherwise a moment. */
export function closingMs(redis: Redis, ms: number): number {
  return redis.status === "ready" ? ms : AWAY_MS;
}

const AWAY_MS = 50;

const CHECK_MS = 5000;

/** Result of {@link checkRedis}. */
export interface RedisFacts {
  readonly version: string;
  readonly warnings: readonly string[];
}

/**
 * Runs `ask` over a connection of its own. Throws AppError `redis-away` when there is no answer
 * within `limitMs`.
 */
export async function askOnce<T>(
  url: string,
  limitMs: number,
  ask: (redis: Redis) => Promise<T>,
): Promise<T> {
  const redis = new Redis({
    ...promptOptions(url),
    enableOfflineQueue: true,
    enableReadyCheck: true,
  });
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

/**
 * Connects once and reads the settings that matter. Throws AppError `redis-unreachable`,
 * `redis-too-old` (< 6.2) or `redis-evicts` (a policy that may evict jobs), each with the remedy.
 * Warns when Redis persists nothing.
 */
export async function checkRedis(url: string): Promise<RedisFacts> {
  const redis = new Redis({
    ...redisOptions(url),
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 5000,
  });
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

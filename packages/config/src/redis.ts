import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  parseHostPorts,
  type RedisAddress,
  type RedisTls,
  withoutUndefined,
} from "@flotilla/kernel";
import type { EnvName, EnvValues } from "./schema.ts";
import { Secret } from "./secret.ts";

/** Ports without a number in the list, as Redis itself has them. */
const SENTINEL_PORT = 26_379;
const CLUSTER_PORT = 6379;

/** The settings that say where Redis is; exactly one of them may be set. */
const PLACES = ["REDIS_URL", "REDIS_SENTINELS", "REDIS_CLUSTER"] as const satisfies EnvName[];

/** The settings that say where the Redis of the fleet is, as the environment has them. */
export function hasRedis(env: EnvValues): boolean {
  return PLACES.some((name) => env[name]);
}

/**
 * Where the Redis of the fleet is; null = nothing is set: Flotilla's own. Certificates are read
 * from files, relative to `cwd`. Throws nothing: each problem goes to `problems`, a line by name.
 */
export function redisOf(
  env: EnvValues,
  cwd: string,
  problems: string[],
): Secret<RedisAddress> | null {
  problems.push(...redisProblems(env));
  const tls = tlsOf(env, cwd, problems);
  if (problems.length > 0) return null;
  const login = withoutUndefined({ username: env.REDIS_USERNAME, password: env.REDIS_PASSWORD });
  if (env.REDIS_SENTINELS)
    return new Secret<RedisAddress>({
      kind: "sentinel",
      nodes: parseHostPorts(env.REDIS_SENTINELS, SENTINEL_PORT) ?? [],
      name: env.REDIS_SENTINEL_NAME ?? "mymaster",
      login,
      ...withoutUndefined({ sentinelPassword: env.REDIS_SENTINEL_PASSWORD }),
      tls,
    });
  if (env.REDIS_CLUSTER)
    return new Secret<RedisAddress>({
      kind: "cluster",
      nodes: parseHostPorts(env.REDIS_CLUSTER, CLUSTER_PORT) ?? [],
      login,
      tls,
    });
  if (!env.REDIS_URL) return null;
  return new Secret<RedisAddress>(
    tls && Object.keys(tls).length > 0
      ? { kind: "server", url: env.REDIS_URL, tls }
      : env.REDIS_URL,
  );
}

/** One line per combination that cannot be meant. */
function redisProblems(env: EnvValues): string[] {
  const places = PLACES.filter((name) => env[name]);
  const problems: string[] = [];
  if (places.length > 1)
    problems.push(`${places.join(" and ")} cannot be set together: a fleet has one Redis`);
  for (const name of ["REDIS_SENTINEL_NAME", "REDIS_SENTINEL_PASSWORD"] as const)
    if (env[name] && !env.REDIS_SENTINELS) problems.push(`${name} needs REDIS_SENTINELS as well`);
  if (Boolean(env.REDIS_TLS_CERT) !== Boolean(env.REDIS_TLS_KEY))
    problems.push("REDIS_TLS_CERT and REDIS_TLS_KEY need each other");
  const files = TLS_FILES.filter(([name]) => env[name]).map(([name]) => name);
  if (files.length > 0 && env.REDIS_TLS === "off")
    problems.push(`${files.join(" and ")} cannot be set together with REDIS_TLS=off`);
  const plain = env.REDIS_URL !== undefined && !env.REDIS_URL.startsWith("rediss://");
  const asked = [...files, ...(env.REDIS_TLS === "on" ? ["REDIS_TLS=on"] : [])];
  if (plain && asked.length > 0)
    problems.push(`${asked.join(" and ")} means TLS: write REDIS_URL as rediss://…`);
  return problems;
}

const TLS_FILES = [
  ["REDIS_TLS_CA", "ca"],
  ["REDIS_TLS_CERT", "cert"],
  ["REDIS_TLS_KEY", "key"],
] as const satisfies (readonly [EnvName, keyof RedisTls])[];

/** Null = no TLS, or that of the URL alone. */
function tlsOf(env: EnvValues, cwd: string, problems: string[]): RedisTls | null {
  const found = TLS_FILES.flatMap(([name, part]) => {
    const pem = pemOf(name, env[name], { cwd, problems });
    return pem === null ? [] : [[part, pem] as const];
  });
  return found.length > 0 || env.REDIS_TLS === "on" ? Object.fromEntries(found) : null;
}

function pemOf(
  name: EnvName,
  file: string | undefined,
  { cwd, problems }: { readonly cwd: string; readonly problems: string[] },
): string | null {
  if (!file) return null;
  try {
    const pem = readFileSync(resolve(cwd, file), "utf8");
    if (pem.includes("-----BEGIN ")) return pem;
    problems.push(`${name} is not a PEM file (-----BEGIN …)`);
  } catch (error) {
    problems.push(`${name} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`);
  }
  return null;
}

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  badConfig,
  type EnvValues,
  findFleetKeys,
  hostIdOf,
  loadFleetKey,
  readEnv,
  redisOf,
  ruleProblems,
  Secret,
  wantsSandbox,
} from "@flotilla/config";
import {
  type Clock,
  type FoundKey,
  type HostId,
  type RedisAddress,
  systemClock,
} from "@flotilla/kernel";
import { dataDirOf } from "../sandbox-service.ts";

/** The configuration that a subcommand works on. */
export interface Place {
  /** The checkout: base of `.env` and a relative DATA_DIR, instead of the working directory. */
  readonly root: string;
  readonly clock: Clock;
  /** The user's working directory: file arguments are resolved here. */
  readonly cwd: string;
  readonly env: EnvValues;
  /** Where the Redis of the fleet is; null = the fleet's own, in the data folder. */
  readonly redis: Secret<RedisAddress> | null;
  readonly dataDir: string;
  readonly sessions: string;
  readonly hostId: HostId;
  /** True without a `.env`: the fleet runs on the sandbox. */
  readonly sandbox: boolean;
  readonly server: "telegram" | "custom";
  /** Source of the fleet key; null when there is none yet. */
  readonly fleetKeyFrom: "env" | "file" | null;
  /**
   * Reads the key; creates it when there is neither a key nor a session. Throws AppError
   * `bad-fleet-key`, `no-fleet-key`.
   */
  fleetKey(): Buffer;
  /** Every key in FLEET_KEY and in files of the data folder. Never throws. */
  foundKeys(): FoundKey[];
}

const ROOT = resolve(import.meta.dirname, "../../../..");

/**
 * Reads the configuration; `otherDir` takes the place of DATA_DIR. Throws AppError `bad-config`,
 * `env-unreadable`.
 */
export function findPlace(cwd: string, otherDir?: string): Place {
  const env = readEnv(ROOT);
  const problems = ruleProblems(env);
  const redis = redisOf(env, ROOT, problems);
  if (problems.length > 0) throw badConfig(problems);
  const dataDir = otherDir ?? dataDirOf(env, ROOT);
  const sandbox = wantsSandbox(env);
  const configured = env.FLEET_KEY ? new Secret(env.FLEET_KEY) : null;
  return {
    root: ROOT,
    clock: systemClock,
    cwd,
    env,
    redis,
    dataDir,
    sessions: join(dataDir, "sessions"),
    hostId: hostIdOf(env),
    sandbox,
    server: sandbox || env.MTPROTO_DC ? "custom" : "telegram",
    get fleetKeyFrom() {
      if (env.FLEET_KEY) return "env";
      return existsSync(join(dataDir, "fleet.key")) ? "file" : null;
    },
    fleetKey: () => loadFleetKey(configured, dataDir),
    foundKeys: () => findFleetKeys(configured, dataDir),
  };
}

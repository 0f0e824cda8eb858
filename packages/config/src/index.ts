/** Environment and `.env` → typed configuration. The only reader of `process.env`. */

export { botProxyOf } from "./bot-proxy.ts";
export { childEnv, PASSED_ON, readEnv, readProcessEnv, redisProgram, wantsSandbox } from "./env.ts";
export { findFleetKeys, type KeyFileState, keepKeyFile, loadFleetKey } from "./fleet-key.ts";
export {
  type BackupConfig,
  backupOf,
  badConfig,
  type Config,
  hostIdOf,
  type LogLevel,
  type MtprotoServer,
  NOT_FOR_WORKERS,
  type ParseOptions,
  parseConfig,
  parseLogLevel,
  ruleProblems,
  type Supervision,
} from "./parse.ts";
export { keptBy, missingPackages, programAt } from "./program.ts";
export { hasRedis, redisOf } from "./redis.ts";
export { ENV, type EnvEntry, type EnvName, type EnvValues } from "./schema.ts";
export { Secret } from "./secret.ts";

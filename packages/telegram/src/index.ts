/**
 * The only importer of `telegram` (GramJS): one account's connection, its login, and the meaning of
 * errors. No type of the library leaves this package, so that another library can replace it.
 */

export { AccountConnection } from "./account/connection.ts";
export type { ConnectionOptions } from "./account/connection-options.ts";
export type {
  ConnectionState,
  ConnectionStatus,
  StateChange,
} from "./account/connection-status.ts";
export { AccountCalls } from "./calls/account-calls.ts";
export { type CopiedMessage, CopyCalls, type CopySource } from "./calls/copies.ts";
export type { DeviceInfo } from "./calls/devices.ts";
export { FileCalls, PART_BYTES, type UploadedFile } from "./calls/files.ts";
export type { FileFacts, FileLook, RemoteFile } from "./calls/remote-file.ts";
export type { FormattedText, Target } from "./calls/target.ts";
export {
  type AccountOptions,
  type ApiCredentials,
  type DeviceIdentity,
  workerIdentity,
} from "./link/account-options.ts";
export type { FloodStatus } from "./link/budget.ts";
export { FloodGate, type FloodGateOptions } from "./link/flood-gate.ts";
export { ALLOWED_METHODS } from "./link/gate.ts";
export type { TelegramServer } from "./link/server.ts";
export {
  CONTESTED_TIMINGS,
  type ConnectionTimings,
  DEFAULT_TIMINGS,
  fatalDelays,
} from "./link/timings.ts";
export { LoginFlow } from "./login/login.ts";
export type { LoginOptions } from "./login/login-options.ts";
export type { CodeVia, LoginResult, QrToken, RefusalReason } from "./login/login-result.ts";
export type {
  CaughtUp,
  EngineCounts,
  EngineTimings,
  UpdateTrouble,
} from "./updates/engine-types.ts";
export type { QuietChat } from "./updates/listening.ts";
export { usualSilenceMs } from "./updates/usual-silence.ts";
export { classify } from "./wire/classify.ts";
export type { Log, LogLevel } from "./wire/log.ts";

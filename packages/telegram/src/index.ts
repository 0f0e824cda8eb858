/**
 * The only importer of `telegram` (GramJS). One account's connection, its login, and what an error means. Nothing of the
 * library's types leaves this package, so that another library can take its place.
 */
export { AccountCalls } from "./calls/account-calls.ts";
export type { FloodStatus } from "./calls/budget.ts";
export { type CopiedMessage, CopyCalls, type CopySource } from "./calls/copies.ts";
export { FileCalls, PART_BYTES, type UploadedFile } from "./calls/files.ts";
export { FloodGate, type FloodGateOptions } from "./calls/flood-gate.ts";
export type { FileFacts, FileLook, RemoteFile } from "./calls/remote-file.ts";
export type { FormattedText, Target } from "./calls/target.ts";
export { classify } from "./classify.ts";
export { AccountConnection } from "./connection.ts";
export type { ConnectionOptions } from "./connection-options.ts";
export {
  CONTESTED_TIMINGS,
  type ConnectionState,
  type ConnectionStatus,
  type ConnectionTimings,
  DEFAULT_TIMINGS,
  fatalDelays,
  type StateChange,
} from "./connection-status.ts";
export type { DeviceInfo } from "./devices.ts";
export { ALLOWED_METHODS } from "./gate.ts";
export { LoginFlow } from "./login.ts";
export type { LoginOptions } from "./login-options.ts";
export type { CodeVia, LoginResult, QrToken, RefusalReason } from "./login-result.ts";
export type { TelegramServer } from "./server.ts";
export { TelegramClock } from "./telegram-clock.ts";
export {
  type AccountOptions,
  type ApiCredentials,
  type DeviceIdentity,
  type Log,
  type LogLevel,
  workerIdentity,
} from "./types.ts";
export type { CaughtUp, EngineCounts, EngineTimings, UpdateTrouble } from "./updates/engine-types.ts";
export type { QuietChat } from "./updates/listening.ts";

/**
 * Contracts between processes: jobs, events, IPC, buttons, keys in Redis. Versioned; every boundary
 * parses them.
 */
export { classifySystem, classOfCode } from "./classify-own.ts";
export {
  Asker,
  BackupCopy,
  BulkAction,
  type CommandKind,
  CommandOutcome,
  commandsWith,
  Device,
  DoctorFinding,
  HostCommand,
  LoginStep,
  RecordGain,
  Sealed,
  Sent,
  UnknownChat,
  WorkerCommand,
} from "./commands.ts";
export { ErrorClass, Fault, FaultError } from "./error-class.ts";
export { CLASS_ICONS, ERROR_TABLE } from "./error-table.ts";
export {
  BulkPhase,
  ExitReport,
  FleetEvent,
  HostTrouble,
  JobRefusal,
  LossReason,
  RestartDecision,
  StorageProblem,
} from "./events.ts";
export { type BackupConcern, backupConcerns, HostBackup } from "./host-backup.ts";
export { HostCapacity, HostLabels, loadOf } from "./host-capacity.ts";
export {
  areNeighbours,
  HostProgram,
  isSameProgram,
  KeptBy,
  ProgramVersion,
  START_AGAIN_EXIT_CODE,
} from "./host-program.ts";
export { HostRow, hostsTooMany } from "./host-row.ts";
export { SupervisorToWorker, WorkerToSupervisor } from "./ipc.ts";
export { MoveBundle } from "./move-bundle.ts";
export { RecordLoss } from "./record-loss.ts";
export {
  BOT_RELAY_QUEUE,
  BOT_REQUESTS_QUEUE,
  botAwayKey,
  botBeatKey,
  botCopyKey,
  botLastKey,
  botPrefix,
  botPulseKey,
  botStandbysKey,
  closedHostsKey,
  EVENTS_QUEUE,
  fenceKey,
  fleetKeyIdKey,
  fleetPrefix,
  fleetRecordKey,
  hostClaimKey,
  hostQueue,
  hostsKey,
  KEYS_OF_0_1,
  leaseKey,
  leaseQuietKey,
  leaseRunKey,
  moveKey,
  PREFIX_OF_0_1,
  parcelKey,
  relayKey,
  relayQueue,
  standbyKey,
  standbyRecordKey,
  statusKey,
  takenOverKey,
  workerQueue,
} from "./redis-keys.ts";
export {
  Confirmation,
  CopiedFile,
  Delivery,
  DeliveryResult,
  DeliveryStep,
  DeliveryTarget,
  EditedRest,
  FollowingText,
  type Loss,
  RelayMessage,
  RoutesForReader,
  TargetGone,
} from "./relay.ts";
export { relayFile, relayFolder } from "./relay-file.ts";
export {
  BackfillStatus,
  BotAnswer,
  BotRequest,
  RelayStatus,
  RouteStatus,
  RouteStuck,
  SourceStatus,
} from "./relay-status.ts";
export {
  countingCrashes,
  DEFAULT_RESTART_RULES,
  decideRestart,
  type PastExit,
  type RestartRules,
} from "./restart-policy.ts";
export {
  ChatRef,
  GENERAL_TOPIC,
  isServiceChat,
  KnownChat,
  KnownTopic,
  MAX_TARGETS_PER_WORKER,
  Route,
  RouteAction,
  RouteFile,
  RouteId,
  RouteTarget,
  routeFileSchema,
} from "./routes.ts";
export { SCHEMAS } from "./schemas.ts";
export {
  newSealKeyPair,
  type SealKeyPair,
  seal,
  sealBytes,
  sealContext,
  unseal,
  unsealBytes,
} from "./sealed.ts";
export { SEND_RATE, type SendRate } from "./send-rate.ts";
export { clip } from "./shown.ts";
export { AlertPiece, GonePiece, MediaKind, SourceMessage, TextEntity } from "./source-message.ts";
export { StandbyOwner, TakenOver } from "./standby-record.ts";
export { OwnRules, RulesStatus } from "./worker-rules.ts";
export {
  actionsFor,
  type ReportedState,
  STATE_TABLE,
  type StateFacts,
  type StateWith,
  stateIcon,
  stateWords,
  urgency,
} from "./worker-states.ts";
export {
  AccountSummary,
  ClosedSource,
  HolderSummary,
  HostIdField,
  LinkStatus,
  NO_LINK,
  OutageReport,
  ProxyStatus,
  QuietSource,
  SourcesStatus,
  STATUS_REFRESH_MS,
  STATUS_STALE_MS,
  StorageStatus,
  UserIdField,
  WorkerIdField,
  WorkerState,
  WorkerStatus,
} from "./worker-status.ts";
export { moveLinkTimes, moveTimes } from "./worker-times.ts";

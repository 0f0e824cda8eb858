/**
 * One account's file: its key (encrypted, protected), who it is, whom it knows, where it stands in
 * the update stream.
 */

export { type ExportFormat, exportSession, type OwnServer } from "./exchange/export-session.ts";
export { exportTelethonFile } from "./exchange/export-telethon.ts";
export {
  type ImportedSession,
  type ImportOptions,
  importSession,
  inspectImport,
  readForAdoption,
} from "./exchange/import-session.ts";
export type { ImportSource } from "./exchange/read.ts";
export { SessionFile } from "./file/file.ts";
export { linkOrCopy } from "./file/files.ts";
export {
  assertUnique,
  isTwin,
  type Neighbour,
  neighbourOf,
  type SessionIdentity,
  sessionNames,
  sessionPath,
} from "./file/identity.ts";
export { SESSION_SCHEMA } from "./file/schema.ts";
export { fittingFleetKey, wantedFleetKeys } from "./keys/fitting-key.ts";
export type { DcAddress } from "./keys/key-slots.ts";
export { assertOwnerDir, type OwnerFolders, ownerFolders } from "./keys/owner/folders.ts";
export { assertKeyFree, type OwnerPlace } from "./keys/owner/key-owner.ts";
export type { ImportErrorCode } from "./keys/refusals.ts";
export { keyFingerprint } from "./keys/seal.ts";
export type { ImportServer } from "./session/adopt.ts";
export { openIdle, openSession, openSessionWhenFree } from "./session/open.ts";
export type { ParsedSession } from "./session/parsed.ts";
export { openStandbyRecord } from "./session/standby-record.ts";
export type { SessionStore } from "./session/store.ts";
export type { VaultErrorCode } from "./session/vault-errors.ts";
export type { ChatPins } from "./tables/chat-pins.ts";
export type { EntityRow, EntityTable } from "./tables/entities.ts";
export type { FloodTable, FloodWait, SendStop } from "./tables/flood-table.ts";
export type {
  CommitResult,
  InboxEvent,
  InboxKind,
  InboxRow,
  MediaReference,
  MessageContent,
  OutageRow,
  SourceRow,
  TextEntity,
  UpdateBatch,
} from "./tables/inbox-types.ts";
export type { LinkedChannel, LinkedChat } from "./tables/linked-chats.ts";
export type {
  DeliveredId,
  MapTarget,
  NewOutboxRow,
  OutboxKind,
  OutboxRow,
  SentIds,
  TargetPlace,
} from "./tables/outbox-types.ts";
export type { DeliveryMap } from "./tables/relay/delivery-map.ts";
export type { Outbox } from "./tables/relay/outbox.ts";
export type { SentMemory } from "./tables/relay/sent-memory.ts";
export type { RelayTables } from "./tables/relay/tables.ts";
export type { RouteStop, RouteStops } from "./tables/route-stops.ts";
export { TelegramClock } from "./tables/telegram-clock.ts";
export type {
  ChannelState,
  SelfUser,
  SessionFormat,
  SessionOptions,
  SessionOrigin,
  UpdateState,
} from "./tables/types.ts";
export type { UpdateTable } from "./tables/updates.ts";
export { assertNotLost } from "./vault/lost.ts";
export { type RekeyedFile, type RekeyOptions, rekey } from "./vault/rekey.ts";
export { packSession, type TravelFile, unpackSession } from "./vault/travel.ts";
export { type Help, Vault, type VaultOptions } from "./vault/vault.ts";
export { look as lookIntoSession, type VaultEntry, type VaultReason } from "./vault/vault-files.ts";

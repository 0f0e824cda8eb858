/** One account's file: its key (encrypted, protected), who it is, whom it knows, where it stands in the update stream. */

export type { ChatPins } from "./chat-pins.ts";
export type { EntityRow, EntityTable } from "./entities.ts";
export { type ExportFormat, exportSession, type OwnServer } from "./export-session.ts";
export { exportTelethonFile } from "./export-telethon.ts";
export { SessionFile } from "./file.ts";
export { linkOrCopy } from "./files.ts";
export { fittingFleetKey, wantedFleetKeys } from "./fitting-key.ts";
export type { FloodTable, FloodWait, SendStop } from "./flood-table.ts";
export {
  assertUnique,
  type Neighbour,
  neighbourOf,
  type SessionIdentity,
  sessionNames,
  sessionPath,
} from "./identity.ts";
export type { ImportServer } from "./import/adopt.ts";
export {
  type ImportedSession,
  type ImportOptions,
  importSession,
  inspectImport,
  readForAdoption,
} from "./import/import-session.ts";
export type { ParsedSession } from "./import/parsed.ts";
export type { ImportSource } from "./import/read.ts";
export type { ImportErrorCode } from "./import/refusals.ts";
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
} from "./inbox-types.ts";
export type { DcAddress } from "./key-slots.ts";
export type { LinkedChannel, LinkedChat } from "./linked-chats.ts";
export { assertNotLost } from "./lost.ts";
export { openIdle, openSession, openSessionWhenFree } from "./open.ts";
export type { DeliveredId, MapTarget, NewOutboxRow, OutboxKind, OutboxRow, SentIds, TargetPlace } from "./outbox-types.ts";
export { assertOwnerDir, type OwnerFolders, ownerFolders } from "./owner/folders.ts";
export { assertKeyFree, type OwnerPlace } from "./owner/key-owner.ts";
export { type RekeyedFile, type RekeyOptions, rekey } from "./rekey.ts";
export type { DeliveryMap } from "./relay/delivery-map.ts";
export type { Outbox } from "./relay/outbox.ts";
export type { SentMemory } from "./relay/sent-memory.ts";
export type { RelayTables } from "./relay/tables.ts";
export type { RouteStop, RouteStops } from "./route-stops.ts";
export { keyFingerprint } from "./seal.ts";
export type { SessionStore } from "./store.ts";
export type { TelegramClock } from "./telegram-clock.ts";
export type { ChannelState, SelfUser, SessionFormat, SessionOptions, SessionOrigin, UpdateState } from "./types.ts";
export type { UpdateTable } from "./updates.ts";
export { type Help, Vault, type VaultOptions } from "./vault.ts";
export type { VaultErrorCode } from "./vault-errors.ts";
export { look as lookIntoSession, type VaultEntry, type VaultReason } from "./vault-files.ts";

/** One account's file: its key (encrypted, protected), who it is, whom it knows, where it stands in the update stream. */
export type { EntityRow, EntityTable } from "./entities.ts";
export type { DcAddress } from "./key-slots.ts";
export { keyFingerprint } from "./seal.ts";
export { openSession, type SessionOptions, SessionStore } from "./store.ts";
export type { SelfUser, UpdateState } from "./types.ts";

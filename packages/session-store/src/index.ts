/** One account's file: its key (encrypted, protected), who it is, whom it knows, where it stands in the update stream. */
export type { EntityRow, EntityTable } from "./entities.ts";
export {
  assertUnique,
  type Neighbour,
  neighbourOf,
  type SessionIdentity,
  sessionNames,
  sessionPath,
} from "./identity.ts";
export type { DcAddress } from "./key-slots.ts";
export { openSession } from "./open.ts";
export { keyFingerprint } from "./seal.ts";
export type { SessionStore } from "./store.ts";
export type { ChannelState, SelfUser, SessionFormat, SessionOptions, SessionOrigin, UpdateState } from "./types.ts";

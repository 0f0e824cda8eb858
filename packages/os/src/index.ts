/**
 * Processes of this machine: their identity, state and end. The only reader of /proc/<pid>/stat.
 */
export { boundToParent, unboundWarning } from "./bound-process.ts";
export { controlGroup, oomKills } from "./control-group.ts";
export { endChild, endProcess, killProcess } from "./end-process.ts";
export {
  bootId,
  isSameIdentity,
  type ProcessIdentity,
  processIdentity,
  sameProcess,
  startedAt,
} from "./identity.ts";
export { lockIdentity } from "./lock-identity.ts";
export { isInContainer, pidNamespace } from "./namespace.ts";
export { type ProcessStat, type ProcessState, parseStat, processStat } from "./stat.ts";
export { type SystemUser, systemUser } from "./user.ts";

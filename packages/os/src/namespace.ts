import { readlinkSync } from "node:fs";

/** The pid namespace of the machine itself has this fixed inode (include/linux/proc_ns.h). */
const OF_THE_MACHINE = "pid:[4026531836]";

/**
 * The pid namespace of this process, such as `pid:[4026531836]`; null where the system does not
 * report it.
 */
export function pidNamespace(): string | null {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return null;
  }
}

/**
 * Whether this process sees only part of the machine's processes. False where the system does not
 * report it.
 */
export function isInContainer(): boolean {
  const namespace = pidNamespace();
  return namespace !== null && namespace !== OF_THE_MACHINE;
}

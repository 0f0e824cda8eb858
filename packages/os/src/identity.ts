import { readFileSync } from "node:fs";
import { processStat, TICK_MS } from "./stat.ts";

/** Identity of one run of one process: the system reuses a bare pid, also after a reboot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot, as in {@link ProcessStat}. */
  readonly startTicks: string;
  /** `/proc/sys/kernel/random/boot_id` */
  readonly bootId: string;
}

/**
 * The identity of a living process; null when the process does not exist or is not visible, and on
 * systems other than Linux.
 */
export function processIdentity(pid: number): ProcessIdentity | null {
  const stat = processStat(pid);
  const boot = stat && bootId();
  return boot ? { pid, startTicks: stat.startTicks, bootId: boot } : null;
}

/** Whether two identities name the same run of the same process. */
export function isSameIdentity(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && a.startTicks === b.startTicks && a.bootId === b.bootId;
}

/**
 * Whether the process of that identity still exists (a zombie does). Check it right before any
 * signal.
 */
export function sameProcess(identity: ProcessIdentity): boolean {
  const now = processIdentity(identity.pid);
  return now !== null && isSameIdentity(now, identity);
}

/** Id of this boot of the machine; null where the system does not report it. */
export function bootId(): string | null {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return null;
  }
}

/**
 * Milliseconds since the Unix epoch at which a process with these start ticks began; exact to about
 * one second. Linux only.
 */
export function startedAt(startTicks: string): number {
  const bootSeconds = /^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1];
  return Number(bootSeconds) * 1000 + Number(startTicks) * TICK_MS;
}

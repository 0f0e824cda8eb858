import { readFileSync } from "node:fs";

/** State of a process. A hung process is "running": only a missing heartbeat reveals it. */
export type ProcessState = "running" | "stopped" | "zombie" | "unknown";

/** State of a process as the kernel reports it (proc(5)). */
export interface ProcessStat {
  readonly state: ProcessState;
  /** Start time in clock ticks since boot (field 22). */
  readonly startTicks: string;
  /** Processor time used, user and system, in milliseconds (fields 14 and 15); exact to 10. */
  readonly cpuMs: number;
}

/** USER_HZ: 100 on every architecture that Node 24 runs on (proc(5), sysconf(3)). */
export const TICK_MS = 10;

const STATES: Readonly<Record<string, ProcessState>> = {
  R: "running",
  S: "running",
  D: "running",
  I: "running",
  T: "stopped",
  t: "stopped",
  Z: "zombie",
  X: "zombie",
};

/**
 * Reads `/proc/<pid>/stat`; null when the process is gone or hidden, or the system has no /proc.
 */
export function processStat(pid: number): ProcessStat | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return null;
  }
}

/** Parses a line of `/proc/<pid>/stat`; null when the line has another form. */
export function parseStat(line: string): ProcessStat | null {
  // The name in brackets may contain spaces and brackets: the fields begin after the last bracket.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const [letter, startTicks] = [fields[0], fields[19]];
  if (letter === undefined || startTicks === undefined) return null;
  const cpuTicks = Number(fields[11]) + Number(fields[12]);
  return { state: STATES[letter] ?? "unknown", startTicks, cpuMs: cpuTicks * TICK_MS };
}

import { readFileSync } from "node:fs";

/** What a process is doing. A hung one is "running": only its own heartbeat can tell. */
export type ProcessState = "running" | "stopped" | "zombie" | "unknown";

/** What the kernel says of a process (proc(5)). */
export interface ProcessStat {
  readonly state: ProcessState;
  /** Start time in clock ticks since boot (field 22). */
  readonly startTicks: string;
  /** Processor time so far, user and system, in milliseconds (fields 14 and 15); exact to 10. */
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

/** Reads `/proc/<pid>/stat`; null for a process that is gone or hidden, or where there is no such file system. */
export function processStat(pid: number): ProcessStat | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return null;
  }
}

/** Parses a line of `/proc/<pid>/stat`; null when it is none. */
export function parseStat(line: string): ProcessStat | null {
  // The name in brackets may contain spaces and brackets: the fields begin after the last bracket.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const [letter, startTicks] = [fields[0], fields[19]];
  if (letter === undefined || startTicks === undefined) return null;
  const cpuTicks = Number(fields[11]) + Number(fields[12]);
  return { state: STATES[letter] ?? "unknown", startTicks, cpuMs: cpuTicks * TICK_MS };
}

import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";

/** One life of one process: a pid alone is used again, also after a reboot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot, as the kernel tells it (field 22 of `/proc/<pid>/stat`). */
  readonly startTicks: string;
  /** `/proc/sys/kernel/random/boot_id` */
  readonly bootId: string;
}

/** What a process is doing. A hung one is "running": only its own heartbeat can tell. */
export type ProcessState = "running" | "stopped" | "zombie" | "unknown";

/** USER_HZ: 100 on every architecture that Node 24 runs on (proc(5), sysconf(3)). */
const TICK_MS = 10;
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

/** Fields 3 and 22 of `/proc/<pid>/stat`; undefined for a process that is gone or hidden. */
export async function processStat(pid: number): Promise<{ state: ProcessState; startTicks: string } | undefined> {
  return parseStat(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""));
}

/** The identity of a living process, or undefined when there is none, it is not visible, or this is not Linux. */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
    return stat && { pid, startTicks: stat.startTicks, bootId: bootId() };
  } catch {
    return undefined;
  }
}

/** Whether the process of that identity still exists (a zombie does). Check it immediately before any signal. */
export function sameProcess(identity: ProcessIdentity): boolean {
  const now = processIdentity(identity.pid);
  return now !== undefined && now.startTicks === identity.startTicks && now.bootId === identity.bootId;
}

/** Changes with every boot of the machine. */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** Milliseconds since the Unix epoch at which a process with these start ticks began; exact to about a second. */
export async function startedAt(startTicks: string): Promise<number> {
  const bootSeconds = /^btime (\d+)$/m.exec(await readFile("/proc/stat", "utf8"))?.[1];
  return Number(bootSeconds) * 1000 + Number(startTicks) * TICK_MS;
}

function parseStat(text: string): { state: ProcessState; startTicks: string } | undefined {
  // The name in brackets may contain spaces and brackets: the fields begin after the last one.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [letter, startTicks] = [fields[0], fields[19]];
  if (letter === undefined || startTicks === undefined) return undefined;
  return { state: STATES[letter] ?? "unknown", startTicks };
}

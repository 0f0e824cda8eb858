import { readFileSync } from "node:fs";

/** USER_HZ: 100 on every architecture that Node 24 runs on (proc(5), sysconf(3)). */
const TICK_MS = 10;

/** How a process stands with the kernel. */
export interface ProcessUse {
  /** SIGSTOP, or a debugger. */
  readonly stopped: boolean;
  /** Processor time so far, user and system, in milliseconds; exact to 10. */
  readonly cpuMs: number;
}

/** Reads `/proc/<pid>/stat`; null for a process that is gone, or where there is no such file system. */
export function processUse(pid: number): ProcessUse | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may contain anything: the fields begin after the last one (proc(5), fields 3, 14 and 15).
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [state, user, system] = [fields[0], Number(fields[11]), Number(fields[12])];
    return { stopped: state === "T" || state === "t", cpuMs: (user + system) * TICK_MS };
  } catch {
    return null;
  }
}

/** How often the kernel killed somebody in our control group for want of memory; 0 where it does not tell (cgroup v2). */
export function oomKills(): number {
  try {
    const group = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1] ?? "/";
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(`/sys/fs/cgroup${group}/memory.events`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

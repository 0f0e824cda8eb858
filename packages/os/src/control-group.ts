import { readFileSync } from "node:fs";

/**
 * Path of this process's control group (cgroup v2), such as `/system.slice/x.service`; null where
 * there is none.
 */
export function controlGroup(): string | null {
  try {
    return /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1] ?? null;
  } catch {
    return null;
  }
}

/**
 * Number of processes of this control group that the kernel killed for lack of memory; 0 where the
 * system does not report it.
 */
export function oomKills(): number {
  try {
    const events = readFileSync(`/sys/fs/cgroup${controlGroup() ?? "/"}/memory.events`, "utf8");
    return Number(/^oom_kill (\d+)$/m.exec(events)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

/**
 * Whether a process uses this data folder, read from /proc. `session`: it has the worker's session
 * file of this folder open (compared by device and inode). `folder`: it has no session file open
 * and its DATA_DIR is this folder. `no`: neither is proven.
 */
export function usesFolder(
  pid: number,
  dataDir: string,
  worker: string,
): "session" | "folder" | "no" {
  const wanted = fileId(join(dataDir, "sessions", `${worker}.session`));
  const open = sessionsOf(pid);
  if (wanted !== null && open.includes(wanted)) return "session";
  if (open.length > 0) return "no";
  const folder = dataDirOf(pid);
  if (folder !== null && fileId(folder) === fileId(dataDir)) return "folder";
  return "no";
}

function sessionsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  const read = <T>(work: () => T, otherwise: T): T => {
    try {
      return work();
    } catch {
      return otherwise; // closed, or hidden from this user
    }
  };
  const isSession = (link: string): boolean =>
    /\.session( \(deleted\))?$/.test(read(() => readlinkSync(link), ""));
  const links = read(() => readdirSync(folder), []).map((fd) => `${folder}/${fd}`);
  return links.filter(isSession).map((link) => fileId(link) ?? "unknown");
}

function dataDirOf(pid: number): string | null {
  try {
    const own = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    const dir = own.find((entry) => entry.startsWith("DATA_DIR="))?.slice("DATA_DIR=".length);
    return dir ? resolve(readlinkSync(`/proc/${pid}/cwd`), dir) : null;
  } catch {
    return null;
  }
}

function fileId(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

import { killProcess, sameProcess } from "@flotilla/os";
import type { Child, HostDb } from "../record/host-db.ts";
import { usesFolder } from "./uses-folder.ts";

/**
 * Ends workers that an earlier supervisor of this data folder left behind (S4-02): SIGKILL to those whose pid, start time and boot are the ones
 * that were written down when they were started, whose supervisor is gone, and who use this very folder; to no other process (invariant 7). The record may
 * be a copy: then its processes are the living workers of another folder. Returns the workers that were ended.
 */
export async function endStaleProcesses(db: HostDb, dataDir: string): Promise<string[]> {
  const ended: string[] = [];
  for (const child of db.children()) {
    if (isStale(child, dataDir) && (await killProcess(child))) ended.push(child.worker);
    db.removeChild(child.pid);
  }
  return ended;
}

function isStale(child: Child, dataDir: string): boolean {
  if (!sameProcess(child)) return false;
  if (child.supervisor !== null && sameProcess(child.supervisor)) return false;
  const use = usesFolder(child.pid, dataDir, child.worker);
  // What an older version wrote down does not say who started it: only the file itself proves that it is ours.
  return use === "session" || (use === "folder" && child.supervisor !== null);
}

import { killProcess, sameProcess } from "@flotilla/os";
import type { Child, HostDb } from "../record/host-db.ts";
import { usesFolder } from "./uses-folder.ts";

/**
 * Ends workers that an earlier supervisor of this data folder left running (S4-02). SIGKILL only to
 * a process whose pid, start time and boot match the record, whose supervisor is gone and which
 * uses this folder (invariant 7): in a copied record the processes are live workers of another
 * folder. Returns the workers that it ended.
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
  // Records of version 0.1 do not name the supervisor: only the open session file proves it is
  // ours.
  return use === "session" || (use === "folder" && child.supervisor !== null);
}

import { sleep } from "@flotilla/kernel";
import { type ProcessIdentity, sameProcess } from "@flotilla/sqlite";
import type { Child, HostDb } from "./host-db.ts";
import { usesFolder } from "./uses-folder.ts";

/** A killed process that waits for its disk may need a moment. */
const GONE_MS = 5000;
const LOOK_EVERY_MS = 20;

/**
 * Ends workers that an earlier supervisor of this data folder left behind (S4-02): SIGKILL to those whose pid, start time and boot are the ones
 * that were written down when they were started, whose supervisor is gone, and who use this very folder; to no other process (invariant 7). The record may
 * be a copy: then its processes are the living workers of another folder. Returns the workers that were ended.
 */
export async function endStaleProcesses(db: HostDb, dataDir: string): Promise<string[]> {
  const ended: string[] = [];
  for (const child of db.children()) {
    if (isStale(child, dataDir) && (await end(child))) ended.push(child.worker);
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

async function end(identity: ProcessIdentity): Promise<boolean> {
  if (!sameProcess(identity)) return false;
  try {
    process.kill(identity.pid, "SIGKILL");
  } catch {
    return false; // it ended between the two lines, or it belongs to another user: then it keeps what it has, and the locks say so
  }
  for (let waitedMs = 0; waitedMs < GONE_MS && sameProcess(identity); waitedMs += LOOK_EVERY_MS) await sleep(LOOK_EVERY_MS);
  return true;
}

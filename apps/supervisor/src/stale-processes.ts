import { sleep } from "@flotilla/kernel";
import { type ProcessIdentity, sameProcess } from "@flotilla/sqlite";
import type { HostDb } from "./host-db.ts";

/** A killed process that waits for its disk may need a moment. */
const GONE_MS = 5000;
const LOOK_EVERY_MS = 20;

/**
 * Ends workers that an earlier supervisor left behind (S4-02): SIGKILL to those whose pid, start time and boot are the ones
 * that were written down when they were started, and to nobody else (invariant 7). Returns the workers that were found.
 */
export async function endStaleProcesses(db: HostDb): Promise<string[]> {
  const found: string[] = [];
  for (const child of db.children()) {
    if (await endIfOurs(child)) found.push(child.worker);
    db.removeChild(child.pid);
  }
  return found;
}

async function endIfOurs(identity: ProcessIdentity): Promise<boolean> {
  if (!sameProcess(identity)) return false;
  try {
    process.kill(identity.pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
  for (let waitedMs = 0; waitedMs < GONE_MS && sameProcess(identity); waitedMs += LOOK_EVERY_MS) await sleep(LOOK_EVERY_MS);
  return true;
}

import { sleep } from "@flotilla/kernel";
import { type ProcessIdentity, sameProcess } from "@flotilla/sqlite";

const LOOK_MS = 20;

/**
 * Ends a process of ours that is no child of this supervisor (any more): SIGTERM, SIGKILL after `graceMs`. Pid, start time and boot are compared
 * immediately before each signal, so a pid that was given to another program is never hit. Resolves with false when it outlived even that.
 */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<boolean> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (!signalled(identity, signal)) return true;
    // A stopped process hears SIGTERM only when it goes on.
    if (signal === "SIGTERM") signalled(identity, "SIGCONT");
    for (const until = performance.now() + graceMs; performance.now() < until; ) {
      if (!sameProcess(identity)) return true;
      await sleep(LOOK_MS);
    }
  }
  return !sameProcess(identity);
}

function signalled(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!sameProcess(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false; // it ended between the two lines
  }
}

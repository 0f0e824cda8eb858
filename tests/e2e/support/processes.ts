import { readFileSync } from "node:fs";
import { childrenOf, isAlive, waitFor } from "@flotilla/testkit";

/** Pids of a process and its descendants. */
export function processesOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap((child) => processesOf(child.pid))];
}

/** Waits until all these processes ended; the error names those that are left. */
export async function allGone(pids: readonly number[], timeoutMs: number): Promise<void> {
  await waitFor(
    () => {
      const left = pids
        .filter(isAlive)
        .map((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "));
      if (left.length > 0) throw new Error(`still there: ${left.join("; ")}`);
      return true;
    },
    { timeoutMs, what: "all processes to end" },
  );
}

import { readFileSync } from "node:fs";
import { childrenOf, isAlive, waitFor } from "@flotilla/testkit";

/** A process and everything below it. */
export function processesOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap((child) => processesOf(child.pid))];
}

/** Waits until none of these processes is left; the error names those that are. */
export async function allGone(pids: readonly number[], timeoutMs: number): Promise<void> {
  await waitFor(
    () => {
      const left = pids.filter(isAlive).map((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "));
      if (left.length > 0) throw new Error(`still there: ${left.join("; ")}`);
      return true;
    },
    { timeoutMs, what: "all processes to end" },
  );
}

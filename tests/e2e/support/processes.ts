import { childrenOf } from "@flotilla/testkit";

/** A process and everything below it. */
export function processesOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap((child) => processesOf(child.pid))];
}

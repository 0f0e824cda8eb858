import { randomUUID } from "node:crypto";
import { uptime } from "node:os";
import { processIdentity } from "@flotilla/os";

/**
 * Time since the machine started, its sleep included: it neither jumps nor starts again with the
 * process.
 */
export interface UpTime {
  /** Of one start of the machine; another one counts from zero. */
  readonly boot: string;
  /** Milliseconds. */
  readonly ms: () => number;
}

/**
 * This machine's. Where starts of the machine cannot be told apart, each process has a count of its
 * own.
 */
export function machineUpTime(): UpTime {
  return {
    boot: processIdentity(process.pid)?.bootId ?? `process ${randomUUID()}`,
    ms: () => uptime() * 1000,
  };
}

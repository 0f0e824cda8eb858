import type { ChildProcess } from "node:child_process";
import { Deadline, sleep } from "@flotilla/kernel";
import { type ProcessIdentity, sameProcess } from "./identity.ts";

const LOOK_MS = 20;
/** Milliseconds that a killed process may need to end while it waits for its disk. */
const KILLED_MS = 5000;

/**
 * Ends a process that is not a child of this one: SIGTERM, then SIGKILL after `graceMs`. Compares
 * pid, start time and boot right before each signal, so that it never signals another program that
 * reuses the pid. Resolves with false when the process still exists.
 */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<boolean> {
  if (!signalled(identity, "SIGTERM")) return !sameProcess(identity);
  // A stopped process handles SIGTERM only after SIGCONT.
  signalled(identity, "SIGCONT");
  if (await isGone(identity, graceMs)) return true;
  return await killProcess(identity);
}

/**
 * Ends a process with SIGKILL, with the same checks. Resolves with false when the process still
 * exists, for example because it belongs to another user.
 */
export async function killProcess(identity: ProcessIdentity): Promise<boolean> {
  if (signalled(identity, "SIGKILL")) return await isGone(identity, KILLED_MS);
  return !sameProcess(identity);
}

/**
 * Ends a child: SIGTERM, then SIGKILL after `graceMs` milliseconds. Returns at once. Ignores a
 * child that has ended.
 */
export function endChild(child: ChildProcess, graceMs: number): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const force = setTimeout(() => child.kill("SIGKILL"), graceMs);
  force.unref();
  child.once("exit", () => clearTimeout(force));
}

async function isGone(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  for (const end = new Deadline(withinMs); !end.isOver; await sleep(LOOK_MS))
    if (!sameProcess(identity)) return true;
  return !sameProcess(identity);
}

function signalled(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!sameProcess(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false; // The process ended after the check, or belongs to another user.
  }
}

import type { ChildProcess } from "node:child_process";
import { sleep } from "@flotilla/kernel";
import { type ProcessIdentity, sameProcess } from "./identity.ts";

const LOOK_MS = 20;
/** A killed process that waits for its disk may need this long to be gone. */
const KILLED_MS = 5000;

/**
 * Ends a process that is not a child of this one: SIGTERM, SIGKILL after `graceMs`. Compares pid, start time and boot immediately
 * before each signal, so a pid that now belongs to another program is never hit. Resolves with false when the process is still there.
 */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<boolean> {
  if (!signalled(identity, "SIGTERM")) return !sameProcess(identity);
  // A stopped process hears SIGTERM only when it continues.
  signalled(identity, "SIGCONT");
  if (await isGone(identity, graceMs)) return true;
  return await killProcess(identity);
}

/** The same with SIGKILL alone. Resolves with false when the process is still there, for example because it belongs to another user. */
export async function killProcess(identity: ProcessIdentity): Promise<boolean> {
  return signalled(identity, "SIGKILL") ? await isGone(identity, KILLED_MS) : !sameProcess(identity);
}

/** Ends a child: SIGTERM, SIGKILL after `graceMs`. Does not wait. Does nothing to a child that has ended. */
export function endChild(child: ChildProcess, graceMs: number): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const force = setTimeout(() => child.kill("SIGKILL"), graceMs);
  force.unref();
  child.once("exit", () => clearTimeout(force));
}

async function isGone(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  for (const until = performance.now() + withinMs; performance.now() < until; await sleep(LOOK_MS))
    if (!sameProcess(identity)) return true;
  return !sameProcess(identity);
}

function signalled(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!sameProcess(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false; // it ended between the two lines, or it belongs to another user
  }
}

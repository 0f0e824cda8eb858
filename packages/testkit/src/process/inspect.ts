import { readFileSync } from "node:fs";
import { processStat } from "@flotilla/os";
import { waitFor } from "../wait.ts";

/** Whether a process with this pid exists and is no zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return processStat(pid)?.state !== "zombie";
}

/** Live child processes of `pid`, with their command lines. Empty outside Linux. */
export function childrenOf(pid: number): { pid: number; command: string }[] {
  const text = read(`/proc/${pid}/task/${pid}/children`);
  const pids = (text ?? "").split(" ").filter(Boolean).map(Number);
  return pids.filter(isAlive).map((child) => ({ pid: child, command: commandOf(child) }));
}

/**
 * The live child of `pid` with `part` in its command line. Waits for it, because the kernel may
 * skip a child in its list while another one ends.
 */
export async function childWith(pid: number, part: string): Promise<number> {
  return await waitFor(() => childrenOf(pid).find(({ command }) => command.includes(part))?.pid, {
    what: `a child ${part}`,
  });
}

function commandOf(pid: number): string {
  return (read(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

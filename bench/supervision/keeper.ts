import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** Somebody who keeps one process running. */
export interface Keeper extends AsyncDisposable {
  readonly name: string;
  /** Pid of the program that keeps it. */
  readonly keeper: number;
  /** Pid of the process that is kept, or null while there is none. */
  kept(): number | null;
  /** Starts everything anew after the keeper was killed. */
  again(): Promise<void>;
}

const PATIENCE_MS = 30_000;

/** Looks every millisecond until there is something; throws when it does not come. */
export async function soon<T>(look: () => T | null | false, what: string): Promise<T> {
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until) {
    const found = look();
    if (found !== null && found !== false) return found;
    await pause(1);
  }
  throw new Error(`waited ${PATIENCE_MS / 1000} s for ${what}`);
}

/** Lets `ms` milliseconds pass. */
export async function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  await promise;
}

/** The living child of a process whose command line contains `word`; not yet while it is still on its way to its own program. */
export function child(pid: number, word: string): number | null {
  const pids = read(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  const isIt = (command: string): boolean => command.includes(word) && !command.includes("--pdeathsig");
  return pids.find((each) => alive(each) && isIt(read(`/proc/${each}/cmdline`))) ?? null;
}

/** There, and no zombie. */
export function alive(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  const state = stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
  return state !== "" && state !== "Z" && state !== "X";
}

/** Signals a process that may be gone. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already.
  }
}

/** Runs a program to its end. Throws with what it printed when it does not end well. */
export async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const program = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], timeout: PATIENCE_MS * 2 });
  let output = "";
  for (const stream of [program.stdout, program.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  program.once("error", reject);
  program.once("close", (code) =>
    code === 0 ? resolve(output) : reject(new Error(`${command} ended with ${code}: ${output}`)),
  );
  return await promise;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

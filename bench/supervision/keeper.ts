import { spawn } from "node:child_process";
import { childrenOf } from "@flotilla/testkit";

/** A supervisor that keeps one process running. */
export interface Keeper extends AsyncDisposable {
  readonly name: string;
  /** Pid of the supervisor. */
  readonly keeper: number;
  /** Pid of the kept process, or null while there is none. */
  kept(): number | null;
  /** Starts the supervisor and its process again after a kill. */
  again(): Promise<void>;
}

const PATIENCE_MS = 30_000;

/** Checks every millisecond until a value is there; throws after the timeout. */
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

/** The live child of a process with `word` in its command line; null before its exec. */
export function child(pid: number, word: string): number | null {
  const isIt = (command: string): boolean =>
    command.includes(word) && !command.includes("--pdeathsig");
  return childrenOf(pid).find(({ command }) => isIt(command))?.pid ?? null;
}

/** Signals a process that may be gone. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // The process is gone.
  }
}

/** Runs a program to its end; throws with its output when it fails. */
export async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const program = spawn(command, args, {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: PATIENCE_MS * 2,
  });
  let output = "";
  for (const stream of [program.stdout, program.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  program.once("error", reject);
  program.once("close", (code) =>
    code === 0 ? resolve(output) : reject(new Error(`${command} ended with ${code}: ${output}`)),
  );
  return await promise;
}

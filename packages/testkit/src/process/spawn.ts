import { type ChildProcess, spawn } from "node:child_process";
import { boundToParent } from "@flotilla/os";
import { onTestFinished } from "vitest";
import { waitFor } from "../wait.ts";

/** Environment, input and channels of a spawned process. */
export interface SpawnOptions {
  /** Added to PATH, HOME, TMPDIR, LANG and the compile cache; the child inherits nothing else. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Written to stdin before it is closed. Default: empty. */
  readonly input?: string | Buffer;
  /** Opens an IPC channel; read it through `process.child`. */
  readonly ipc?: boolean;
}

/** A real child process in its own process group; its output is kept. */
export interface SpawnedProcess extends AsyncDisposable {
  readonly pid: number;
  readonly child: ChildProcess;
  /** The output so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves with the observed code and signal when the process is gone and its output is read. */
  readonly exited: Promise<{
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
  }>;
  /** Resolves when the output contains `pattern`; rejects with the output when the process ends. */
  waitForOutput(pattern: string | RegExp, timeoutMs?: number): Promise<void>;
  /** Signals the process itself, not its group. */
  kill(signal: NodeJS.Signals): void;
}

const INHERITED = ["PATH", "HOME", "TMPDIR", "LANG", "NODE_COMPILE_CACHE"];

/**
 * Starts `file` with the Node that runs the tests. See {@link spawnProcess}.
 */
export function spawnNode(
  file: string,
  args: readonly string[] = [],
  options: SpawnOptions = {},
): SpawnedProcess {
  return spawnProcess(process.execPath, [file, ...args], options);
}

/**
 * Starts a real process. Its process group is killed when the running test ends; outside a test the
 * caller disposes it. On Linux it also dies with the test process.
 */
export function spawnProcess(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): SpawnedProcess {
  const inherited = Object.fromEntries(
    INHERITED.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  );
  const bound = boundToParent(command, args, "KILL");
  const child = spawn(bound.command, bound.args, {
    detached: true,
    stdio: ["pipe", "pipe", "pipe", ...(options.ipc ? (["ipc"] as const) : [])],
    env: { ...inherited, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const spawned = captured(child, [command, ...args].join(" "));
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.input ?? "");
  registerCleanup(spawned);
  return spawned;
}

function captured(child: ChildProcess, name: string): SpawnedProcess {
  const output = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  const {
    promise: exited,
    resolve,
    reject,
  } = Promise.withResolvers<Awaited<SpawnedProcess["exited"]>>();
  child.once("error", reject);
  child.once("close", (code, signal) => resolve({ code, signal }));
  exited.catch(() => {});
  let ended = false;
  child.once("close", () => {
    ended = true;
  });
  const hasEnded = (): boolean => ended;
  return {
    pid: child.pid ?? -1,
    child,
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    exited,
    kill: (signal) => void child.kill(signal),
    waitForOutput: (pattern, timeoutMs = 45_000) =>
      waitForOutput(name, output, hasEnded, pattern, timeoutMs),
    [Symbol.asyncDispose]: () => killGroup(child, exited),
  };
}

async function waitForOutput(
  name: string,
  output: { stdout: string; stderr: string },
  hasEnded: () => boolean,
  pattern: string | RegExp,
  timeoutMs: number,
): Promise<void> {
  const all = (): string => `${output.stdout}\n${output.stderr}`;
  const found = (): boolean =>
    typeof pattern === "string" ? all().includes(pattern) : pattern.test(all());
  const what = `${String(pattern)} in the output of ${name}`;
  await waitFor(() => found() || hasEnded(), { timeoutMs, what }).catch((cause: unknown) => {
    throw new Error(`waited ${timeoutMs} ms for ${what}; it printed:\n${all()}`, { cause });
  });
  if (!found()) throw new Error(`the process ended before ${what}; it printed:\n${all()}`);
}

async function killGroup(child: ChildProcess, exited: SpawnedProcess["exited"]): Promise<void> {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group is empty.
  }
  await exited.catch(() => {});
}

function registerCleanup(spawned: SpawnedProcess): void {
  try {
    onTestFinished(() => spawned[Symbol.asyncDispose]());
  } catch {
    // Outside a test the caller owns the process; the leak check watches it.
  }
}

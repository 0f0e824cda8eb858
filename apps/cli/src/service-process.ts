import { type ChildProcess, fork } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { START_AGAIN_EXIT_CODE } from "@flotilla/contracts";
import { AppError, makeFolder } from "@flotilla/kernel";
import { boundToParent, endChild } from "@flotilla/os";

/** Bot, supervisor or sandbox as a child process. */
export interface ServiceProcess {
  readonly name: string;
  readonly pid: number;
  /** A value that the service sent with its "ready" message. */
  said(name: string): string;
  /** Resolves at the exit with a text about it. Never rejects. */
  readonly exited: Promise<string>;
  /** Whether it ended to be started again (`START_AGAIN_EXIT_CODE`). */
  wantsStart(): boolean;
  /** SIGTERM, then SIGKILL after `graceMs`; resolves after the exit. */
  stop(graceMs: number): Promise<void>;
  /** Sends a message over IPC; does nothing when the process is gone. */
  say(message: Readonly<Record<string, string | null>>): void;
  kill(): void;
}

export interface ServiceOptions {
  readonly name: string;
  readonly file: string;
  readonly args?: readonly string[];
  readonly env: Record<string, string>;
  /** Folder of the log files; stdout and stderr are appended to `<name>.log` (0600). */
  readonly logDir: string;
  /** Takes messages that the service sends after "ready". */
  readonly hear?: (message: Readonly<Record<string, unknown>>) => void;
}

/** Longest time until a service is ready. */
const READY_MS = 45_000;

/**
 * Starts a service in its own session, so that Ctrl+C reaches only the launcher, and bound to this
 * process, so that it never survives it. Throws AppError `start-failed` with the service's message,
 * and its code in `details.code`.
 */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  const log = openLog(options);
  const bound = boundToParent(process.execPath, [], "KILL");
  let child: ChildProcess;
  try {
    child = fork(options.file, [...(options.args ?? [])], {
      execPath: bound.command,
      execArgv: bound.args,
      env: options.env,
      stdio: ["ignore", log, log, "ipc"],
      detached: true,
    });
  } finally {
    if (log !== "ignore") closeSync(log);
  }
  const exited = watchExit(child, options.name);
  try {
    const ready = await untilReady(child, exited, options);
    child.on("message", (message) => void (isRecord(message) && options.hear?.(message)));
    return {
      name: options.name,
      pid: child.pid ?? 0,
      said: (name) => String(ready[name]),
      exited,
      wantsStart: () => child.exitCode === START_AGAIN_EXIT_CODE,
      say: (message) => void (child.connected && child.send(message, () => {})),
      kill: () => void child.kill("SIGKILL"),
      stop: (graceMs) => stop(child, exited, graceMs),
    };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

/** Opens the log file; "ignore" on failure: a service without a log is better than none. */
function openLog({ logDir, name }: ServiceOptions): number | "ignore" {
  try {
    makeFolder(logDir, 0o700);
    return openSync(join(logDir, `${name}.log`), "a", 0o600);
  } catch {
    return "ignore";
  }
}

function watchExit(child: ChildProcess, name: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  child.once("exit", (code, signal) => resolve(`${name} ended (${signal ?? `exit code ${code}`})`));
  child.once("error", (error) => resolve(`${name} could not be started (${error.message})`));
  return promise;
}

async function untilReady(
  child: ChildProcess,
  exited: Promise<string>,
  options: ServiceOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const { promise, resolve, reject } = Promise.withResolvers<Readonly<Record<string, unknown>>>();
  const fail = (text: string, code = "unknown"): void =>
    reject(new AppError("start-failed", text, { details: { code } }));
  const timer = setTimeout(
    () =>
      fail(
        `The ${options.name} was not ready within ${READY_MS / 1000} seconds. See ` +
          `${join(options.logDir, `${options.name}.log`)}.`,
      ),
    READY_MS,
  );
  child.on("message", (message) => {
    if (!isRecord(message)) return;
    if (message["kind"] === "ready") resolve(message);
    if (message["kind"] === "failed") fail(String(message["message"]), String(message["code"]));
  });
  void exited.then((how) =>
    fail(`The ${how} before it was ready. See ${join(options.logDir, `${options.name}.log`)}.`),
  );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

async function stop(child: ChildProcess, exited: Promise<string>, graceMs: number): Promise<void> {
  endChild(child, graceMs);
  await exited;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

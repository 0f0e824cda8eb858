import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { childEnv, ENV, type EnvName, type EnvValues } from "@flotilla/config";
import { AppError, sleep } from "@flotilla/kernel";
import { printableCommand } from "@flotilla/sqlite";

/** Options of {@link sendAway}. */
export interface SendOptions {
  /** BACKUP_COMMAND. */
  readonly command: string;
  /** The archive. */
  readonly path: string;
  /** The settings, whose secrets are masked in what the command prints. */
  readonly env: EnvValues;
  readonly limitMs?: number;
}

/** Time limit of BACKUP_COMMAND. */
const LIMIT_MS = 3_600_000;
/** Time between SIGTERM and SIGKILL. */
const GRACE_MS = 5000;
/** Bytes of its output that are kept: the last ones. */
const KEPT_BYTES = 4096;

/**
 * Runs BACKUP_COMMAND for an archive, in a process group of its own: the path is its last argument
 * and `FLOTILLA_ARCHIVE`. It sees no setting and no secret of Flotilla. Throws AppError
 * `backup-command` when it fails, cannot be started, exceeds its time, or this process is to stop,
 * with the last line that it printed, masked.
 */
export async function sendAway(options: SendOptions): Promise<void> {
  const { command, path, limitMs = LIMIT_MS } = options;
  const child = start(command, path);
  const output = keepLast(child);
  const over = new AbortController();
  const ended = new Promise<string | null>((resolve) => {
    child.once("error", (error) => resolve(`it cannot be started: ${error.message}`));
    child.once("close", (code, signal) => resolve(endOf(code, signal)));
  });
  const late = sleep(limitMs, over.signal).then(() => "late" as const);
  late.catch(() => {});
  const first = await Promise.race([ended, late, stopOf(over.signal)]);
  over.abort();
  if (first === null) return;
  if (first !== "late" && first !== "stop") throw failed(first, output(), options);
  await endGroup(child, ended);
  const why =
    first === "stop"
      ? "it was stopped together with the backup"
      : `it did not end within ${Math.round(limitMs / 1000)} s`;
  throw failed(why, output(), options);
}

const STOPS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Resolves when this process is to stop: its signals do not reach the group of the command. */
function stopOf(over: AbortSignal): Promise<"stop"> {
  const { promise, resolve } = Promise.withResolvers<"stop">();
  const stop = (): void => resolve("stop");
  for (const name of STOPS) process.on(name, stop);
  over.addEventListener("abort", () => {
    for (const name of STOPS) process.off(name, stop);
  });
  return promise;
}

function start(command: string, path: string): ChildProcess {
  const env = { ...childEnv({}), FLOTILLA_ARCHIVE: path };
  const options: SpawnOptions = { env, detached: true, stdio: ["ignore", "pipe", "pipe"] };
  return process.platform === "win32"
    ? spawn(`${command} "${path}"`, { ...options, shell: true })
    : spawn("/bin/sh", ["-c", `${command} "$@"`, "sh", path], options);
}

/** Null = it succeeded. */
function endOf(code: number | null, signal: string | null): string | null {
  if (code === 0) return null;
  return signal === null ? `it ended with code ${code}` : `it ended by ${signal}`;
}

function keepLast({ stdout, stderr }: ChildProcess): () => string {
  let kept = "";
  for (const stream of [stdout, stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      kept = (kept + text).slice(-KEPT_BYTES);
    });
  return () => kept;
}

/** Ends the whole group: a shell may have started more. */
async function endGroup(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  signal(child, "SIGTERM");
  await Promise.race([ended, sleep(GRACE_MS)]);
  signal(child, "SIGKILL");
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, name);
  } catch {
    // The group is empty.
  }
}

function failed(why: string, output: string, { env, path }: SendOptions): AppError {
  const last = lastLine(output, env);
  const said = last === "" ? "It printed nothing." : `Its last line: ${last}`;
  const text =
    `BACKUP_COMMAND did not take the archive ${path}: ${why}. ${said} The archive itself is whole ` +
    "and stays in its folder.";
  return new AppError("backup-command", text, { details: { path } });
}

/** @NOTE a command may print what it was called with: passwords in URLs, tokens, our settings. */
function lastLine(output: string, env: EnvValues): string {
  const line = output.trim().split(/\r?\n/).at(-1) ?? "";
  const secrets = (Object.keys(ENV) as EnvName[])
    .filter((name) => ENV[name].secret)
    .flatMap((name) => env[name] ?? []);
  const hidden = secrets.reduce((text, secret) => text.replaceAll(secret, "[hidden]"), line);
  return printableCommand(hidden);
}

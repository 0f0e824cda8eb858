import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, lstatSync, openSync, rmSync, type Stats } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AppError, makeFolder, withTimeout } from "@flotilla/kernel";
import { boundToParent } from "@flotilla/os";
import { Redis } from "ioredis";

/** A private Redis server that this process started. */
export interface EmbeddedRedis {
  /** Path of its unix socket; use it as REDIS_URL. */
  readonly url: string;
  readonly pid: number;
  /** Resolves with the server's exit code or signal when it ends. */
  readonly exited: Promise<string>;
  /** Makes the server save and end, and waits for it. */
  stop(): Promise<void>;
}

/** Program, folder and environment of the server. */
export interface EmbeddedRedisOptions {
  /** Path of a redis-server or valkey-server. */
  readonly program: string;
  /** Folder for its data and log; made with 0700. */
  readonly dir: string;
  /** Environment of the server, such as LD_LIBRARY_PATH. */
  readonly env: Record<string, string>;
}

/** Longest path of a unix socket in bytes; the system's limit is 107. */
const SOCKET_LIMIT = 100;
const READY_MS = 20_000;

/**
 * Starts Redis on a unix socket in a private folder, with an append-only file and no eviction; no
 * other user of the machine can reach it. On Linux the kernel ends it when this process dies in any
 * way (S0: no process is left behind). Throws AppError `redis-failed` with the last line of its
 * log.
 */
export async function startEmbeddedRedis(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  makeFolder(options.dir, 0o700);
  const socket = socketPath(options.dir);
  const child = launch(options, socket);
  const exited = Promise.withResolvers<string>();
  child.once("exit", (code, signal) => exited.resolve(signal ?? `code ${code}`));
  child.once("error", (error) => exited.resolve(error.message));
  try {
    await Promise.race([
      answering(socket),
      exited.promise.then((how) => Promise.reject(failed(options.dir, how))),
    ]);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  return {
    url: socket,
    pid: child.pid ?? 0,
    exited: exited.promise,
    stop: async () => {
      child.kill("SIGTERM");
      await exited.promise;
      if (dirname(socket) !== options.dir)
        rmSync(dirname(socket), { recursive: true, force: true });
    },
  };
}

function launch(options: EmbeddedRedisOptions, socket: string): ChildProcess {
  const log = openLog(options.dir);
  const args = [
    "--port",
    "0",
    "--unixsocket",
    socket,
    "--unixsocketperm",
    "700",
    "--dir",
    options.dir,
  ];
  args.push(
    "--appendonly",
    "yes",
    "--appendfsync",
    "everysec",
    "--save",
    "",
    "--maxmemory-policy",
    "noeviction",
    "--daemonize",
    "no",
  );
  const bound = boundToParent(options.program, args, "TERM");
  try {
    return spawn(bound.command, bound.args, {
      detached: true,
      stdio: ["ignore", log, log],
      env: options.env,
    });
  } finally {
    if (log !== "ignore") closeSync(log);
  }
}

/** A log that cannot be opened prevents no start. */
function openLog(dir: string): number | "ignore" {
  try {
    return openSync(join(dir, "redis.log"), "a", 0o600);
  } catch {
    return "ignore";
  }
}

async function answering(socket: string): Promise<void> {
  const redis = new Redis({ path: socket, retryStrategy: () => 10, maxRetriesPerRequest: null });
  redis.on("error", () => {});
  try {
    const silent = (): Error =>
      new AppError(
        "redis-failed",
        `The embedded Redis did not answer within ${READY_MS / 1000} seconds.`,
      );
    await withTimeout(redis.ping(), READY_MS, silent);
  } finally {
    redis.disconnect();
  }
}

/**
 * The socket of {@link startEmbeddedRedis} for this folder, whether or not the server runs; never a
 * socket of another user.
 */
export function embeddedRedisUrl(dir: string): string {
  const near = join(dir, "redis.sock");
  if (Buffer.byteLength(near) <= SOCKET_LIMIT) return near;
  const sockets = shortFolders(dir).map((folder) => join(folder, "redis.sock"));
  const trusted = [process.getuid?.(), 0, statusOf(dir)?.uid];
  const isOurs = (socket: string): boolean => {
    const [found, folder] = [socket, dirname(socket)].map(statusOf);
    const isSafe = folder?.isDirectory() && (folder.mode & 0o022) === 0 && found?.isSocket();
    return isSafe === true && [found, folder].every((each) => trusted.includes(each?.uid));
  };
  return sockets.find(isOurs) ?? sockets.find((socket) => !existsSync(dirname(socket))) ?? near;
}

function statusOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

/**
 * Alternatives for a path that is too long: the temporary folder may be full, missing or read-only.
 */
function shortFolders(dir: string): string[] {
  const name = `flotilla-${createHash("sha256").update(dir).digest("hex").slice(0, 16)}`;
  return [...new Set([tmpdir(), `/run/user/${process.getuid?.() ?? 0}`, "/dev/shm"])].map(
    (folder) => join(folder, name),
  );
}

function socketPath(dir: string): string {
  const near = join(dir, "redis.sock");
  if (Buffer.byteLength(near) <= SOCKET_LIMIT) return near;
  const folder = shortFolders(dir).find(canBeMade);
  const text =
    `The path ${dir} is too long for a socket, and there is no temporary folder for it. Set ` +
    "DATA_DIR to a shorter path.";
  if (folder === undefined) throw new AppError("redis-failed", text);
  const { uid, mode } = lstatSync(folder);
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0) {
    throw new AppError(
      "redis-failed",
      `The folder ${folder} is open to others. Remove it, or set DATA_DIR to a shorter path.`,
    );
  }
  return join(folder, "redis.sock");
}

/** Whether the folder can be made, with room for the entry of a socket. */
function canBeMade(folder: string): boolean {
  const probe = join(folder, "probe");
  try {
    makeFolder(folder, 0o700);
    // In a folder of another user it could be a link to one of our files.
    rmSync(probe, { force: true });
    closeSync(openSync(probe, "wx", 0o600));
    rmSync(probe);
    return true;
  } catch {
    return false;
  }
}

function failed(dir: string, how: string): AppError {
  return new AppError(
    "redis-failed",
    `The embedded Redis ended at once (${how}). Its log is ${join(dir, "redis.log")}; a full ` +
      "or read-only disk is the usual cause.",
  );
}

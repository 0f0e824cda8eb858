import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { boundToParent } from "@flotilla/os";
import { inject } from "vitest";
import { freePort } from "../ports.ts";
import { tempDir } from "../temp.ts";
import { waitFor } from "../wait.ts";
import { type RedisReply, redisCommand } from "./command.ts";
import { DATABASES } from "./shared.ts";

/** Binary, persistence and configuration of a Redis. */
export interface RedisOptions {
  /** Path of the server binary. Default: the binary of this test run. */
  readonly server?: string;
  /** `aof` survives `kill9` and `restart` (fsync on every write); `none`, the default, forgets. */
  readonly persistence?: "none" | "aof";
  /** More lines of configuration, e.g. `{ "maxmemory-policy": "allkeys-lru" }`. */
  readonly config?: Readonly<Record<string, string>>;
  /** Runs as a sentinel with these lines of configuration, in a file that it rewrites. */
  readonly sentinel?: string;
}

/** A real Redis in its own folder. The caller must stop it. */
export interface RedisHarness extends AsyncDisposable {
  /** `redis://127.0.0.1:port`; does not change at a restart. */
  readonly url: string;
  readonly port: number;
  /** The same server as a Unix socket: ioredis 6 takes the bare path, and no `unix://`. */
  readonly socketPath: string;
  /** Pid of the running server; changes at a restart. */
  readonly pid: number;
  /** Sends one command, e.g. `command("CLIENT", "KILL", "TYPE", "normal")`. */
  command(...args: readonly (string | number)[]): Promise<RedisReply>;
  /** SIGKILL; resolves when the process is gone. Nothing listens until `restart`. */
  kill9(): Promise<void>;
  /**
   * Stops the server if it runs and starts it on the same port and data; resolves when it answers.
   */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open without answers. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** Ends the server and removes its folder. Idempotent. */
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 45_000;
const PORT_TRIES = 5;

/** Starts a Redis; resolves when it answers PING, after about 50 ms. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisHarness> {
  const dir = await tempDir("fr-");
  try {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      try {
        return harness(options, dir, port, await launch(options, dir.path, port));
      } catch (error) {
        if (attempt >= PORT_TRIES || !String(error).includes("Address already in use")) throw error;
      }
    }
  } catch (error) {
    await dir[Symbol.asyncDispose]();
    throw error;
  }
}

function harness(
  options: RedisOptions,
  dir: { path: string } & AsyncDisposable,
  port: number,
  first: ChildProcess,
): RedisHarness {
  let child = first;
  const url = `redis://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    await end(child, "SIGTERM");
    await dir[Symbol.asyncDispose]();
  };
  return {
    url,
    port,
    socketPath: socketIn(dir.path),
    get pid() {
      return child.pid ?? -1;
    },
    command: (...args) => redisCommand(url, ...args),
    kill9: () => end(child, "SIGKILL"),
    restart: async () => {
      await end(child, "SIGTERM");
      child = await launch(options, dir.path, port);
    },
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function launch(options: RedisOptions, dir: string, port: number): Promise<ChildProcess> {
  const args =
    options.sentinel === undefined ? flags(options, dir, port) : watcher(options, dir, port);
  const bound = boundToParent(options.server ?? inject("redisServer"), args, "KILL");
  const child = spawn(bound.command, bound.args, { stdio: ["ignore", "pipe", "pipe"], cwd: dir });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  let failure: Error | undefined;
  child.once("error", (error) => (failure = error));
  const answers = async (): Promise<boolean> => {
    if (failure !== undefined || child.exitCode !== null || child.signalCode !== null) return true;
    const server = options.sentinel === undefined ? socketIn(dir) : `redis://127.0.0.1:${port}`;
    return (await redisCommand(server, "PING")) === "PONG";
  };
  await waitFor(answers, { timeoutMs: READY_TIMEOUT_MS, what: "Redis to answer" });
  if (failure !== undefined || child.exitCode !== null || child.signalCode !== null) {
    throw new Error(`Redis did not start: ${failure?.message ?? output}`);
  }
  return child;
}

function flags(options: RedisOptions, dir: string, port: number): string[] {
  const config: Record<string, string> = {
    port: String(port),
    bind: "127.0.0.1",
    unixsocket: socketIn(dir),
    unixsocketperm: "700",
    dir,
    databases: String(DATABASES),
    save: "",
    "maxmemory-policy": "noeviction",
    ...(options.persistence === "aof" ? { appendonly: "yes", appendfsync: "always" } : {}),
    ...options.config,
  };
  return Object.entries(config).flatMap(([name, value]) => [`--${name}`, value]);
}

/** The command line of a sentinel. A restart finds what the sentinel has written. */
function watcher({ sentinel = "" }: RedisOptions, dir: string, port: number): string[] {
  const file = path.join(dir, "sentinel.conf");
  if (!existsSync(file))
    writeFileSync(file, `port ${port}\nbind 127.0.0.1\ndir ${dir}\n${sentinel}`);
  return [file, "--sentinel"];
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill(signal);
  // A stopped process reacts only to SIGKILL and SIGCONT.
  child.kill("SIGCONT");
  await gone;
}

function socketIn(dir: string): string {
  return path.join(dir, "s");
}

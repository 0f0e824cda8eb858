import { type ChildProcess, fork } from "node:child_process";
import {
  classifySystem,
  type Fault,
  type SupervisorToWorker,
  WorkerToSupervisor,
} from "@flotilla/contracts";
import { type Clock, toError, type WorkerId } from "@flotilla/kernel";
import { boundToParent, endChild, oomKills } from "@flotilla/os";
import { firstErrorLine } from "../policy/exit-fault.ts";
import type { LogSink } from "./log-sink.ts";

/** The command line of worker processes on this host. */
export interface WorkerProgram {
  readonly file: string;
  /** Arguments before `--worker <name>`. */
  readonly args?: readonly string[];
  /** The whole environment of the child; nothing is inherited. */
  readonly env: Record<string, string>;
  readonly nodeFlags: readonly string[];
}

/** How a process ended: what the kernel reported and what the process announced. */
export interface WorkerExit {
  readonly pid: number;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly uptimeMs: number;
  readonly announced: Fault | null;
  readonly firstErrorLine: string | null;
  readonly stderrTail: string;
  /** The kernel's OOM killer ended a process of our control group while this one ran. */
  readonly oomKilled: boolean;
}

export interface WorkerProcessOptions {
  readonly worker: WorkerId;
  readonly program: WorkerProgram;
  readonly log: LogSink;
  readonly clock: Clock;
  readonly onMessage: (message: WorkerToSupervisor) => void;
}

const STDERR_KEPT = 16_000;
const PIPES_MS = 250;

/** One child process. Signals go through its handle, so a reused pid is never hit. */
export class WorkerProcess {
  readonly pid: number;
  /** Settles once, when the kernel reports the exit. Never rejects. */
  readonly exited: Promise<WorkerExit>;
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  readonly #child: ChildProcess | null;
  #stderr = "";
  #announced: Fault | null = null;
  #ending = false;
  readonly #oomKillsBefore = oomKills();

  /** Never throws: a failed spawn is an exit like any other. */
  constructor({ worker, program, log, clock, onMessage }: WorkerProcessOptions) {
    this.#clock = clock;
    this.#startedAtMs = clock.monotonicMs();
    this.#child = this.#spawn(worker, program);
    this.pid = this.#child?.pid ?? 0;
    this.exited = this.#child
      ? this.#watch(this.#child, log)
      : Promise.resolve(this.#ended(null, null));
    this.#child?.on("message", (raw) => {
      const message = WorkerToSupervisor.safeParse(raw);
      if (!message.success) return;
      if (message.data.kind === "fatal") this.#announced ??= message.data.fault;
      onMessage(message.data);
    });
  }

  /** Sends a message over IPC; does nothing when the process is gone. */
  say(message: SupervisorToWorker): void {
    // Without a callback a broken channel emits an 'error' event that throws.
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  /** SIGTERM, then SIGKILL after `graceMs`. Resolves when the kernel reported the exit. */
  async end(graceMs: number): Promise<void> {
    if (this.#child) endChild(this.#child, graceMs);
    await this.exited;
  }

  /** SIGKILL, unless the process is gone. */
  kill(): void {
    if (this.#child?.exitCode === null && this.#child.signalCode === null)
      this.#child.kill("SIGKILL");
  }

  /**
   * Ends the process because of `fault`, which its exit reports unless the process announced its
   * own: SIGTERM, then SIGKILL after `graceMs`. Later messages of the process do not cancel it.
   */
  endFor(fault: Fault, graceMs: number): void {
    this.#announced ??= fault;
    if (this.#ending) return;
    this.#ending = true;
    void this.end(graceMs);
  }

  #spawn(worker: WorkerId, program: WorkerProgram): ChildProcess | null {
    const bound = boundToParent(process.execPath, [...program.nodeFlags], "KILL");
    try {
      return fork(program.file, [...(program.args ?? []), "--worker", worker], {
        execPath: bound.command,
        execArgv: bound.args,
        env: program.env,
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        detached: true,
      });
    } catch (thrown) {
      const error = toError(thrown);
      this.#stderr = `${error.message}\n`;
      this.#announced = classifySystem(error);
      return null;
    }
  }

  #ended(exitCode: number | null, signal: string | null): WorkerExit {
    return {
      pid: this.pid,
      exitCode,
      signal,
      uptimeMs: this.#clock.monotonicMs() - this.#startedAtMs,
      announced: this.#announced,
      firstErrorLine: firstErrorLine(this.#stderr),
      stderrTail: this.#stderr,
      oomKilled: oomKills() > this.#oomKillsBefore,
    };
  }

  #watch(child: ChildProcess, log: LogSink): Promise<WorkerExit> {
    const { promise, resolve } = Promise.withResolvers<WorkerExit>();
    child.stdout?.setEncoding("utf8").on("data", (text: string) => log.append(text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
      log.append(text);
    });
    const end = (exitCode: number | null, signal: string | null): void =>
      resolve(this.#ended(exitCode, signal));
    // 'close' follows 'exit' with the rest of stderr, unless a grandchild holds the pipes: do not
    // wait for it.
    child.once("exit", (code, signal) => setTimeout(() => end(code, signal), PIPES_MS).unref());
    child.once("close", end);
    child.once("error", (error) => {
      this.#stderr += `${error.message}\n`;
      if (this.pid !== 0) return;
      this.#announced ??= classifySystem(error);
      end(null, null);
    });
    return promise;
  }
}

import { isDeepStrictEqual } from "node:util";
import type { Fault, StorageProblem, StorageStatus } from "@flotilla/contracts";
import { AppError, type Clock, toError } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import type { SessionFile } from "@flotilla/session-store";
import { type DatabaseEvent, fileProblem, mainHolder } from "@flotilla/sqlite";
import { classify } from "@flotilla/telegram";

/** Who hears of what. */
export interface SessionWatchHooks {
  /** The file was deleted or replaced (nothing that is written now will be found again), or another process has its key. */
  readonly onGone: (fault: Fault) => void;
  /** The disk or the permissions forbid writing (a fault), or allow it again (null). */
  readonly onTrouble: (fault: Fault | null) => void;
  /** The file works, but not as it should; null when that is over. */
  readonly onProblem: (problem: StorageProblem | null) => void;
  /** Figures for the card; only when they changed. */
  readonly onStatus: (status: StorageStatus) => void;
}

/** Parts of the watch. */
export interface SessionWatchOptions extends SessionWatchHooks {
  readonly file: Pick<SessionFile, "stats" | "trouble" | "waitP95Ms" | "watch">;
  /** Takes the machine's lock on the key again when it was deleted; throws when another process has it. */
  readonly stillOwn: () => void;
  readonly clock: Clock;
  readonly log: Logger;
  /** Between two looks at disk, permissions and figures, in milliseconds. Default 1 s. */
  readonly lookEveryMs?: number;
}

/** A full disk is on the card within a second. */
const LOOK_EVERY_MS = 1000;
/** So long without a new one and a problem is over. */
const QUIET_MS = 300_000;
/** Less is no wait: the lock was free, and the machine was busy. */
const WAIT_MS = 10;

/** Watches the open session file of this process: checkpoints every 15 min, its path and disk every second. */
export class SessionWatch implements Disposable {
  readonly #options: SessionWatchOptions;
  readonly #checkpoints: Disposable;
  readonly #timer: NodeJS.Timeout;
  #trouble: string | null = null;
  #troubledAt: number | null = null;
  #told: StorageStatus | null = null;
  #isGone = false;
  #isUnowned = false;

  constructor(options: SessionWatchOptions) {
    this.#options = options;
    this.#checkpoints = options.file.watch({ onEvent: (event) => this.#hear(event) });
    this.#timer = setInterval(() => this.look(), options.lookEveryMs ?? LOOK_EVERY_MS);
    this.#timer.unref();
    this.look();
  }

  /** Looks now at what is looked at every second anyway. */
  look(): void {
    this.#lookAtPlace();
    this.#lookAtOwner();
    this.#lookAtFigures();
    const { clock, onProblem } = this.#options;
    if (this.#troubledAt === null || clock.monotonicMs() - this.#troubledAt < QUIET_MS) return;
    this.#troubledAt = null;
    onProblem(null);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#checkpoints[Symbol.dispose]();
  }

  #lookAtPlace(): void {
    const { file, log, onTrouble } = this.#options;
    const trouble = file.trouble();
    const code = trouble?.code ?? null;
    if (code === this.#trouble) return;
    this.#trouble = code;
    log.warn({ cause: code }, trouble ? `💾 ${trouble.message}` : "💾 the session file can be written to again");
    onTrouble(trouble && classify(trouble));
  }

  #lookAtOwner(): void {
    const { stillOwn, log } = this.#options;
    if (this.#isGone) return;
    try {
      stillOwn();
      this.#isUnowned = false;
    } catch (error) {
      if (error instanceof AppError && error.code === "session-owned") this.#leave(error);
      else if (!this.#isUnowned)
        log.warn({ err: error }, "🔑 the machine's lock on the key was deleted and cannot be taken again now");
      this.#isUnowned = true;
    }
  }

  /** Once: who hears of it ends this process. */
  #leave(error: AppError): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#options.onGone(classify(error));
  }

  #lookAtFigures(): void {
    const { file, clock, onStatus } = this.#options;
    const status = storageStatus(file, clock);
    if (isDeepStrictEqual(status, this.#told)) return;
    this.#told = status;
    onStatus(status);
  }

  #hear(event: DatabaseEvent): void {
    const { log } = this.#options;
    if (event.kind === "checkpoint") log.debug({ ...event.result }, "💾 checkpoint");
    else if (event.kind === "file-gone") this.#leave(gone(event));
    else if (event.kind === "slow" && event.operation.kind === "hold")
      // A long hold is this process's own; only a wait means that somebody else is in the way.
      log.warn({ operation: event.operation.name, tookMs: Math.round(event.operation.tookMs) }, "💾 long transaction");
    else this.#raise(problemOf(event));
  }

  #raise(problem: StorageProblem): void {
    const { clock, log, onProblem } = this.#options;
    log.warn({ problem }, "💾 the session file is slow");
    this.#troubledAt = clock.monotonicMs();
    onProblem(problem);
  }
}

function gone({ state, path }: Extract<DatabaseEvent, { kind: "file-gone" }>): AppError {
  return fileProblem(state === "deleted" ? "sqlite-deleted" : "sqlite-replaced", path);
}

function problemOf(event: Exclude<DatabaseEvent, { kind: "checkpoint" | "file-gone" }>): StorageProblem {
  switch (event.kind) {
    case "slow":
      return { kind: "slow-wait", operation: event.operation.name, tookMs: Math.round(event.operation.tookMs) };
    case "waits-long":
      return { kind: "waits-long", p95Ms: Math.round(event.p95Ms) };
    case "wal-large": {
      const holder = mainHolder(event.holders);
      const other = holder && holder.pid !== process.pid ? `pid ${holder.pid} ${holder.commandLine ?? ""}`.trim() : null;
      return { kind: "wal-large", walBytes: event.walBytes, holder: other };
    }
    case "checkpoint-failed":
      return { kind: "checkpoint-failed", message: toError(event.error).message.slice(0, 500) };
    default:
      return event satisfies never;
  }
}

/** The figures of the card. A checkpoint's time is monotonic: it is turned into the clock's. */
function storageStatus(file: SessionWatchOptions["file"], clock: Clock): StorageStatus {
  const { waits, holds, walBytes, lastCheckpoint } = file.stats();
  return {
    lockWaits: waits.histogram.filter(({ upToMs }) => upToMs > WAIT_MS).reduce((sum, { count }) => sum + count, 0),
    longestWaitMs: Math.round(waits.maxMs),
    waitP95Ms: Math.round(file.waitP95Ms(QUIET_MS)),
    longestHoldMs: Math.round(holds.maxMs),
    walBytes,
    checkpointAt: lastCheckpoint && Math.round((clock.now() - (clock.monotonicMs() - lastCheckpoint.at)) / 1000) * 1000,
    checkpointBusy: lastCheckpoint?.busy ?? false,
  };
}

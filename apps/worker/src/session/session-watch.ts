import { isDeepStrictEqual } from "node:util";
import type { Fault, StorageProblem, StorageStatus } from "@flotilla/contracts";
import { AppError, type Clock, toError } from "@flotilla/kernel";
import type { PlainLog } from "@flotilla/observability";
import type { SessionFile } from "@flotilla/session-store";
import { type DatabaseEvent, fileProblem, mainHolder } from "@flotilla/sqlite";
import { classify } from "@flotilla/telegram";

export interface SessionWatchHooks {
  /** The file was deleted or replaced (further writes are lost), or another process has its key. */
  readonly onGone: (fault: Fault) => void;
  /** The disk or the permissions forbid writing (a fault), or allow it again (null). */
  readonly onTrouble: (fault: Fault | null) => void;
  /** The file is slow or a checkpoint failed; null when that is over. */
  readonly onProblem: (problem: StorageProblem | null) => void;
  /** Figures for the card; called only when they change. */
  readonly onStatus: (status: StorageStatus) => void;
}

export interface SessionWatchOptions extends SessionWatchHooks {
  readonly file: Pick<SessionFile, "stats" | "trouble" | "waitP95Ms" | "watch">;
  /**
   * Takes the machine's lock on the key again if it was deleted; throws when another process has
   * it.
   */
  readonly stillOwn: () => void;
  readonly clock: Clock;
  readonly log: Pick<PlainLog, "debug" | "warn">;
  /** Milliseconds between two checks of disk, permissions and figures. Default 1000. */
  readonly lookEveryMs?: number;
}

/** Default interval of checks: a full disk is on the card within a second. */
const LOOK_EVERY_MS = 1000;
/** A problem is over after this time without a new one. */
const QUIET_MS = 300_000;
/** Shorter waits do not count: the lock was free and the machine busy. */
const WAIT_MS = 10;

/**
 * Watches the open session file of this process: checkpoints every 15 min, its path and disk every
 * second.
 */
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

  /** Checks now. */
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
    log.warn(
      { cause: code },
      trouble ? `💾 ${trouble.message}` : "💾 the session file is writable again",
    );
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
        log.warn(
          { err: error },
          "🔑 the machine's lock on the key was deleted and cannot be taken again now",
        );
      this.#isUnowned = true;
    }
  }

  /** Calls `onGone` at most once: it ends this process. */
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
      // This process caused a long hold itself; only a wait means that another process blocks.
      log.warn(
        { operation: event.operation.name, tookMs: Math.round(event.operation.tookMs) },
        "💾 long transaction",
      );
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

function problemOf(
  event: Exclude<DatabaseEvent, { kind: "checkpoint" | "file-gone" }>,
): StorageProblem {
  switch (event.kind) {
    case "slow":
      return {
        kind: "slow-wait",
        operation: event.operation.name,
        tookMs: Math.round(event.operation.tookMs),
      };
    case "waits-long":
      return { kind: "waits-long", p95Ms: Math.round(event.p95Ms) };
    case "wal-large": {
      const holder = mainHolder(event.holders);
      const other =
        holder && holder.pid !== process.pid
          ? `pid ${holder.pid} ${holder.commandLine ?? ""}`.trim()
          : null;
      return { kind: "wal-large", walBytes: event.walBytes, holder: other };
    }
    case "checkpoint-failed":
      return { kind: "checkpoint-failed", message: toError(event.error).message.slice(0, 500) };
    default:
      return event satisfies never;
  }
}

/** The figures of the card. Converts the checkpoint's monotonic time to wall-clock milliseconds. */
function storageStatus(file: SessionWatchOptions["file"], clock: Clock): StorageStatus {
  const { waits, holds, walBytes, lastCheckpoint } = file.stats();
  return {
    lockWaits: waits.histogram
      .filter(({ upToMs }) => upToMs > WAIT_MS)
      .reduce((sum, { count }) => sum + count, 0),
    longestWaitMs: Math.round(waits.maxMs),
    waitP95Ms: Math.round(file.waitP95Ms(QUIET_MS)),
    longestHoldMs: Math.round(holds.maxMs),
    walBytes,
    checkpointAt:
      lastCheckpoint &&
      Math.round((clock.now() - (clock.monotonicMs() - lastCheckpoint.at)) / 1000) * 1000,
    checkpointBusy: lastCheckpoint?.busy ?? false,
  };
}

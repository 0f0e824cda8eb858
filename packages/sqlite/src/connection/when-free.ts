import { AppError, type Clock, sleep, systemClock, withoutUndefined } from "@flotilla/kernel";
import { Meter } from "../base/measure.ts";
import { findHolders, type HolderOptions, type HolderReport } from "../holders/holders.ts";
import { lockedBy } from "../holders/report.ts";
import type { Database } from "./database.ts";
import { type OpenOptions, openOnce } from "./open.ts";

/** Limits and reports of a wait for a lock. */
export interface WaitForLock {
  /** Longest wait in total, in milliseconds. */
  readonly budgetMs?: number;
  /**
   * Called with the holders after the first refusal, on every change of the holders, and every 5 s.
   * Must not throw.
   */
  readonly onWait?: (report: HolderReport, waitedMs: number) => void;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal;
  /** Processes known to belong to this fleet, for the report. */
  readonly known?: HolderOptions["known"];
  readonly clock?: Clock;
}

/** An {@link OpenOptions} with a limit and reports for its wait. */
export interface OpenWhenFreeOptions extends OpenOptions, WaitForLock {}

const BUDGET_MS = 60_000;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;
const LONGEST_REST_MS = 250;
const LOOK_AGAIN_MS = 1000;
const TELL_AGAIN_MS = 5000;

/**
 * Like `openDatabase`, but waits for a lock of another process: retries every 5 to 250 ms without
 * blocking the event loop, and opens the file within that time after the holder releases it. Does
 * not touch an exclusive file while another process has it or its journal open without a lock: an
 * idle legacy program, or the owner of a file that was replaced, whose journal would be replayed
 * into the new one. `budgetMs` defaults to 60 s. Throws other errors at once. After the budget:
 * AppError `sqlite-locked` that names the holder (see {@link lockedBy}).
 */
export async function openWhenFree(options: OpenWhenFreeOptions): Promise<Database> {
  const meter = new Meter(options.clock);
  const attempt = async (): Promise<Database> => {
    if (options.exclusive) await refuseOpenHandles(options);
    return openOnce(options, 0, meter);
  };
  return whenFree(options.path, attempt, {
    budgetMs: BUDGET_MS,
    ...options,
    onEnd: (waitedMs) => meter.wait("open", waitedMs),
  });
}

async function refuseOpenHandles({ path, known, signal }: OpenWhenFreeOptions): Promise<void> {
  const report = await findHolders(path, withoutUndefined({ known, signal }));
  if (report.holders.some((holder) => holder.pid !== process.pid)) throw lockedBy(report, 0);
}

interface Waiting extends WaitForLock {
  readonly budgetMs: number;
  /**
   * Receives the wait for the lock in milliseconds: 0 without a holder, however long `work` took.
   */
  readonly onEnd?: (waitedMs: number) => void;
}

async function whenFree<T>(path: string, attempt: () => Promise<T>, wait: Waiting): Promise<T> {
  const { clock = systemClock } = wait;
  const started = clock.monotonicMs();
  const waited = (): number => clock.monotonicMs() - started;
  const watch = new HolderWatch(path, wait);
  let wasRefused = false;
  try {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      wait.signal?.throwIfAborted();
      const began = waited();
      const refusal = await tryOnce(attempt);
      if ("value" in refusal) return refusal.value;
      wasRefused = true;
      const leftMs = wait.budgetMs - waited();
      if (leftMs <= 0) throw lockedBy(await watch.look(waited()), waited(), refusal.error);
      watch.refused(waited());
      // A scan of all processes takes time: waiting uses at most a fifth of one processor.
      const restMs = Math.min(4 * (waited() - began), LONGEST_REST_MS);
      await sleep(Math.min(Math.max(pauseMs, restMs), leftMs), wait.signal);
    }
  } finally {
    watch.stop();
    wait.onEnd?.(wasRefused ? waited() : 0);
  }
}

async function tryOnce<T>(attempt: () => Promise<T>): Promise<{ value: T } | { error: AppError }> {
  try {
    return { value: await attempt() };
  } catch (error) {
    if (error instanceof AppError && error.code === "sqlite-locked") return { error };
    throw error;
  }
}

/**
 * Scans for the holders in parallel with the tries, so that the scan never delays taking the lock.
 */
class HolderWatch {
  readonly #path: string;
  readonly #wait: WaitForLock;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #toldAt = Number.NEGATIVE_INFINITY;
  #told = "";
  #stopped = false;

  constructor(path: string, wait: WaitForLock) {
    this.#path = path;
    this.#wait = wait;
  }

  /** Starts a scan when the last one is old. */
  refused(waitedMs: number): void {
    if (this.#wait.onWait === undefined || waitedMs - this.#lookedAt < LOOK_AGAIN_MS) return;
    this.#lookedAt = waitedMs;
    this.look(waitedMs).then(
      (report) => this.#tell(report, waitedMs),
      () => {}, // Aborted: the report is no longer needed.
    );
  }

  look(waitedMs: number): Promise<HolderReport> {
    this.#lookedAt = waitedMs;
    const { known, signal } = this.#wait;
    return findHolders(this.#path, { refused: true, ...withoutUndefined({ known, signal }) });
  }

  stop(): void {
    this.#stopped = true;
  }

  #tell(report: HolderReport, waitedMs: number): void {
    const who = report.holders.map(({ pid, lock, state }) => `${pid} ${lock} ${state}`).join();
    if (this.#stopped || (who === this.#told && waitedMs - this.#toldAt < TELL_AGAIN_MS)) return;
    this.#told = who;
    this.#toldAt = waitedMs;
    this.#wait.onWait?.(report, waitedMs);
  }
}

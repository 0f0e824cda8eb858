import { AppError, sleep } from "@flotilla/kernel";
import { Meter } from "../base/measure.ts";
import { findHolders, type HolderOptions, type HolderReport } from "../holders/holders.ts";
import { lockedBy } from "../holders/report.ts";
import type { Database } from "./database.ts";
import { type OpenOptions, openOnce } from "./open.ts";

/** How long to wait for a lock, and who hears of it. */
export interface WaitForLock {
  /** Longest wait in all, in milliseconds. */
  readonly budgetMs?: number;
  /** Called after the first refusal, whenever the holders changed, and every 5 s; with who is in the way. Must not throw. */
  readonly onWait?: (report: HolderReport, waitedMs: number) => void;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal;
  /** Processes known to be ours, so that the report can tell. */
  readonly known?: HolderOptions["known"];
}

/** Options of {@link openWhenFree}. */
export interface OpenWhenFreeOptions extends OpenOptions, WaitForLock {}

const START_BUDGET_MS = 60_000;
const BUDGET_MS = 30_000;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;
const LONGEST_REST_MS = 250;
const LOOK_AGAIN_MS = 1000;
const TELL_AGAIN_MS = 5000;

/**
 * Like `openDatabase`, but waits for a lock that somebody else has: the file is tried again every 5 to 250 ms without ever blocking the
 * event loop for a lock, and is open within that time after its holder let go. An exclusive file is not even touched while another
 * process has it or its journal open without a lock: an idle legacy program, or the owner of a file that was replaced, whose journal would be
 * played into the new one. `budgetMs` is 60 s unless given. Other errors are thrown at once.
 * After the budget: AppError `sqlite-locked` that names the holder (see {@link lockedBy}).
 */
export async function openWhenFree(options: OpenWhenFreeOptions): Promise<Database> {
  const meter = new Meter();
  const attempt = async (): Promise<Database> => {
    if (options.exclusive) await refuseOpenHandles(options);
    return openOnce(options, 0, meter);
  };
  return whenFree(options.path, attempt, {
    budgetMs: START_BUDGET_MS,
    ...options,
    onEnd: (waitedMs) => meter.wait("open", waitedMs),
  });
}

async function refuseOpenHandles({ path, known, signal }: OpenWhenFreeOptions): Promise<void> {
  const report = await findHolders(path, { ...(known ? { known } : {}), ...(signal ? { signal } : {}) });
  if (report.holders.some((holder) => holder.pid !== process.pid)) throw lockedBy(report, 0);
}

/**
 * Runs a transaction named `name` as soon as its lock is free, within `budgetMs` (30 s unless given), without blocking the event
 * loop for it. Errors as in {@link openWhenFree}; what `work` throws passes through.
 */
export async function transactionWhenFree<T>(
  database: Database,
  name: string,
  work: () => T,
  wait: WaitForLock = {},
): Promise<T> {
  return whenFree(database.path, () => database.tryTransaction(name, work), { budgetMs: BUDGET_MS, ...wait });
}

interface Waiting extends WaitForLock {
  readonly budgetMs: number;
  /** Hears how long it was kept out: 0 when nobody was in the way, however long the work itself took. */
  readonly onEnd?: (waitedMs: number) => void;
}

async function whenFree<T>(path: string, attempt: () => T | Promise<T>, wait: Waiting): Promise<T> {
  const started = performance.now();
  const waited = (): number => performance.now() - started;
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
      // A look at all processes takes its time: at most a fifth of the processor goes into waiting.
      const restMs = Math.min(4 * (waited() - began), LONGEST_REST_MS);
      await sleep(Math.min(Math.max(pauseMs, restMs), leftMs), wait.signal);
    }
  } finally {
    watch.stop();
    wait.onEnd?.(wasRefused ? waited() : 0);
  }
}

async function tryOnce<T>(attempt: () => T | Promise<T>): Promise<{ value: T } | { error: AppError }> {
  try {
    return { value: await attempt() };
  } catch (error) {
    if (error instanceof AppError && error.code === "sqlite-locked") return { error };
    throw error;
  }
}

/** Looks for the holders beside the tries, so that finding them never delays the moment in which the lock is taken. */
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

  /** A look is begun when the last one is old. */
  refused(waitedMs: number): void {
    if (this.#wait.onWait === undefined || waitedMs - this.#lookedAt < LOOK_AGAIN_MS) return;
    this.#lookedAt = waitedMs;
    this.look(waitedMs).then(
      (report) => this.#tell(report, waitedMs),
      () => {}, // aborted: nobody wants to know any more
    );
  }

  look(waitedMs: number): Promise<HolderReport> {
    this.#lookedAt = waitedMs;
    const { known, signal } = this.#wait;
    return findHolders(this.#path, { refused: true, ...(known ? { known } : {}), ...(signal ? { signal } : {}) });
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

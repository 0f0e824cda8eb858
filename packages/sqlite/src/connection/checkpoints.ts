import { sleep } from "@flotilla/kernel";
import { areLong, type SlowOperation } from "../base/measure.ts";
import { findHolders, type HolderReport } from "../holders/holders.ts";
import type { CheckpointResult, Database } from "./database.ts";

/** Events of {@link startCheckpoints}. */
export type DatabaseEvent =
  /** A checkpoint ran; `busy` in the result means that it did not finish. */
  | { readonly kind: "checkpoint"; readonly path: string; readonly result: CheckpointResult }
  /** A checkpoint threw, most likely because of a full or broken disk. */
  | { readonly kind: "checkpoint-failed"; readonly path: string; readonly error: unknown }
  /**
   * The journal exceeds 64 MB; `holders` may prevent the checkpoint. Once until it is smaller
   * again.
   */
  | {
      readonly kind: "wal-large";
      readonly path: string;
      readonly walBytes: number;
      readonly holders: HolderReport;
    }
  /** A transaction held the write lock for more than 1 s, or waited for it for more than 10 s. */
  | { readonly kind: "slow"; readonly path: string; readonly operation: SlowOperation }
  /**
   * The 95th percentile of the lock waits of the last 5 min exceeds 1 s. Once until it is below
   * again.
   */
  | { readonly kind: "waits-long"; readonly path: string; readonly p95Ms: number }
  /** The file was deleted or replaced at its path: every further write is lost. Once. */
  | { readonly kind: "file-gone"; readonly path: string; readonly state: "deleted" | "replaced" };

/** Intervals and listener of {@link startCheckpoints}. */
export interface CheckpointOptions {
  /** Milliseconds between two checkpoints. Default 15 min. */
  readonly everyMs?: number;
  /**
   * Milliseconds between two checks of journal, waits and path. Default 1 s; a check takes
   * microseconds.
   */
  readonly watchEveryMs?: number;
  /** Must not throw. */
  readonly onEvent: (event: DatabaseEvent) => void;
}

const EVERY_MS = 900_000;
const WATCH_EVERY_MS = 1000;
const LARGE_WAL_BYTES = 64 * 1024 * 1024;
const WAIT_WINDOW_MS = 300_000;

/**
 * Empties the journal of an open database every 15 min (TRUNCATE; PASSIVE when another connection
 * blocks it) and watches its health in between. Never waits for a lock. Dispose before the database
 * is closed; no event follows.
 */
export function startCheckpoints(database: Database, options: CheckpointOptions): Disposable {
  const ended = new AbortController();
  const { path } = database;
  const tell = (event: DatabaseEvent): void => {
    if (!ended.signal.aborted) options.onEvent(event);
  };
  const slow = database.onSlow((operation) => tell({ kind: "slow", path, operation }));
  const watch = new Watch(database, tell);
  repeat(options.everyMs ?? EVERY_MS, ended.signal, () => checkpoint(database, tell));
  repeat(options.watchEveryMs ?? WATCH_EVERY_MS, ended.signal, () => watch.look());
  return {
    [Symbol.dispose]: () => {
      slow[Symbol.dispose]();
      ended.abort();
    },
  };
}

function repeat(everyMs: number, signal: AbortSignal, work: () => void | Promise<void>): void {
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      await sleep(everyMs, signal);
      await work();
    }
  };
  loop().catch((error: unknown) => {
    // An abort of the wait ends the loop. Any other error is a bug and must not be silent.
    if (!signal.aborted) throw error;
  });
}

function checkpoint(database: Database, tell: (event: DatabaseEvent) => void): void {
  const { path } = database;
  try {
    tell({ kind: "checkpoint", path, result: database.checkpoint() });
  } catch (error) {
    tell({ kind: "checkpoint-failed", path, error });
  }
}

/** Reports each condition once until it clears. */
class Watch {
  readonly #database: Database;
  readonly #tell: (event: DatabaseEvent) => void;
  #large = false;
  #waits = false;
  #gone = false;

  constructor(database: Database, tell: (event: DatabaseEvent) => void) {
    this.#database = database;
    this.#tell = tell;
  }

  async look(): Promise<void> {
    this.#lookAtPath();
    this.#lookAtWaits();
    await this.#lookAtJournal();
  }

  #lookAtPath(): void {
    const state = this.#database.stillThere();
    if (state !== "ok" && !this.#gone)
      this.#tell({ kind: "file-gone", path: this.#database.path, state });
    this.#gone = state !== "ok";
  }

  #lookAtWaits(): void {
    const recent = this.#database.recentWaits(WAIT_WINDOW_MS);
    const long = areLong(recent);
    if (long && !this.#waits)
      this.#tell({ kind: "waits-long", path: this.#database.path, p95Ms: recent.p95Ms });
    this.#waits = long;
  }

  async #lookAtJournal(): Promise<void> {
    const { path } = this.#database;
    const walBytes = this.#database.walBytes();
    const large = walBytes > LARGE_WAL_BYTES;
    const news = large && !this.#large;
    this.#large = large;
    if (news) this.#tell({ kind: "wal-large", path, walBytes, holders: await findHolders(path) });
  }
}

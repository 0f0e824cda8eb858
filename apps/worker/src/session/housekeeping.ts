import { sleep, toError } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import type { SessionStore } from "@flotilla/session-store";

const EVERY_MS = 60 * 60_000;
const DAY_MS = 24 * EVERY_MS;
/** Age limit of the delivery map, for privacy and size: later edits and deletions are ignored. */
const RELAYED_KEPT_MS = 30 * DAY_MS;
/** Age limit of inbox rows; their texts are erased as soon as they are processed. */
const INBOX_KEPT_MS = 7 * DAY_MS;
/** Rows per step: takes milliseconds even with a million rows; the account waits for one step. */
const STEP_ROWS = 500;
const STEP_PAGES = 256;

/** Keeps a session file small: deletes old rows in small steps and frees their pages. */
export class Housekeeping {
  readonly #store: Pick<SessionStore, "relay" | "updates" | "shrink">;
  readonly #log: Logger;
  readonly #over = new AbortController();
  readonly #running: Promise<void>;

  constructor(store: Pick<SessionStore, "relay" | "updates" | "shrink">, log: Logger) {
    this.#store = store;
    this.#log = log;
    this.#running = this.#run();
  }

  /** Ends after the current step. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        // Lets the event loop turn between two steps.
        while (this.#step()) await sleep(1, signal);
      } catch (error) {
        if (!signal.aborted)
          this.#log.warn(
            { cause: toError(error).message },
            "housekeeping failed; next try in an hour",
          );
      }
      await sleep(EVERY_MS, signal).catch(() => {});
    }
  }

  /** Does one small step; false when nothing is left to do. */
  #step(): boolean {
    const { relay, updates } = this.#store;
    if (relay.prune(RELAYED_KEPT_MS, STEP_ROWS) > 0) return true;
    if (updates.prune(INBOX_KEPT_MS, STEP_ROWS) > 0) return true;
    return this.#store.shrink(STEP_PAGES);
  }
}

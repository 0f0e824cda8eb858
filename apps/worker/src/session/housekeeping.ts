import { sleep, toError } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import type { SessionStore } from "@flotilla/session-store";

const EVERY_MS = 60 * 60_000;
const DAY_MS = 24 * EVERY_MS;
/** The map of what was delivered: an edit or a deletion is followed for this long. A matter of privacy and of size. */
const RELAYED_KEPT_MS = 30 * DAY_MS;
/** That a message was there; what it says is forgotten when it is dealt with. */
const INBOX_KEPT_MS = 7 * DAY_MS;
/** A step takes milliseconds also in a file of a million rows: nothing that the account does waits for longer. */
const STEP_ROWS = 500;
const STEP_PAGES = 256;

/** Keeps a session file from growing: forgets what is over in small steps, and gives the space back. */
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

  /** Ends after the step in hand. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        // A turn of the loop between two steps.
        while (this.#step()) await sleep(1, signal);
      } catch (error) {
        if (!signal.aborted) this.#log.warn({ cause: toError(error).message }, "housekeeping failed; tried again in an hour");
      }
      await sleep(EVERY_MS, signal).catch(() => {});
    }
  }

  /** One small step. False: nothing is left to do. */
  #step(): boolean {
    const { relay, updates } = this.#store;
    if (relay.prune(RELAYED_KEPT_MS, STEP_ROWS) > 0) return true;
    if (updates.prune(INBOX_KEPT_MS, STEP_ROWS) > 0) return true;
    return this.#store.shrink(STEP_PAGES);
  }
}

import { type LinkStatus, moveLinkTimes } from "@flotilla/contracts";
import { type Clock, Moment, type WorkerId } from "@flotilla/kernel";
import type { HostDb } from "../record/host-db.ts";

/** Least interval between two writes of the counters: a killed supervisor loses at most this. */
const KEEP_EVERY_MS = 10_000;

/**
 * Failures, reconnects, last success and message count of one account over all runs (S2-39). A
 * process counts from zero; this class adds the earlier runs and keeps the sum in `host.db`.
 */
export class AccountStats {
  readonly #id: WorkerId;
  readonly #db: HostDb;
  readonly #clock: Clock;
  #before: LinkStatus | null;
  /** The last report of the running process, and when it came. */
  #run: { readonly link: LinkStatus; readonly heard: Moment } | null = null;
  #keptAt = Number.NEGATIVE_INFINITY;

  constructor(id: WorkerId, db: HostDb, clock: Clock) {
    this.#id = id;
    this.#db = db;
    this.#clock = clock;
    this.#before = db.stats(id);
  }

  /** The sum over all runs; null when this worker never reported. */
  total(): LinkStatus | null {
    const [before, run] = [
      this.#before,
      this.#run && moveLinkTimes(this.#run.link, this.#run.heard.jumpedMs),
    ];
    if (!before || !run) return run ?? (before && { ...before, attempt: 0, nextTryAt: null });
    return {
      ...run,
      account: run.account ?? before.account,
      reconnects: before.reconnects + run.reconnects,
      failures: before.failures + run.failures,
      messages: before.messages + run.messages,
      lastSuccessAt: run.lastSuccessAt ?? before.lastSuccessAt,
      lastMessageAt: run.lastMessageAt ?? before.lastMessageAt,
    };
  }

  /** Takes the counters of the running process. */
  heard(link: LinkStatus): void {
    const last = this.#run?.link;
    const quiet = last?.failures === link.failures && last.reconnects === link.reconnects;
    this.#run = { link, heard: new Moment(this.#clock) };
    if (!quiet || this.#clock.monotonicMs() - this.#keptAt >= KEEP_EVERY_MS) this.#keep();
  }

  /** The process ended: the next one counts from zero. */
  endRun(): void {
    if (!this.#run) return;
    this.#before = this.total();
    this.#run = null;
    this.#keep();
  }

  #keep(): void {
    const total = this.total();
    if (total) this.#db.keepStats(this.#id, total);
    this.#keptAt = this.#clock.monotonicMs();
  }
}

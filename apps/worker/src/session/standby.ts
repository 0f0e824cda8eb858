import { type Fault, FaultError } from "@flotilla/contracts";
import {
  AppError,
  type Clock,
  type HostId,
  sleep,
  toError,
  type WorkerId,
  withTimeout,
} from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { digestOf, redisAway, type StandbyBoard } from "@flotilla/queue";
import type { SessionStore } from "@flotilla/session-store";

export interface StandbyDeps {
  readonly worker: WorkerId;
  readonly host: HostId;
  /** HOSTS of this host. */
  readonly hosts: "one" | "several";
  readonly store: Pick<SessionStore, "floating" | "standbyRecord" | "writes">;
  /** Opens the connection: most workers need none. */
  readonly openBoard: () => StandbyBoard;
  /** Ends this process at once. */
  readonly leave: (fault: Fault) => void;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds between two records. Default 5000. */
  readonly everyMs?: number;
}

const EVERY_MS = 5000;
/** The connection to Redis has this long to open before a worker starts. Milliseconds. */
const READY_MS = 5000;

/**
 * Keeps the standby record of a floating worker in Redis up to date (ADR 18), and finds out whether
 * another host has taken the worker over: then this process must not act.
 */
export class Standby {
  readonly #deps: StandbyDeps;
  readonly #over = new AbortController();
  #running: Promise<void> = Promise.resolve();
  /** `writes()` of the session at the last record; null = none was written by this process. */
  #written: number | null = null;
  #last: { readonly sha256: string; readonly at: number } | null = null;
  #wake = Promise.withResolvers<void>();
  #opened: StandbyBoard | null = null;

  constructor(deps: StandbyDeps) {
    this.#deps = deps;
  }

  /**
   * Throws FaultError `moved-away` when another host has the worker. Call it with the lease, before
   * the account connects.
   */
  async assertHere(): Promise<void> {
    if (!this.#isOn()) return;
    const { worker, host } = this.#deps;
    const owner = await (await this.#board()).find(worker);
    if (owner !== null && owner.host !== host) throw new FaultError(movedAway(owner.host));
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Turns it on or off. Throws AppError `redis-away`, `hosts-one`. */
  async set(on: boolean): Promise<void> {
    const { store, worker, host, hosts } = this.#deps;
    if (on && hosts === "one")
      throw new AppError(
        "hosts-one",
        "This host has HOSTS=one. Set HOSTS=several on all hosts, then try again.",
      );
    if (!on) await (await this.#board()).drop(worker, host);
    store.floating.set(on);
    this.#written = null;
    if (on) await this.#write();
  }

  /** Writes at once, such as after a login. */
  soon(): void {
    this.#wake.resolve();
  }

  async close(): Promise<void> {
    this.#over.abort();
    this.#wake.resolve();
    await this.#running;
    // What was delivered since the last record need not be asked for again.
    if (this.#isOn()) await this.#write().catch(() => {});
    this.#opened?.close();
  }

  async #board(): Promise<StandbyBoard> {
    if (this.#opened) return this.#opened;
    this.#opened = this.#deps.openBoard();
    await withTimeout(this.#opened.ready(this.#over.signal), READY_MS, () => redisAway("hangs"));
    return this.#opened;
  }

  async #run(): Promise<void> {
    const { signal } = this.#over;
    const { log, everyMs = EVERY_MS } = this.#deps;
    while (!signal.aborted) {
      try {
        if (this.#isOn()) await this.#write();
      } catch (error) {
        log.debug({ cause: toError(error).message }, "standby record not written");
      }
      await Promise.race([this.#wake.promise, sleep(everyMs, signal).catch(() => {})]);
      this.#wake = Promise.withResolvers();
    }
  }

  #isOn(): boolean {
    return this.#deps.hosts === "several" && this.#deps.store.floating.isOn();
  }

  /** Without a change only the row is written, which says who has the worker. */
  async #write(): Promise<void> {
    const { store, worker, host, clock } = this.#deps;
    const writes = store.writes();
    const record = writes === this.#written ? null : store.standbyRecord();
    if (record) this.#last = { sha256: digestOf(record), at: clock.now() };
    if (this.#last === null) return;
    const owner = { worker, host, ...this.#last, desired: "running" } as const;
    const other = await (await this.#board()).put(owner, record);
    if (other !== null) return this.#deps.leave(movedAway(other));
    if (record) this.#written = writes;
  }
}

function movedAway(host: HostId): Fault {
  return {
    class: "IN_USE",
    code: "moved-away",
    message: `${host} took this worker over while this host was not heard.`,
  };
}

import { AppError, type Clock, Moment, systemClock } from "@flotilla/kernel";
import type { SelfUser } from "@flotilla/session-store";
import { AccountCalls } from "../calls/account-calls.ts";
import { type DeviceInfo, fetchDevices, logOut } from "../calls/devices.ts";
import { FileCentres } from "../calls/file-centres.ts";
import { FloodGate } from "../link/flood-gate.ts";
import { keepAlive } from "../link/keep-alive.ts";
import { Link } from "../link/link.ts";
import { fetchSelf } from "../link/self.ts";
import { CONTESTED_TIMINGS, type ConnectionTimings, DEFAULT_TIMINGS } from "../link/timings.ts";
import type { CaughtUp, EngineCounts } from "../updates/engine-types.ts";
import type { QuietChat } from "../updates/listening.ts";
import { UpdateStream } from "../updates/stream.ts";
import { classify } from "../wire/classify.ts";
import { linkLost } from "../wire/fault.ts";
import type { ConnectionOptions } from "./connection-options.ts";
import { type ConnectionState, type ConnectionStatus, initialStatus } from "./connection-status.ts";
import { failedAgain, isDoubted, NO_FAILURES, nextStep } from "./retry.ts";
import { isOfNetwork, RetryDelay } from "./retry-delay.ts";

/**
 * Keeps one account connected: a fresh client per attempt, never two at once, and none after the
 * server said that the key is dead. Stores all messages of an outage in the inbox before it is
 * `ready`. Does not log in.
 */
export class AccountConnection {
  /** Send budget and flood waits. */
  readonly gate: FloodGate;
  /** The retry delay, which the supervisor may hold or end for all connections of a host. */
  readonly retryDelay: RetryDelay;
  /** Calls that write. */
  readonly calls: AccountCalls;
  readonly #options: ConnectionOptions;
  readonly #timings: ConnectionTimings;
  readonly #clock: Clock;
  #status: ConnectionStatus;
  #failures = NO_FAILURES;
  readonly #stream: UpdateStream;
  readonly #files: FileCentres;
  #success: Moment | null = null;
  #message: Moment | null = null;
  #link: Link | null = null;
  #abort = new AbortController();
  #running: Promise<void> | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#timings = {
      ...DEFAULT_TIMINGS,
      ...(options.contested ? CONTESTED_TIMINGS : {}),
      ...options.timings,
    };
    this.#clock = options.clock ?? systemClock;
    this.retryDelay = new RetryDelay(this.#clock);
    this.#status = initialStatus(options.store, this.#clock.now());
    this.gate = options.gate ?? new FloodGate({ table: options.store.flood, clock: this.#clock });
    const { store, mayAct = () => true } = options;
    const link = (): Link => this.#openOne();
    const signal = (): AbortSignal => this.#abort.signal;
    this.#files = new FileCentres({
      ...options,
      gate: this.gate,
      timings: this.#timings,
      home: link,
    });
    this.calls = new AccountCalls({
      store,
      gate: this.gate,
      mayAct,
      link,
      files: this.#files,
      signal,
    });
    this.#stream = this.#createStream();
  }

  status(): ConnectionStatus {
    const [lastSuccessAt, lastMessageAt] = [this.#success?.at ?? null, this.#message?.at ?? null];
    return { ...this.#status, lastSuccessAt, lastMessageAt };
  }

  /** Counters of the update stream. */
  updateCounts(): EngineCounts {
    return this.#stream.counts();
  }

  /** Quiet chats, and the time of the last check in milliseconds since the epoch. */
  quietChats(): { readonly checkedAt: number | null; readonly chats: readonly QuietChat[] } {
    return this.#stream.quiet();
  }

  /** Connects, and reconnects until `stop`. Does nothing while it runs. */
  start(): void {
    if (this.#running) return;
    this.#abort = new AbortController();
    this.#failures = NO_FAILURES;
    this.#running = this.#run(this.#abort.signal).finally(() => {
      this.#running = null;
    });
  }

  /** Disconnects and resolves when the socket is closed, within milliseconds. Idempotent. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all([this.#link?.stop(), this.#files.stop()]);
    await this.#running;
    if (this.#status.state !== "stopped") this.#enter("stopped", { nextTryAt: null, fault: null });
  }

  /**
   * Proves by a call that the account works. An answer that the session ended leads to `dead`.
   * AppError `not-connected`.
   */
  async check(): Promise<SelfUser> {
    const link = this.#openOne();
    try {
      const self = await this.#verify(link);
      this.#patch({ self });
      return self;
    } catch (error) {
      const fault = classify(error);
      // A new connection asks again; without one, no other call would.
      if (
        isDoubted(fault) ||
        nextStep(fault, failedAgain(NO_FAILURES, fault), this.#timings).kind === "dead"
      )
        await link.stop(linkLost("refused", error));
      throw error;
    }
  }

  /** Every login of the account, this one first. AppError `not-connected`. */
  async devices(): Promise<readonly DeviceInfo[]> {
    return await fetchDevices(this.#openOne());
  }

  /** After `dead`: asks Telegram again, with fresh counters. Does nothing while it runs. */
  again(): void {
    if (this.#status.state === "dead") this.start();
  }

  /**
   * Logs the session out at Telegram. The next answer then leads to `dead`, also to a later call.
   * AppError `not-connected`.
   */
  async logOut(): Promise<void> {
    const link = this.#openOne();
    await logOut(link);
    // The end of the session is expected: its first report counts.
    this.#failures = { ...this.#failures, fatal: Number.POSITIVE_INFINITY };
    await this.check().catch(() => {});
    // Without an answer to the check this link would stay: the server answers pings without a login
    // too.
    await link.stop(linkLost("refused"));
  }

  /** The open link. Throws AppError `not-connected`. */
  #openOne(): Link {
    const { state } = this.#status;
    if (this.#link && (state === "ready" || state === "catching-up")) return this.#link;
    throw new AppError("not-connected", "There is no connection to Telegram at the moment.");
  }

  async #run(signal: AbortSignal): Promise<void> {
    const stopping = (): boolean => signal.aborted;
    while (!stopping()) {
      const error = await this.#attempt(signal);
      if (stopping()) return;
      const fault = classify(error);
      this.#failures = failedAgain(this.#failures, fault);
      const step = nextStep(fault, this.#failures, this.#timings);
      this.#options.log("warn", "telegram link ended", {
        class: fault.class,
        code: fault.code,
        attempt: this.#failures.all,
      });
      if (step.kind === "dead")
        return this.#enter("dead", { fault, attempt: this.#failures.all, nextTryAt: null });
      this.#enter("waiting", {
        fault,
        attempt: this.#failures.all,
        nextTryAt: this.#clock.now() + step.delayMs,
      });
      await this.retryDelay.wait(step.delayMs, isOfNetwork(fault), signal);
    }
  }

  /**
   * Runs one link from its first packet to its end. Resolves with the reason of the end; never
   * rejects.
   */
  async #attempt(signal: AbortSignal): Promise<unknown> {
    this.#enter("connecting", { nextTryAt: null });
    let link: Link | undefined;
    let following: Promise<void> | undefined;
    let alive: Promise<void> | undefined;
    try {
      link = this.#openLink();
      await link.connect();
      alive = keepAlive(link, {
        ...this.#timings,
        trafficMark: () => this.#status.lastTrafficAt,
        onAnswer: () => this.#succeeded(),
      });
      const self = await this.#verify(link);
      if (signal.aborted) return linkLost("stopped");
      this.#enter("catching-up", { self, fault: null });
      const readyAt = this.#clock.monotonicMs();
      following = this.#stream.follow(link);
      await alive;
      if (this.#clock.monotonicMs() - readyAt >= this.#timings.stableMs)
        this.#failures = { ...NO_FAILURES, fatal: this.#failures.fatal };
      return await link.ended;
    } catch (error) {
      return error;
    } finally {
      await Promise.all([link?.stop(), this.#files.stop()]);
      await Promise.all([alive, following]);
      this.#link = null;
    }
  }

  #openLink(): Link {
    const { store } = this.#options;
    if (!store.hasKey || store.inLogin)
      throw new AppError("no-key", "This session is not logged in.");
    // Opens no link while the account has to wait.
    this.gate.check("users.getUsers", "");
    this.#link = new Link(store, { ...this.#options, gate: this.gate }, this.#timings, {
      traffic: () => this.#patch({ lastTrafficAt: this.#clock.now() }),
      updates: (update) => this.#stream.pushed(update),
      answered: (request, answer) => this.#stream.answered(request, answer),
      undecodable: () => {
        this.#options.log("warn", "the server sent something this version cannot read");
        this.#stream.doubt();
      },
      newSession: () => this.#stream.doubt(),
    });
    return this.#link;
  }

  /** Asks for the own account and checks that it is the expected one. */
  async #verify(link: Link): Promise<SelfUser> {
    const self = await fetchSelf(link);
    this.#failures = { ...this.#failures, fatal: 0 };
    this.#options.store.refreshSelf(self);
    this.#succeeded();
    return self;
  }

  #createStream(): UpdateStream {
    const { store, log, on, wants = () => false, updateTimings = {} } = this.#options;
    return new UpdateStream({
      store,
      log,
      wants,
      clock: this.#clock,
      timings: updateTimings,
      on: {
        caughtUp: (result) => this.#caughtUp(result),
        trouble: (trouble) => this.#guard(() => on.trouble(trouble)),
        arrived: () => {
          this.#message = new Moment(this.#clock);
          this.#patch({ messages: this.#stream.counts().received });
          this.#guard(() => on.arrived());
        },
      },
    });
  }

  #caughtUp(result: CaughtUp): void {
    const reconnects = this.#status.connects > 0 ? this.#status.reconnects + 1 : 0;
    this.#guard(() => this.#options.on.caughtUp(result));
    // A restart that missed no messages keeps the report of the outage before it.
    const caughtUp = result.missed > 0 ? result : this.#status.caughtUp;
    this.#enter("ready", {
      fault: null,
      connects: this.#status.connects + 1,
      reconnects,
      caughtUp,
    });
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.log("error", "a handler failed", { code: classify(error).code });
    }
  }

  #succeeded(): void {
    this.#success = new Moment(this.#clock);
  }

  #patch(change: Partial<ConnectionStatus>): void {
    this.#status = { ...this.#status, ...change };
  }

  #enter(to: ConnectionState, change: Partial<ConnectionStatus>): void {
    const from = this.#status.state;
    this.#patch({ ...change, state: to, since: this.#clock.now() });
    this.#guard(() => this.#options.on.state({ from, to, status: this.status() }));
  }
}

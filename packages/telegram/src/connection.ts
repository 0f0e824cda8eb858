import { AppError, type Clock, sleep, systemClock } from "@flotilla/kernel";
import type { SelfUser, SessionStore } from "@flotilla/session-store";
import { classify } from "./classify.ts";
import {
  type ConnectionState,
  type ConnectionStatus,
  type ConnectionTimings,
  DEFAULT_TIMINGS,
  type StateChange,
} from "./connection-status.ts";
import { linkLost } from "./fault.ts";
import { keepAlive } from "./keep-alive.ts";
import { Link } from "./link.ts";
import { type Failures, nextStep } from "./retry.ts";
import { fetchSelf } from "./self.ts";
import type { AccountOptions } from "./types.ts";
import type { CaughtUp, EngineCounts, EngineTimings, UpdateTrouble } from "./updates/engine-types.ts";
import { UpdateStream } from "./updates/stream.ts";

/** Options of {@link AccountConnection}. */
export interface ConnectionOptions extends AccountOptions {
  readonly store: SessionStore;
  readonly on: {
    state(change: StateChange): void;
    /** There are new rows in the inbox (`store.updates`). */
    arrived(): void;
    /** Everything that came while there was no connection is in the inbox now, or lost; comes before `ready`. */
    caughtUp(result: CaughtUp): void;
    /** Trouble with the messages of one chat, or messages that are lost. */
    trouble(trouble: UpdateTrouble): void;
  };
  /** Chats whose messages are kept with their text until somebody dealt with them (docs/safety.md); default: none. */
  readonly wants?: (chat: string) => boolean;
  readonly timings?: Partial<ConnectionTimings>;
  readonly updateTimings?: Partial<EngineTimings>;
  readonly clock?: Clock;
}

/**
 * Keeps one account connected: a fresh client per attempt, never two at once, and never again after the server said that
 * the key is dead. Whatever is said to the account while it is away is in the inbox before it is `ready`. Does not log in.
 */
export class AccountConnection {
  readonly #options: ConnectionOptions;
  readonly #timings: ConnectionTimings;
  readonly #clock: Clock;
  #status: ConnectionStatus;
  #failures: Failures = { all: 0, unknownKey: 0 };
  readonly #stream: UpdateStream;
  #link: Link | null = null;
  #abort = new AbortController();
  #running: Promise<void> | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#timings = { ...DEFAULT_TIMINGS, ...options.timings };
    this.#clock = options.clock ?? systemClock;
    this.#status = {
      state: "idle",
      self: options.store.self(),
      since: this.#clock.now(),
      connects: 0,
      reconnects: 0,
      lastTrafficAt: null,
      lastSuccessAt: null,
      lastMessageAt: null,
      messages: 0,
      caughtUp: null,
      attempt: 0,
      nextTryAt: null,
      fault: null,
    };
    this.#stream = this.#createStream();
  }

  status(): ConnectionStatus {
    return this.#status;
  }

  /** Numbers of the update stream since the process started. */
  updateCounts(): EngineCounts {
    return this.#stream.counts();
  }

  /** Starts connecting and keeps at it. Does nothing while it runs. */
  start(): void {
    if (this.#running) return;
    this.#abort = new AbortController();
    this.#failures = { all: 0, unknownKey: 0 };
    this.#running = this.#run(this.#abort.signal).finally(() => {
      this.#running = null;
    });
  }

  /** Ends everything and resolves when the socket is closed, within milliseconds. Idempotent. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#link?.stop();
    await this.#running;
    if (this.#status.state !== "stopped") this.#enter("stopped", { nextTryAt: null, fault: null });
  }

  /**
   * Proves by a real call that the account works. AppError `not-connected` without a connection. An answer that means the end of the
   * session takes the connection to `dead`.
   */
  async check(): Promise<SelfUser> {
    const link = this.#link;
    if (!link || (this.#status.state !== "ready" && this.#status.state !== "catching-up")) {
      throw new AppError("not-connected", "There is no connection to Telegram at the moment.");
    }
    try {
      const self = await this.#verify(link);
      this.#patch({ self });
      return self;
    } catch (error) {
      if (nextStep(classify(error), { all: 1, unknownKey: 1 }, this.#timings).kind === "dead")
        await link.stop(linkLost("refused", error));
      throw error;
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const stopping = (): boolean => signal.aborted;
    while (!stopping()) {
      const error = await this.#attempt(signal);
      if (stopping()) return;
      const fault = classify(error);
      this.#failures = {
        all: this.#failures.all + 1,
        unknownKey: fault.code === "unknown-key" ? this.#failures.unknownKey + 1 : 0,
      };
      const step = nextStep(fault, this.#failures, this.#timings);
      this.#options.log("warn", "telegram link ended", { class: fault.class, code: fault.code, attempt: this.#failures.all });
      if (step.kind === "dead") return this.#enter("dead", { fault, attempt: this.#failures.all, nextTryAt: null });
      this.#enter("waiting", { fault, attempt: this.#failures.all, nextTryAt: this.#clock.now() + step.delayMs });
      await sleep(step.delayMs, signal).catch(() => {});
    }
  }

  /** One link from its first packet to its end. Resolves with what ended it; never rejects. */
  async #attempt(signal: AbortSignal): Promise<unknown> {
    this.#enter("connecting", { nextTryAt: null });
    let link: Link | undefined;
    let following: Promise<void> | undefined;
    try {
      link = this.#openLink();
      await link.connect();
      const self = await this.#verify(link);
      if (signal.aborted) return linkLost("stopped");
      this.#enter("catching-up", { self, fault: null });
      const readyAt = this.#clock.monotonicMs();
      following = this.#stream.follow(link);
      await keepAlive(link, {
        ...this.#timings,
        lastTrafficAt: () => this.#status.lastTrafficAt,
        onAnswer: () => this.#patch({ lastSuccessAt: this.#clock.now() }),
      });
      if (this.#clock.monotonicMs() - readyAt >= this.#timings.stableMs) this.#failures = { all: 0, unknownKey: 0 };
      return await link.ended;
    } catch (error) {
      return error;
    } finally {
      await link?.stop();
      await following;
      this.#link = null;
    }
  }

  #openLink(): Link {
    const { store } = this.#options;
    if (!store.hasKey || store.inLogin) throw new AppError("no-key", "This session is not logged in.");
    this.#link = new Link(store, this.#options, this.#timings, {
      traffic: () => {
        this.#patch({ lastTrafficAt: this.#clock.now() });
      },
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

  /** Who are we, and is it still the same account? */
  async #verify(link: Link): Promise<SelfUser> {
    const self = await fetchSelf(link);
    this.#options.store.refreshSelf(self);
    this.#patch({ lastSuccessAt: this.#clock.now() });
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
          this.#patch({ messages: this.#stream.counts().received, lastMessageAt: this.#clock.now() });
          this.#guard(() => on.arrived());
        },
      },
    });
  }

  #caughtUp(result: CaughtUp): void {
    const reconnects = this.#status.connects > 0 ? this.#status.reconnects + 1 : 0;
    this.#guard(() => this.#options.on.caughtUp(result));
    const caughtUp = result.first ? null : result;
    this.#enter("ready", { fault: null, connects: this.#status.connects + 1, reconnects, caughtUp });
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.log("error", "a handler failed", { code: classify(error).code });
    }
  }

  #patch(change: Partial<ConnectionStatus>): void {
    this.#status = { ...this.#status, ...change };
  }

  #enter(to: ConnectionState, change: Partial<ConnectionStatus>): void {
    const from = this.#status.state;
    this.#patch({ ...change, state: to, since: this.#clock.now() });
    this.#guard(() => this.#options.on.state({ from, to, status: this.#status }));
  }
}

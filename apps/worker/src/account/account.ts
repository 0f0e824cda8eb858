import {
  type Fault,
  FaultError,
  type LinkStatus,
  type LossReason,
  type ReportedState,
  type SupervisorToWorker,
} from "@flotilla/contracts";
import { type Clock, systemClock } from "@flotilla/kernel";
import type { SelfUser, SessionStore } from "@flotilla/session-store";
import {
  type AccountCalls,
  AccountConnection,
  type AccountOptions,
  type CaughtUp,
  type ConnectionOptions,
  type ConnectionStatus,
  type DeviceInfo,
  type StateChange,
  type UpdateTrouble,
} from "@flotilla/telegram";
import type { AccountListener } from "./account-listener.ts";
import { Parking, reportedState } from "./account-state.ts";
import { summary } from "./account-summary.ts";
import { sourcesStatus } from "./sources-status.ts";
import { streamNumbers } from "./stream-numbers.ts";

/** A status message to the supervisor. */
export interface AccountReport {
  readonly state: ReportedState;
  readonly fault: Fault | null;
  readonly link: LinkStatus;
}

/** Options of the account; `timings` say when an answer that ends the session counts. */
export type WorkerAccountOptions = AccountOptions & Pick<ConnectionOptions, "timings" | "clock">;

/** Least interval between two status messages that report new messages. */
const NEWS_MS = 250;
/** Longest delay of a timer: `setTimeout` takes at most 24 days. */
const MAX_TIMER_MS = 24 * 60 * 60_000;
/** Log icons by connection state (promise S2-54). */
const ICONS: Readonly<Record<StateChange["to"], string>> = {
  idle: "🔍",
  connecting: "🔌",
  "catching-up": "🔍",
  ready: "✅",
  waiting: "🔄",
  dead: "🔑",
  stopped: "🔌",
};

/** The worker's account: connected while it has a key and the lease, and no login runs. */
export class Account {
  readonly #store: SessionStore;
  readonly #connection: AccountConnection;
  readonly #report: (report: AccountReport) => void;
  readonly #log: AccountOptions["log"];
  readonly #listener: AccountListener;
  #failures = 0;
  readonly #clock: Clock;
  #loggingIn = false;
  /** Why this account may not be on Telegram now. */
  #away: Fault | null = null;
  #trouble: Fault | null = null;
  /** Reason of the last lost messages. */
  #why: LossReason = "unreadable";
  readonly #parking = new Parking();
  #timer: NodeJS.Timeout | undefined;
  #news: NodeJS.Timeout | undefined;

  constructor(
    store: SessionStore,
    options: WorkerAccountOptions,
    report: (report: AccountReport) => void,
    listener: AccountListener,
  ) {
    this.#store = store;
    this.#listener = listener;
    this.#report = report;
    this.#log = options.log;
    this.#clock = options.clock ?? systemClock;
    this.#connection = new AccountConnection({
      ...options,
      store,
      wants: (chat) => listener.wants(chat),
      on: {
        state: (change) => this.#onState(change),
        arrived: () => {
          this.#news ??= setTimeout(() => this.tell(), NEWS_MS).unref();
          listener.arrived();
        },
        caughtUp: (result) => this.#onCaughtUp(result),
        trouble: (trouble) => this.#onTrouble(trouble),
      },
    });
  }

  get calls(): AccountCalls {
    return this.#connection.calls;
  }

  /** Lifts the stop after PEER_FLOOD, when an admin resumes sending. Flood waits stay. */
  resumeSending(): void {
    this.#connection.gate.resume();
  }

  /** Connects, or waits for a login when the session has no key. */
  start(): void {
    this.#loggingIn = false;
    if (this.#store.hasKey && this.#away === null) this.#connection.start();
    this.tell();
  }

  /** Leaves Telegram for a login. Resolves when the socket is closed. */
  async pauseForLogin(): Promise<void> {
    this.#loggingIn = true;
    await this.#connection.stop();
    this.tell();
  }

  /** Leaves Telegram until {@link resume}, because of `why`. Resolves when the socket is closed. */
  async leave(why: Fault): Promise<void> {
    this.#away = why;
    await this.#connection.stop();
    this.tell();
  }

  /** Ends {@link leave}: connects again unless a login runs. */
  resume(): void {
    this.#away = null;
    if (this.#loggingIn) this.tell();
    else this.start();
  }

  /** Replaces the connection. */
  async reconnect(): Promise<void> {
    await this.#connection.stop();
    if (!this.#loggingIn && this.#away === null) this.start();
  }

  /** The supervisor's order for the whole host: `hold` without a network, else `go`. */
  network(order: SupervisorToWorker["order"]): void {
    this.#connection.retryDelay[order]();
  }

  /** True while the connection reports ready; a dead connection may report it too. */
  get connected(): boolean {
    return this.#connection.status().state === "ready";
  }

  /** Leaves Telegram. Resolves when the socket is closed. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#connection.stop();
    clearTimeout(this.#news);
  }

  /**
   * Makes a real call. Connects once more when Telegram had ended the session. Throws Telegram's
   * answer, or AppError `not-connected`.
   */
  async check(): Promise<SelfUser> {
    if (this.#connection.status().state === "dead") await this.#askAgain();
    const self = await this.#connection.check();
    this.tell();
    return self;
  }

  /** Resolves when Telegram accepts the session; throws FaultError with its answer otherwise. */
  async #askAgain(): Promise<void> {
    const answer = Promise.withResolvers<ConnectionStatus>();
    this.#answers.add(answer.resolve);
    this.#connection.again();
    const { fault } = await answer.promise;
    if (fault) throw new FaultError(fault);
  }
  readonly #answers = new Set<(status: ConnectionStatus) => void>();

  /** Every login of the account. Throws Telegram's answer, or AppError `not-connected`. */
  async devices(): Promise<readonly DeviceInfo[]> {
    return await this.#connection.devices();
  }

  /** Logs this session out; the worker then needs a new login. Throws as {@link devices}. */
  async logOut(): Promise<void> {
    await this.#connection.logOut();
    this.tell();
  }

  /** Sets or clears (null) the fault of an unwritable session file, which degrades the worker. */
  setTrouble(fault: Fault | null): void {
    this.#trouble = fault;
    this.tell();
  }

  /** Sends the present state to the supervisor. */
  tell(): void {
    clearTimeout(this.#news);
    this.#news = undefined;
    const status = this.#connection.status();
    const flood = this.#connection.gate.status();
    const parkedUntil = this.#parking.until(flood, this.#clock.now());
    this.#tellAt(parkedUntil);
    const { loggingIn, away, trouble } = {
      loggingIn: this.#loggingIn,
      away: this.#away,
      trouble: this.#trouble,
    };
    const sendStop = flood.stopped?.reason ?? null;
    const what = {
      loggingIn,
      away,
      trouble,
      sendStop,
      hasKey: this.#store.hasKey,
      isParked: parkedUntil !== null,
    };
    this.#report({ ...reportedState(status, what), link: this.#link(status) });
  }

  #onState(change: StateChange): void {
    const { fault, nextTryAt } = change.status;
    if (change.to === "waiting" || change.to === "dead") this.#failures += 1;
    if (change.to !== "connecting" && change.to !== "catching-up") {
      for (const told of this.#answers) told(change.status);
      this.#answers.clear();
    }
    this.#log("info", `${ICONS[change.to]} connection ${change.from} → ${change.to}`, {
      cause: fault?.code ?? null,
      nextTryAt,
    });
    this.tell();
    if (change.to === "ready") this.#listener.ready();
  }

  #onTrouble(trouble: UpdateTrouble): void {
    this.#log("warn", "trouble with missed messages", { ...trouble });
    if (trouble.kind !== "lost") {
      this.tell();
      return;
    }
    this.#why = trouble.why;
    // During catch-up the loss belongs to the outage, which is reported as a whole.
    if (this.connected)
      this.#listener.lost({ lost: trouble.count, why: trouble.why, outage: null });
  }

  #onCaughtUp({ first, ...outage }: CaughtUp): void {
    const { missed, recovered, lost } = outage;
    if (!first && missed > 0)
      this.#log("info", `🔍 missed ${missed}, recovered ${recovered}, lost ${lost}`);
    if (lost > 0) this.#listener.lost({ lost, why: this.#why, outage });
  }

  #link(status: ConnectionStatus): LinkStatus {
    const { reconnects, lastSuccessAt, lastMessageAt, messages, attempt, nextTryAt } = status;
    const self = status.self ?? this.#store.self();
    const account = self && summary(self);
    const link = {
      account,
      reconnects,
      failures: this.#failures,
      lastSuccessAt,
      lastMessageAt,
      messages,
      attempt,
      nextTryAt,
    };
    const { sources } = this.#store.updates;
    const numbers = streamNumbers(status, this.#connection.gate.status(), sources.closedCount());
    return {
      ...link,
      ...numbers,
      sources: sourcesStatus(this.#store, this.#listener.sources(), this.#connection.quietChats()),
      way: this.#listener.proxy(),
    };
  }

  /** Schedules a status message for the end of a wait. */
  #tellAt(until: number | null): void {
    clearTimeout(this.#timer);
    if (until === null) return;
    this.#timer = setTimeout(
      () => this.tell(),
      Math.min(Math.max(0, until - this.#clock.now()) + 10, MAX_TIMER_MS),
    );
    this.#timer.unref();
  }
}

import {
  type Fault,
  FaultError,
  type LinkStatus,
  type LossReason,
  type ReportedState,
  type SupervisorToWorker,
} from "@flotilla/contracts";
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
import { Parking, reportedState } from "./account-state.ts";
import { summary } from "./account-summary.ts";
import type { Feed } from "./feed.ts";
import { sourcesStatus } from "./sources-status.ts";
import { streamNumbers } from "./stream-numbers.ts";

/** What the worker tells its supervisor. */
export interface AccountReport {
  readonly state: ReportedState;
  readonly fault: Fault | null;
  readonly link: LinkStatus;
}

/** The account, and when an answer that it ended counts. */
export type WorkerAccountOptions = AccountOptions & Pick<ConnectionOptions, "timings">;

/** Of messages that come one after the other the supervisor hears this often. */
const NEWS_MS = 250;
/** A timer can be set for 24 days at most. */
const MAX_TIMER_MS = 24 * 60 * 60_000;
/** Of a change of the connection (promise S2-54). */
const ICONS: Readonly<Record<StateChange["to"], string>> = {
  idle: "🔍",
  connecting: "🔌",
  "catching-up": "🔍",
  ready: "✅",
  waiting: "🔄",
  dead: "🔑",
  stopped: "🔌",
};

/** The account of this worker: connected whenever its session has a key and no login is under way. */
export class Account {
  readonly #store: SessionStore;
  readonly #connection: AccountConnection;
  readonly #report: (report: AccountReport) => void;
  readonly #log: AccountOptions["log"];
  readonly #feed: Feed;
  #failures = 0;
  #loggingIn = false;
  /** Why this account may not be on Telegram for now. */
  #away: Fault | null = null;
  #trouble: Fault | null = null;
  /** Why messages could not be had, the last time. */
  #why: LossReason = "unreadable";
  readonly #parking = new Parking();
  #timer: NodeJS.Timeout | undefined;
  #news: NodeJS.Timeout | undefined;

  constructor(store: SessionStore, options: WorkerAccountOptions, report: (report: AccountReport) => void, feed: Feed) {
    this.#store = store;
    this.#feed = feed;
    this.#report = report;
    this.#log = options.log;
    this.#connection = new AccountConnection({
      ...options,
      store,
      wants: (chat) => feed.wants(chat),
      on: {
        state: (change) => this.#onState(change),
        arrived: () => {
          this.#news ??= setTimeout(() => this.tell(), NEWS_MS).unref();
          feed.arrived();
        },
        caughtUp: (result) => this.#onCaughtUp(result),
        trouble: (trouble) => this.#onTrouble(trouble),
      },
    });
  }

  /** Calls for this account; see `AccountCalls`. */
  get calls(): AccountCalls {
    return this.#connection.calls;
  }

  /** An admin wants it to send again after PEER_FLOOD. Waits that Telegram asked for stay. */
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

  /** Leaves Telegram because it may not be there for now. Resolves when the socket is closed. */
  async leave(why: Fault): Promise<void> {
    this.#away = why;
    await this.#connection.stop();
    this.tell();
  }

  /** It may be on Telegram again. */
  resume(): void {
    this.#away = null;
    if (this.#loggingIn) this.tell();
    else this.start();
  }

  /** A new connection in place of this one. */
  async reconnect(): Promise<void> {
    await this.#connection.stop();
    if (!this.#loggingIn && this.#away === null) this.start();
  }

  /** The supervisor sees all connections of this host: hold, because there is no network, or go. */
  network(order: SupervisorToWorker["order"]): void {
    this.#connection.retryDelay[order]();
  }

  /** It claims to be connected. */
  get connected(): boolean {
    return this.#connection.status().state === "ready";
  }

  /** Leaves Telegram. Resolves when the socket is closed. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#connection.stop();
    clearTimeout(this.#news);
  }

  /** A real call; for an account that Telegram called ended it asks again. Throws what Telegram answered, or AppError `not-connected`. */
  async check(): Promise<SelfUser> {
    if (this.#connection.status().state === "dead") await this.#askAgain();
    const self = await this.#connection.check();
    this.tell();
    return self;
  }

  /** Resolves when Telegram lets the account in; throws FaultError with its answer when it does not. */
  async #askAgain(): Promise<void> {
    const answer = Promise.withResolvers<ConnectionStatus>();
    this.#answers.add(answer.resolve);
    this.#connection.again();
    const { fault } = await answer.promise;
    if (fault) throw new FaultError(fault);
  }
  readonly #answers = new Set<(status: ConnectionStatus) => void>();

  /** Every login of the account. Throws what Telegram answered, or AppError `not-connected`. */
  async devices(): Promise<readonly DeviceInfo[]> {
    return await this.#connection.devices();
  }

  /** Ends this login at Telegram; the worker needs a new one then. Throws as {@link devices}. */
  async logOut(): Promise<void> {
    await this.#connection.logOut();
    this.tell();
  }

  /** The session file cannot be written to at present (a fault), or can again (null): a connected worker is degraded by it. */
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
    const parkedUntil = this.#parking.until(flood, Date.now());
    this.#tellAt(parkedUntil);
    const { loggingIn, away, trouble } = { loggingIn: this.#loggingIn, away: this.#away, trouble: this.#trouble };
    const sendStop = flood.stopped?.reason ?? null;
    const what = { loggingIn, away, trouble, sendStop, hasKey: this.#store.hasKey, isParked: parkedUntil !== null };
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
    if (change.to === "ready") this.#feed.ready();
  }

  #onTrouble(trouble: UpdateTrouble): void {
    this.#log("warn", "trouble with missed messages", { ...trouble });
    if (trouble.kind !== "lost") {
      this.tell();
      return;
    }
    this.#why = trouble.why;
    // While it catches up it is part of an outage, which is told as a whole.
    if (this.connected) this.#feed.lost({ lost: trouble.count, why: trouble.why, outage: null });
  }

  #onCaughtUp({ first, ...outage }: CaughtUp): void {
    const { missed, recovered, lost } = outage;
    if (!first && missed > 0) this.#log("info", `🔍 missed ${missed}, recovered ${recovered}, lost ${lost}`);
    if (lost > 0) this.#feed.lost({ lost, why: this.#why, outage });
  }

  #link(status: ConnectionStatus): LinkStatus {
    const { reconnects, lastSuccessAt, lastMessageAt, messages, attempt, nextTryAt } = status;
    const self = status.self ?? this.#store.self();
    const account = self && summary(self);
    const link = { account, reconnects, failures: this.#failures, lastSuccessAt, lastMessageAt, messages, attempt, nextTryAt };
    const { sources } = this.#store.updates;
    const numbers = streamNumbers(status, this.#connection.gate.status(), sources.closedCount());
    return {
      ...link,
      ...numbers,
      sources: sourcesStatus(this.#store, this.#feed.sources(), this.#connection.quietChats()),
      way: this.#feed.way(),
    };
  }

  /** A wait ends by itself: then there is something to tell. */
  #tellAt(until: number | null): void {
    clearTimeout(this.#timer);
    if (until === null) return;
    this.#timer = setTimeout(() => this.tell(), Math.min(Math.max(0, until - Date.now()) + 10, MAX_TIMER_MS));
    this.#timer.unref();
  }
}

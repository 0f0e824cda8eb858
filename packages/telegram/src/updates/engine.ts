import { AppError, LoopShare, sleep } from "@flotilla/kernel";
import { TelegramClock } from "@flotilla/session-store";
import { ACCOUNT } from "../wire/box.ts";
import { Aside } from "./aside.ts";
import type { EngineCounts, EngineOptions, Meanwhile } from "./engine-types.ts";
import { Gaps } from "./gaps.ts";
import { Intake } from "./intake.ts";
import { Ledger } from "./ledger.ts";
import { Listening, type QuietChat } from "./listening.ts";
import type { Envelope, UpdateServer } from "./model.ts";
import { Questions } from "./questions.ts";
import { Sweep } from "./sweep.ts";
import { Todo } from "./todo.ts";

/** Waiting envelopes above which a difference is cheaper than handling them. */
const MAX_QUEUE = 10_000;
/** Milliseconds of envelopes handled before the event loop gets a turn. */
const SLICE_MS = 20;
/** Longest sleep in milliseconds; timers are limited to 24 days, and waking up costs nothing. */
const MAX_SLEEP_MS = 60_000;

/**
 * Receives an account's updates without missing any (https://core.telegram.org/api/updates,
 * docs/updates.md). One loop does everything in turn, so that two differences of one box never run
 * at once, and no position moves before its commit succeeds.
 *
 * Use: `run` once per connection, `feed` with everything that the server sends during it.
 */
export class UpdateEngine {
  readonly #options: EngineOptions;
  readonly #ledger: Ledger;
  readonly #todo: Todo;
  readonly #aside: Aside;
  readonly #intake: Intake;
  readonly #listening = new Listening();
  readonly #reading = new Set<string>();
  #queue: Envelope[] = [];
  /** Caught up, and still connected. */
  #hears = false;
  /** When it last was, by the monotonic clock; null: not in this process. */
  #leftAt: number | null = null;
  #running = false;
  #wake = Promise.withResolvers<void>();
  #telegramClock: TelegramClock | null = null;
  #heardAt = 0;
  #differences = 0;
  #sweptAt: number | null = null;
  /**
   * Updates pushed while the engine did not listen appear in no difference: it asks the chats
   * themselves.
   */
  #mustSweep = true;
  #sweepFound = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#ledger = new Ledger(options);
    this.#todo = new Todo(options.timings.retryMs);
    this.#aside = new Aside(options.timings.retryMs);
    const gaps = new Gaps(options.timings.gapMs);
    this.#intake = new Intake({
      ledger: this.#ledger,
      todo: this.#todo,
      gaps,
      aside: this.#aside,
      reading: this.#reading,
      options,
    });
  }

  counts(): EngineCounts {
    const { received, recovered, lost } = this.#ledger;
    const [differences, sweptAt, sweepFound] = [this.#differences, this.#sweptAt, this.#sweepFound];
    return { received, recovered, lost, differences, sweptAt, sweepFound };
  }

  /** Quiet chats, and the time of the last check in milliseconds since the epoch. */
  quiet(): { readonly checkedAt: number | null; readonly chats: readonly QuietChat[] } {
    const { sources } = this.#options.table;
    return {
      checkedAt: this.#listening.checkedAt,
      chats: this.#listening.quiet((chat) => sources.get(chat)),
    };
  }

  /**
   * Takes what the server sent, in the order of arrival, and the updates in answers to own calls.
   * Never throws.
   */
  feed(envelope: Envelope): void {
    if (!this.#running) return;
    this.#queue.push(envelope);
    this.#wake.resolve();
  }

  /** Something may be missing: the server started a new session, or sent something unreadable. */
  doubt(): void {
    this.#todo.add([ACCOUNT]);
    this.#wake.resolve();
  }

  /**
   * Catches up, calls `on.caughtUp`, and follows the stream until `signal` aborts. Rejects when the
   * connection allows no further request, and with AppError `sqlite-*` when the store fails: no
   * position has moved, and the next run continues there.
   */
  async run(server: UpdateServer, signal: AbortSignal): Promise<void> {
    if (this.#running)
      throw new AppError("engine-running", "The update engine is running already.");
    this.#running = true;
    const stop = (): void => this.#wake.resolve();
    signal.addEventListener("abort", stop);
    try {
      const telegramClock = this.#reset();
      const mine = {
        ledger: this.#ledger,
        options: this.#options,
        todo: this.#todo,
        aside: this.#aside,
      };
      const meanwhile = this.#meanwhile(signal, () => questions);
      const parts = { ...mine, server, signal, meanwhile };
      const asked = (): void => {
        this.#differences += 1;
      };
      const questions: Questions = new Questions({ ...parts, intake: this.#intake, asked });
      const telegramNow = (): number => telegramClock.now();
      const sweep = new Sweep({ ...parts, questions, listening: this.#listening, telegramNow });
      await this.#catchUp(questions, sweep, signal);
      await this.#follow(questions, sweep, signal);
    } catch (error) {
      if (signal.aborted) return;
      // The connection may live on, and the server counts what it pushes until the next run as
      // received.
      this.#mustSweep = true;
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#running = false;
      if (this.#hears) this.#leftAt = this.#now();
      this.#hears = false;
      this.#queue = [];
    }
  }

  #reset(): TelegramClock {
    this.#ledger.load();
    // The date on disk is of another time: it is no news.
    this.#telegramClock ??= new TelegramClock(
      this.#options.clock,
      () => this.#ledger.known?.date ?? null,
    );
    this.#todo.clear();
    this.#queue = [];
    this.#reading.clear();
    this.#heardAt = this.#now();
    return this.#telegramClock;
  }

  async #catchUp(questions: Questions, sweep: Sweep, signal: AbortSignal): Promise<void> {
    const from = this.#ledger.known?.date ?? null;
    const { recovered, lost } = this.#ledger;
    if (from === null) await questions.begin();
    this.#todo.add([ACCOUNT]);
    while (!signal.aborted) {
      await this.#work(questions, signal);
      // A chat that waits for its turn, because of a flood wait, does not delay the others.
      if (!this.#todo.boxes.has(ACCOUNT) && this.#queue.length === 0 && !questions.isDue()) break;
      if (this.#queue.length === 0 && !questions.isDue())
        await this.#sleepUntil(this.#todo.nextAt());
    }
    if (signal.aborted) return;
    if (from !== null && this.#mustSweep) await this.#sweep(sweep);
    if (signal.aborted) return;
    const found = { recovered: this.#ledger.recovered - recovered, lost: this.#ledger.lost - lost };
    const endedAt = this.#options.clock.now();
    // The server said its date a moment ago.
    this.#telegramClock?.now();
    // Both dates are Telegram's, and both are whole seconds: this host's clock may be wrong, and
    // the difference is at most this.
    const silentS = from === null ? null : Math.max(0, this.#ledger.account.date - from - 1);
    const beganAt = silentS === null ? null : endedAt - silentS * 1000;
    const offlineMs = this.#leftAt === null ? null : this.#now() - this.#leftAt;
    const missed = found.recovered + found.lost;
    if (beganAt !== null) this.#options.table.addOutage({ ...found, beganAt, endedAt });
    this.#hears = true;
    this.#options.on.caughtUp({
      beganAt,
      endedAt,
      offlineMs,
      ...found,
      missed,
      first: beganAt === null,
    });
  }

  async #follow(questions: Questions, sweep: Sweep, signal: AbortSignal): Promise<void> {
    const { idleMs, sweepEveryMs, deafEveryMs } = this.#options.timings;
    let sweepAt = this.#now() + sweepEveryMs;
    let deafAt = this.#now() + deafEveryMs;
    while (!signal.aborted) {
      await this.#work(questions, signal);
      const idleAt = this.#heardAt + idleMs;
      await this.#sleepUntil(
        Math.min(idleAt, sweepAt, deafAt, this.#todo.nextAt(), this.#intake.nextAt()),
      );
      const now = this.#now();
      if (signal.aborted) return;
      if (now >= this.#heardAt + idleMs) {
        this.#heardAt = now;
        this.#todo.add([ACCOUNT]);
      }
      if (now >= sweepAt) {
        await this.#drain(signal);
        this.#sweepFound += await this.#sweep(sweep);
        sweepAt = this.#now() + sweepEveryMs;
      }
      if (now >= deafAt) {
        await this.#drain(signal);
        this.#sweepFound += await sweep.quiet();
        deafAt = this.#now() + deafEveryMs;
      }
    }
  }

  async #sweep(sweep: Sweep): Promise<number> {
    this.#ledger.hold();
    const found = await sweep.all();
    this.#sweptAt = this.#options.clock.now();
    this.#mustSweep = false;
    return found;
  }

  /** Sends due requests and handles received envelopes until both are done. */
  async #work(questions: Questions, signal: AbortSignal): Promise<void> {
    do {
      await this.#drain(signal);
      this.#intake.expire();
      if (!questions.isDue()) continue;
      this.#ledger.hold();
      await questions.ask();
      this.#todo.tidy(this.#now());
      this.#heardAt = this.#now();
    } while (!signal.aborted && (this.#queue.length > 0 || questions.isDue()));
    if (signal.aborted) return;
    this.#intake.retry();
    if (this.#intake.isSettled()) this.#ledger.settle();
  }

  async #drain(signal: AbortSignal): Promise<void> {
    const share = new LoopShare(SLICE_MS, this.#options.clock);
    while (this.#queue.length > 0 && !signal.aborted) {
      if (this.#queue.length > MAX_QUEUE) this.#intake.skip(this.#queue.splice(0));
      const [envelope] = this.#queue;
      if (!envelope) break;
      await this.#intake.take(envelope);
      this.#queue.shift();
      this.#heardAt = this.#now();
      await share.turn();
    }
    this.#intake.retry();
  }

  /**
   * For slow requests: the loop waits for them while pushed updates are handled. Between two pages
   * of one history other boxes are asked, one after another.
   */
  #meanwhile(signal: AbortSignal, questions: () => Questions): Meanwhile {
    let isInside = false;
    const step = async (mayAsk: boolean): Promise<void> => {
      // The position of a new account is unknown.
      if (!this.#ledger.known) return;
      await this.#drain(signal);
      if (!mayAsk || isInside) return;
      isInside = true;
      try {
        for (
          this.#intake.expire();
          !signal.aborted && questions().isDue();
          await this.#drain(signal)
        )
          await questions().ask();
      } finally {
        isInside = false;
      }
    };
    return {
      reading: this.#reading,
      answered: async (answer) => {
        let isOver = false;
        const ended = answer.finally(() => {
          isOver = true;
          this.#wake.resolve();
        });
        ended.catch(() => {});
        for (await step(false); !isOver && !signal.aborted; await step(false))
          await this.#sleepUntil(Number.POSITIVE_INFINITY);
        if (!isOver) signal.throwIfAborted();
        return await ended;
      },
      pass: async (delayMs) => {
        const at = this.#now() + delayMs;
        const isOver = (): boolean => signal.aborted || this.#now() >= at;
        for (await step(true); !isOver(); await step(true))
          await this.#sleepUntil(isInside ? at : Math.min(at, this.#intake.nextAt()));
        signal.throwIfAborted();
      },
    };
  }

  async #sleepUntil(at: number): Promise<void> {
    const ms = Math.min(at - this.#now(), MAX_SLEEP_MS);
    if (ms <= 0) return;
    const woken = new AbortController();
    // Returns at once when the promise was resolved meanwhile.
    void this.#wake.promise.then(() => woken.abort());
    await sleep(ms, woken.signal).catch(() => {});
    this.#wake = Promise.withResolvers();
  }

  #now(): number {
    return this.#options.clock.monotonicMs();
  }
}

import { markedChannel, sleep } from "@flotilla/kernel";
import { ACCOUNT } from "../wire/box.ts";
import type { Aside } from "./aside.ts";
import { Backfill } from "./backfill.ts";
import { type Asked, Differences } from "./difference.ts";
import type { EngineParts } from "./engine-types.ts";
import type { Intake } from "./intake.ts";
import { reasonOf } from "./judge.ts";
import type { Verdict } from "./model.ts";
import { CHECK, lookedAt, lookKey, RESET, type Todo } from "./todo.ts";

/**
 * Consecutive refusals with unknown error codes, and consecutive server troubles, after which a
 * channel is set aside.
 */
const REFUSED_TRIES = 5;
const LATER_TRIES = 12;
/**
 * Consecutive answers without progress after which the position of the box is read in another way.
 */
const STUCK_TRIES = 5;
/** Channels looked up at once. */
const LOOK_BATCH = 100;

interface Deps extends EngineParts {
  readonly todo: Todo;
  readonly aside: Aside;
  readonly intake: Pick<Intake, "isAhead">;
  /** Called before each request. */
  readonly asked: () => void;
}

/** Sends the due requests, one at a time, and decides what a refusal means. */
export class Questions {
  readonly backfill: Backfill;
  readonly #deps: Deps;
  readonly #differences: Differences;
  /** Channels without progress that were reported. */
  readonly #told = new Set<string>();
  #isChecked = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.backfill = new Backfill(deps);
    this.#differences = new Differences(deps, this.backfill);
  }

  /**
   * Reads the position of a new account; retries until it succeeds. Rejects when no request is
   * possible any more.
   */
  async begin(): Promise<void> {
    const { options, todo, signal } = this.#deps;
    todo.add([RESET]);
    while (todo.boxes.has(RESET)) {
      await this.#try(RESET, async () => {
        await this.backfill.begin();
        todo.done(RESET);
      });
      if (todo.boxes.has(RESET))
        await sleep(Math.max(0, todo.nextAt() - options.clock.monotonicMs()), signal);
    }
  }

  /** Whether a request may be sent now. */
  isDue(): boolean {
    return this.#due() !== null;
  }

  /** Excludes boxes that are being asked or read. */
  #due(): string | null {
    const { todo, meanwhile } = this.#deps;
    return todo.due(this.#now(), (key) => !meanwhile.reading.has(lookedAt(key) ?? key));
  }

  /** Sends one due request. Rejects when no request is possible any more, or the store fails. */
  async ask(): Promise<void> {
    const { todo } = this.#deps;
    const key = this.#due();
    if (key === null) return;
    const looks =
      lookedAt(key) === null || todo.tries(key) > 0 ? [] : todo.dueLooks(this.#now(), LOOK_BATCH);
    const keys = new Set([key, ...looks]);
    this.#deps.asked();
    todo.begin(keys);
    try {
      await this.#try(key, () => this.#ask(key, [...keys]));
    } finally {
      todo.end(keys);
    }
  }

  async #ask(key: string, keys: readonly string[]): Promise<void> {
    const { todo } = this.#deps;
    if (lookedAt(key) !== null) return await this.#look(keys);
    if (key === CHECK) return await this.#check();
    if (key === RESET) {
      const found = await this.#differences.reset();
      todo.done(RESET);
      // A box without progress takes the server's current position: nothing more can be read from
      // its own.
      if (todo.tries(ACCOUNT) >= STUCK_TRIES) this.#rest(ACCOUNT);
      else todo.add([ACCOUNT]);
      return this.#found(found);
    }
    const isAccount = key === ACCOUNT;
    const askedAt = this.#now();
    const { found, next, isIll } = isAccount
      ? await this.#differences.account()
      : await this.#differences.channel(key);
    this.#found(found);
    if (isIll) todo.restAll(this.#now() + this.#deps.options.timings.paceMs);
    // An answer that claims to be complete and leaves a gap as it was is no progress either.
    const isStuck =
      next === "stuck" || (next === "done" && this.#deps.intake.isAhead(key, askedAt));
    if (isStuck) return await this.#stuck(key);
    todo.worked(key);
    if (next !== "done") return;
    this.#rest(key);
    if (!isAccount) this.#deps.ledger.reopen(markedChannel(key));
    this.#deps.aside.answered(key);
    if (!isAccount) return;
    if (!this.#isChecked) todo.add([CHECK]);
    this.#isChecked = true;
    if (todo.boxes.has(CHECK)) todo.rest(CHECK, this.#now() + this.#deps.options.timings.paceMs);
  }

  /** A box is asked at most once a second, except for the next part after progress. */
  #rest(key: string): void {
    const { todo, options } = this.#deps;
    todo.done(key);
    todo.rest(key, this.#now() + options.timings.paceMs);
  }

  #found({ want, look }: Asked["found"]): void {
    this.#deps.todo.add(want);
    this.#deps.todo.add([...look].map(lookKey));
  }

  /** Looks up the positions of channels, several at once unless one of them was refused before. */
  async #look(keys: readonly string[]): Promise<void> {
    const { todo, aside, ledger } = this.#deps;
    const channels = keys.flatMap((each) => lookedAt(each) ?? []);
    try {
      todo.add(await this.backfill.look(channels));
    } catch (error) {
      // One of them is the reason; the answer does not say which.
      const { kind } = this.#deps.options.judge(error);
      if (keys.length > 1 && (kind === "closed" || kind === "refused" || kind === "undecodable"))
        for (const each of keys) todo.failed(each, this.#now(), null);
      else throw error;
      return;
    }
    for (const each of keys) todo.done(each);
    for (const channel of channels) {
      // An answer without it is requested again, after growing pauses: its pushed updates still
      // wait.
      if (ledger.channel(channel) === undefined) aside.refused(channel, this.#now());
      else aside.answered(channel);
    }
  }

  /** With a position ahead of the server's every new update would look old. */
  async #check(): Promise<void> {
    const { todo, ledger, server, options } = this.#deps;
    const { pts } = await server.state();
    todo.done(CHECK);
    todo.rest(ACCOUNT, this.#now() + options.timings.paceMs);
    todo.rest(CHECK, this.#now() + (options.timings.retryMs.at(-1) ?? 0));
    if (pts >= ledger.account.pts) return;
    options.log("error", "the position was ahead of the server's", {
      box: ACCOUNT,
      ahead: ledger.account.pts - pts,
    });
    todo.add([RESET]);
  }

  /** Handles repeated answers without progress. */
  async #stuck(key: string): Promise<void> {
    const { todo, ledger, options, aside } = this.#deps;
    todo.failed(key, this.#now(), null);
    options.log("warn", "answers about missed updates bring no progress", {
      box: key,
      tries: todo.tries(key),
    });
    if (todo.tries(key) < (aside.has(key) ? 1 : STUCK_TRIES)) return;
    if (key === ACCOUNT) return todo.add([RESET]);
    const before = ledger.channel(key);
    await this.backfill.channelReset(key);
    if (ledger.channel(key) === before && !this.#told.has(key))
      ledger.close(markedChannel(key), "NO_PROGRESS");
    this.#told.add(key);
    aside.refused(key, this.#now());
    this.#rest(key);
  }

  async #try(key: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const verdict = this.#deps.options.judge(error);
      if (verdict.kind === "fatal") throw error;
      await this.#refused(key, verdict);
    }
  }

  async #refused(key: string, verdict: Exclude<Verdict, { kind: "fatal" }>): Promise<void> {
    const { todo, options } = this.#deps;
    const isChannel = key !== ACCOUNT && key !== RESET && key !== CHECK;
    const channel = lookedAt(key) ?? key;
    options.log("warn", "a request for missed updates was refused", {
      box: key,
      verdict: verdict.kind,
    });
    if (isChannel && verdict.kind === "closed") return this.#setAside(key, verdict.reason);
    if (verdict.kind === "stale" && key === ACCOUNT) return todo.add([RESET]);
    if (verdict.kind === "stale" && isChannel && todo.tries(key) === 0) {
      todo.failed(key, this.#now(), null);
      return await this.#try(key, async () => {
        await this.backfill.channelReset(channel);
        this.#rest(key);
      });
    }
    todo.failed(key, this.#now(), verdict.kind === "later" ? verdict.waitMs : null);
    // A flood wait is no refusal: it states its own end.
    if (verdict.kind === "later" && verdict.waitMs !== null) return;
    const most = verdict.kind === "later" ? LATER_TRIES : REFUSED_TRIES;
    if (todo.tries(key) < (this.#deps.aside.has(channel) ? 1 : most)) return;
    if (isChannel) this.#setAside(key, reasonOf(verdict));
    else if (key === CHECK) todo.done(CHECK);
    else if (key === ACCOUNT && verdict.kind !== "later") todo.add([RESET]);
  }

  /**
   * A channel set aside blocks no other box. Its messages are taken as they come, and it is asked
   * again after one, or at the next sweep.
   */
  #setAside(key: string, reason: string): void {
    const { todo, ledger, aside } = this.#deps;
    const channel = lookedAt(key) ?? key;
    ledger.close(markedChannel(channel), reason);
    aside.refused(channel, this.#now());
    todo.done(channel);
    todo.done(lookKey(channel));
  }

  #now(): number {
    return this.#deps.options.clock.monotonicMs();
  }
}

import { markedChannel, sleep } from "@flotilla/kernel";
import { ACCOUNT } from "../wire/box.ts";
import type { Aside } from "./aside.ts";
import { Backfill } from "./backfill.ts";
import { type Asked, Differences } from "./difference.ts";
import type { EngineParts } from "./engine-types.ts";
import type { Intake } from "./intake.ts";
import type { Verdict } from "./model.ts";
import { CHECK, lookedAt, lookKey, RESET, type Todo } from "./todo.ts";

/** A channel is set aside when it was refused so often in a row, with unknown error codes; or when the server was in trouble with it so often. */
const REFUSED_TRIES = 5;
const LATER_TRIES = 12;
/** So many answers in a row that lead nowhere; then where the box stands is asked in another way. */
const STUCK_TRIES = 5;
/** So many channels are looked up at once. */
const LOOK_BATCH = 100;

interface Deps extends EngineParts {
  readonly todo: Todo;
  readonly aside: Aside;
  readonly intake: Pick<Intake, "isAhead">;
  /** Something is asked. */
  readonly asked: () => void;
}

/** Asks the server what is on the list, one question at a time, and decides what a refusal means. */
export class Questions {
  readonly backfill: Backfill;
  readonly #deps: Deps;
  readonly #differences: Differences;
  /** Channels that were said to lead nowhere. */
  readonly #told = new Set<string>();
  #isChecked = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.backfill = new Backfill(deps);
    this.#differences = new Differences(deps, this.backfill);
  }

  /** Learns where a new account stands; goes on until it works. Rejects when nothing can be asked any more. */
  async begin(): Promise<void> {
    const { options, todo, signal } = this.#deps;
    todo.add([RESET]);
    while (todo.boxes.has(RESET)) {
      await this.#try(RESET, async () => {
        await this.backfill.begin();
        todo.done(RESET);
      });
      if (todo.boxes.has(RESET)) await sleep(Math.max(0, todo.nextAt() - options.clock.monotonicMs()), signal);
    }
  }

  /** Whether there is something that may be asked now. */
  isDue(): boolean {
    return this.#due() !== null;
  }

  /** What is being asked, or read, is not asked a second time. */
  #due(): string | null {
    const { todo, meanwhile } = this.#deps;
    return todo.due(this.#now(), (key) => !meanwhile.reading.has(lookedAt(key) ?? key));
  }

  /** Asks one thing that is due. Rejects when nothing can be asked any more, or nothing stored. */
  async ask(): Promise<void> {
    const { todo } = this.#deps;
    const key = this.#due();
    if (key === null) return;
    const looks = lookedAt(key) === null || todo.tries(key) > 0 ? [] : todo.dueLooks(this.#now(), LOOK_BATCH);
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
      // A box that led nowhere before stands where the server says now: nothing more can be read from it.
      if (todo.tries(ACCOUNT) >= STUCK_TRIES) this.#rest(ACCOUNT);
      else todo.add([ACCOUNT]);
      return this.#found(found);
    }
    const isAccount = key === ACCOUNT;
    const askedAt = this.#now();
    const { found, next, isIll } = isAccount ? await this.#differences.account() : await this.#differences.channel(key);
    this.#found(found);
    if (isIll) todo.restAll(this.#now() + this.#deps.options.timings.paceMs);
    // An answer that says "that is all" and leaves a gap as it was leads nowhere either.
    const isStuck = next === "stuck" || (next === "done" && this.#deps.intake.isAhead(key, askedAt));
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

  /** No box is asked more than once a second, except for the next part of an answer that led on. */
  #rest(key: string): void {
    const { todo, options } = this.#deps;
    todo.done(key);
    todo.rest(key, this.#now() + options.timings.paceMs);
  }

  #found({ want, look }: Asked["found"]): void {
    this.#deps.todo.add(want);
    this.#deps.todo.add([...look].map(lookKey));
  }

  /** Finds out where channels stand; several at once, unless one of them was refused before. */
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
      // An answer that does not name it is asked for again, but with longer and longer pauses: what was pushed of it still waits.
      if (ledger.channel(channel) === undefined) aside.refused(channel, this.#now());
      else aside.answered(channel);
    }
  }

  /** A position beyond the server's would make everything that comes look old. */
  async #check(): Promise<void> {
    const { todo, ledger, server, options } = this.#deps;
    const { pts } = await server.state();
    todo.done(CHECK);
    todo.rest(ACCOUNT, this.#now() + options.timings.paceMs);
    todo.rest(CHECK, this.#now() + (options.timings.retryMs.at(-1) ?? 0));
    if (pts >= ledger.account.pts) return;
    options.log("error", "our position was beyond the server's", { box: ACCOUNT, ahead: ledger.account.pts - pts });
    todo.add([RESET]);
  }

  /** The same answer again and again is no way forward. */
  async #stuck(key: string): Promise<void> {
    const { todo, ledger, options, aside } = this.#deps;
    todo.failed(key, this.#now(), null);
    options.log("warn", "an answer about missed updates leads nowhere", { box: key, tries: todo.tries(key) });
    if (todo.tries(key) < (aside.has(key) ? 1 : STUCK_TRIES)) return;
    if (key === ACCOUNT) return todo.add([RESET]);
    const before = ledger.channel(key);
    await this.backfill.channelReset(key);
    if (ledger.channel(key) === before && !this.#told.has(key)) ledger.close(markedChannel(key), "NO_PROGRESS");
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
    options.log("warn", "a question about missed updates was refused", { box: key, verdict: verdict.kind });
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
    // A wait is no refusal: it says itself when it ends.
    if (verdict.kind === "later" && verdict.waitMs !== null) return;
    const enough = this.#deps.aside.has(channel) ? 1 : verdict.kind === "later" ? LATER_TRIES : REFUSED_TRIES;
    if (todo.tries(key) < enough) return;
    if (isChannel) this.#setAside(key, "reason" in verdict ? verdict.reason : verdict.kind.toUpperCase());
    else if (key === CHECK) todo.done(CHECK);
    else if (key === ACCOUNT && verdict.kind !== "later") todo.add([RESET]);
  }

  /** It holds nothing else up. Its messages are taken as they come, and it is asked again when there are some, or at the next sweep. */
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

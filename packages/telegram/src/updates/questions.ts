import { markedChannel, sleep } from "@flotilla/kernel";
import { Backfill } from "./backfill.ts";
import { Differences } from "./difference.ts";
import type { EngineParts } from "./engine-types.ts";
import { ACCOUNT, type Verdict } from "./model.ts";
import { lookedAt, lookKey, RESET, type Todo } from "./todo.ts";

interface Deps extends EngineParts {
  readonly todo: Todo;
}

/** Asks the server what is on the list, one thing at a time, and decides what a refusal means. */
export class Questions {
  readonly backfill: Backfill;
  readonly #deps: Deps;
  readonly #differences: Differences;

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
      await this.#try(RESET, () => this.backfill.begin());
      if (todo.boxes.has(RESET)) await sleep(Math.max(0, todo.nextAt() - options.clock.monotonicMs()), signal);
    }
  }

  /** Whether there is something that may be asked now. */
  isDue(): boolean {
    return this.#deps.todo.due(this.#deps.options.clock.monotonicMs()) !== null;
  }

  /** Asks one thing that is due. Rejects when nothing can be asked any more, or nothing stored. */
  async ask(): Promise<void> {
    const { todo, options } = this.#deps;
    const key = todo.due(options.clock.monotonicMs());
    if (key !== null) await this.#try(key, () => this.#ask(key));
  }

  async #ask(key: string): Promise<void> {
    const { todo } = this.#deps;
    const look = lookedAt(key);
    if (look !== null) return todo.add(await this.backfill.look([look]));
    if (key !== RESET && key !== ACCOUNT) return await this.#differences.channel(key);
    const found = key === RESET ? await this.#differences.reset() : await this.#differences.account();
    if (key === RESET) todo.add([ACCOUNT]);
    todo.add(found.want);
    for (const channel of found.look) todo.add([lookKey(channel)]);
  }

  async #try(key: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#deps.todo.done(key);
    } catch (error) {
      const verdict = this.#deps.options.judge(error);
      if (verdict.kind === "fatal") throw error;
      await this.#refused(key, verdict);
    }
  }

  async #refused(key: string, verdict: Exclude<Verdict, { kind: "fatal" }>): Promise<void> {
    const { todo, options, ledger } = this.#deps;
    const isChannel = key !== ACCOUNT && key !== RESET;
    options.log("warn", "a question about missed updates was refused", { box: key, verdict: verdict.kind });
    if (verdict.kind === "closed" && isChannel) {
      ledger.close(markedChannel(lookedAt(key) ?? key), verdict.reason);
      return todo.done(key);
    }
    if (verdict.kind === "stale" && key === ACCOUNT) return todo.add([RESET]);
    if (verdict.kind === "stale" && isChannel) return await this.#try(key, () => this.backfill.channelReset(key));
    todo.failed(key, options.clock.monotonicMs(), verdict.kind === "later" ? verdict.waitMs : null);
  }
}

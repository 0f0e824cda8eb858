import { ACCOUNT } from "../wire/box.ts";
import type { Aside } from "./aside.ts";
import type { EngineOptions } from "./engine-types.ts";
import type { Gaps } from "./gaps.ts";
import type { Ledger } from "./ledger.ts";
import type { Envelope } from "./model.ts";
import { reduce, type Special, type Step, toAsk } from "./reduce.ts";
import { CHECK, lookKey, RESET, type Todo } from "./todo.ts";

/** Most messages older than the position that are checked per envelope. */
const MAX_SUSPECTS = 20;

interface IntakeParts {
  readonly reading: ReadonlySet<string>;
  readonly ledger: Ledger;
  readonly todo: Todo;
  readonly gaps: Gaps;
  readonly aside: Aside;
  readonly options: EngineOptions;
}

/**
 * Takes pushed updates: commits those that fit, holds those that came too early, and notes the
 * requests to make.
 */
export class Intake {
  readonly #ledger: Ledger;
  readonly #todo: Todo;
  readonly #gaps: Gaps;
  readonly #aside: Aside;
  readonly #reading: ReadonlySet<string>;
  readonly #options: EngineOptions;

  constructor({ ledger, todo, gaps, aside, reading, options }: IntakeParts) {
    this.#reading = reading;
    this.#ledger = ledger;
    this.#todo = todo;
    this.#gaps = gaps;
    this.#aside = aside;
    this.#options = options;
  }

  /** True = no update is known to be missing. */
  isSettled(): boolean {
    return (
      this.#todo.boxes.size === 0 && this.#gaps.updates().length === 0 && this.#reading.size === 0
    );
  }

  /** Rejects with AppError `sqlite-*`; then no position has moved. */
  async take(envelope: Envelope): Promise<void> {
    const step = reduce(this.#ledger.positions, envelope, this.#special());
    this.#noteQuestions(step);
    // Boxes without room for held updates get a difference.
    for (const { box } of this.#gaps.hold(step.gaps, this.#now())) this.#ask(box);
    this.#suspect(step);
    if (this.isSettled()) this.#ledger.settle();
    else this.#ledger.hold();
    await this.#ledger.commitInParts(step, "pushed");
    this.#ledger.commit({ events: step.beside }, "beside");
  }

  #special(): Special {
    return {
      wanted: this.#todo.boxes,
      aside: this.#aside.resting(this.#now()),
      reading: this.#reading,
    };
  }

  #noteQuestions({ want, look, reset }: Pick<Step, "want" | "look" | "reset">): void {
    this.#todo.add(want);
    if (reset) this.#todo.add([RESET]);
    this.#todo.add([...look].map(lookKey));
  }

  /**
   * A message older than the position that is not in the inbox: the position may be ahead of the
   * server's.
   */
  #suspect({ old }: Step): void {
    for (const { box, messageId } of old.slice(0, MAX_SUSPECTS)) {
      if (this.#options.table.has(box, messageId)) continue;
      this.#todo.add([box === ACCOUNT ? CHECK : lookKey(box)]);
    }
  }

  /**
   * Requests differences for gaps that did not close. For an unknown channel it requests the
   * position only.
   */
  expire(): void {
    for (const box of this.#gaps.expired(this.#now())) if (!this.#reading.has(box)) this.#ask(box);
    if (this.#todo.boxes.has(ACCOUNT) && !this.#reading.has(ACCOUNT)) this.#gaps.drop(ACCOUNT);
  }

  #ask(box: string): void {
    const isUnknown = box !== ACCOUNT && this.#ledger.channel(box) === undefined;
    this.#todo.add([isUnknown ? lookKey(box) : box]);
  }

  /** Whether an update of a channel whose wait was over at that time is still ahead of it. */
  isAhead(channel: string, at: number): boolean {
    const pts = this.#ledger.channel(channel) ?? Number.POSITIVE_INFINITY;
    return this.#gaps.waited(channel, at).some((update) => update.pts - update.count > pts);
  }

  /** Time of the next {@link expire}, or Infinity. Monotonic milliseconds. */
  nextAt(): number {
    return this.#gaps.nextAt((box) => this.#todo.isAsking(box) || this.#reading.has(box));
  }

  /** Retries held updates: one may fit now, or be obsolete. Repeats while a position moves. */
  retry(): void {
    for (let before = -1; ; ) {
      const updates = this.#gaps.updates().filter(({ box }) => !this.#reading.has(box));
      if (updates.length === 0 || updates.length === before) return;
      before = updates.length;
      const envelope = { kind: "updates", seqStart: 0, seq: 0, date: 0, updates } as const;
      const step = reduce(this.#ledger.positions, envelope, this.#special());
      this.#ledger.commit(step, "pushed");
      this.#ledger.commit({ events: step.beside }, "beside");
      this.#gaps.keep(updates, step.gaps);
    }
  }

  /** Requests the boxes of these envelopes instead of taking them. */
  skip(envelopes: readonly Envelope[]): void {
    this.#noteQuestions(toAsk(this.#ledger.positions, envelopes));
  }

  #now(): number {
    return this.#options.clock.monotonicMs();
  }
}

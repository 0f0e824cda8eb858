import type { Database } from "@flotilla/sqlite";
import type { Bot } from "grammy";

/**
 * A life that ends before its n-th step: each call of the Bot API has one before and one after it,
 * each write to the database one before it.
 */
export class Life {
  readonly #diesAt: number;
  readonly #ended = Promise.withResolvers<void>();
  /** Resolves at its end. */
  readonly ended = this.#ended.promise;
  #steps = 0;
  #dead = false;
  #closed = false;

  /** `diesAt` 0: it does not. */
  constructor(diesAt: number) {
    this.#diesAt = diesAt;
  }

  /** It ended before its work was done. */
  get dead(): boolean {
    return this.#dead;
  }

  get #over(): boolean {
    return this.#dead || this.#closed;
  }

  /** Nothing has an effect from now on. */
  close(): void {
    this.#closed = true;
  }

  step(): void {
    if (this.#over) return;
    this.#steps += 1;
    if (this.#steps !== this.#diesAt) return;
    this.#dead = true;
    this.#ended.resolve();
  }

  /** From its end on nothing that this process asks for has an effect, and nothing is answered. */
  bind(bot: Bot, db: Database): void {
    bot.api.config.use(async (previous, method, payload, signal) => {
      if (method === "getUpdates")
        return this.#over ? await never() : await previous(method, payload, signal);
      this.step();
      if (this.#over) return await never();
      const answer = await previous(method, payload, signal);
      this.step();
      return this.#over ? await never() : answer;
    });
    let inside = false;
    const write = db.write.bind(db);
    db.write = (sql, params) => {
      if (!inside) this.step();
      return this.#over ? { changes: 0, lastId: 0 } : write(sql, params);
    };
    const transaction = db.transaction.bind(db) as <T>(work: () => T) => T;
    const once = <T>(...args: [work: () => T] | [name: string, work: () => T]): T => {
      const work = args.length === 2 ? args[1] : args[0];
      if (inside || this.#over) return work();
      this.step();
      inside = true;
      try {
        return this.#over ? work() : transaction(work);
      } finally {
        inside = false;
      }
    };
    db.transaction = once;
    const read = db.read.bind(db);
    db.read = (sql, params) => (this.#over ? [] : read(sql, params));
    const readOne = db.readOne.bind(db);
    db.readOne = (sql, params) => (this.#over ? undefined : readOne(sql, params));
  }
}

const never = <T>(): Promise<T> => new Promise(() => {});

import type { RunningBot } from "./compose.ts";

/** What runs before the bot (a standby, a rescue), and the bot that comes after it. */
export class Lives {
  readonly #before: AsyncDisposable;
  #bot: Promise<RunningBot> | null = null;
  #heard: unknown = null;
  #isClosed = false;

  constructor(before: AsyncDisposable) {
    this.#before = before;
  }

  /** Ends what runs before and starts the bot; rejects when that fails, resolves when the bot ends. */
  async follow(start: () => Promise<RunningBot>): RunningBot["ended"] {
    await this.#before[Symbol.asyncDispose]();
    if (this.#isClosed) return await new Promise<never>(() => {});
    this.#bot = start();
    const bot = await this.#bot;
    bot.hear(this.#heard);
    return await bot.ended;
  }

  /** The launcher says it once: before, and so to the bot after it. */
  hear(message: unknown): void {
    this.#heard = message;
    this.#bot?.then(
      (bot) => bot.hear(message),
      () => {}, // `ended` says it.
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#before[Symbol.asyncDispose]();
    const bot = await this.#bot?.catch(() => null);
    await bot?.close();
  }
}

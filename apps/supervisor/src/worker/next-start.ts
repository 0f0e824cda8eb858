import type { StartResult } from "./managed-worker-deps.ts";
import type { StartWindow } from "./start-window.ts";

/**
 * The automatic restart of a worker, after a delay and in its turn. An admin's start or stop
 * cancels it.
 */
export class NextStart {
  readonly #start: () => Promise<StartResult>;
  readonly #window: Pick<StartWindow, "take"> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #due: object | null = null;
  /** True while the worker waits for its first start. */
  isExpected = false;

  /** `window` limits how many starts run at once; absent: no limit. */
  constructor(start: () => Promise<StartResult>, window?: Pick<StartWindow, "take">) {
    this.#start = start;
    this.#window = window;
  }

  /** Schedules the restart; replaces an earlier one. */
  in(delayMs: number): void {
    this.forget();
    const due = {};
    this.#due = due;
    const start = async (): Promise<StartResult> =>
      this.#due === due ? await this.#start() : { kind: "ready" };
    const window = this.#window;
    this.#timer = setTimeout(() => (window ? window.take(start) : void start()), delayMs);
    this.#timer.unref();
  }

  /** Cancels the restart, also when it waits for its turn. */
  forget(): void {
    clearTimeout(this.#timer);
    this.#due = null;
    this.isExpected = false;
  }
}

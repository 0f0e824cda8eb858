import type { StartResult } from "./managed-worker-deps.ts";
import type { StartWindow } from "./start-window.ts";

/** The start of a worker that comes by itself: after a delay and in its turn, unless a person starts or stops the worker before. */
export class NextStart {
  readonly #start: () => Promise<StartResult>;
  readonly #window: Pick<StartWindow, "take"> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #due: object | null = null;
  /** The worker is wanted, and its first start comes. */
  isExpected = false;

  /** `window`: where it waits for its turn; absent: it does not. */
  constructor(start: () => Promise<StartResult>, window?: Pick<StartWindow, "take">) {
    this.#start = start;
    this.#window = window;
  }

  /** Takes the place of the one before. */
  in(delayMs: number): void {
    this.forget();
    const due = {};
    this.#due = due;
    const start = async (): Promise<StartResult> => (this.#due === due ? await this.#start() : { kind: "ready" });
    const window = this.#window;
    this.#timer = setTimeout(() => (window ? window.take(start) : void start()), delayMs);
    this.#timer.unref();
  }

  /** There is none any more, also when it waits for its turn already. */
  forget(): void {
    clearTimeout(this.#timer);
    this.#due = null;
    this.isExpected = false;
  }
}

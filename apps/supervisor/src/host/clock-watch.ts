export interface ClockWatchDeps {
  /** Milliseconds that this clock is ahead of that of Redis; null when Redis does not answer. */
  readonly ahead: () => Promise<number | null>;
  /** `detail` is signed seconds, such as `+86400 s`. */
  readonly tell: (over: boolean, detail: string) => void;
}

const LOOK_MS = 10_000;
/** A clock that differs from Redis by more than this raises an alert: times in the chat mislead. */
const APART_MS = 30_000;

/** A difference that changes by less is the time that Redis took to answer. */
const CHANGED_S = 5;

/**
 * Compares the clock of this host with the clock of Redis every 10 s. Reports a difference, its
 * changes of 5 s and more, and its end.
 */
export class ClockWatch implements Disposable {
  readonly #deps: ClockWatchDeps;
  readonly #timer: NodeJS.Timeout;
  /** What was told last, in seconds; null: the clocks agree. */
  #told: number | null = null;

  constructor(deps: ClockWatchDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
    this.#timer.unref();
    void this.look();
  }

  readonly problems = (): string[] =>
    this.#told === null ? [] : [`clock differs from that of Redis by ${detailOf(this.#told)}`];

  async look(): Promise<void> {
    const ahead = await this.#deps.ahead();
    if (ahead === null) return;
    const seconds = Math.round(ahead / 1000);
    const told = this.#told;
    this.#told = Math.abs(ahead) > APART_MS ? seconds : null;
    if (this.#told === null) {
      if (told !== null) this.#deps.tell(true, detailOf(told));
    } else if (told === null || Math.abs(seconds - told) >= CHANGED_S)
      this.#deps.tell(false, detailOf(seconds));
    else this.#told = told;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

function detailOf(seconds: number): string {
  return `${seconds > 0 ? "+" : ""}${seconds} s`;
}

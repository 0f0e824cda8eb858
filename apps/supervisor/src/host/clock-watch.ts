export interface ClockWatchDeps {
  /** Milliseconds that this clock is ahead of that of Redis; null when Redis does not answer. */
  readonly ahead: () => Promise<number | null>;
  /** `detail` is signed seconds, such as `+86400 s`. */
  readonly tell: (over: boolean, detail: string) => void;
}

const LOOK_MS = 10_000;
/** A clock that differs from Redis by more than this raises an alert: times in the chat mislead. */
const APART_MS = 30_000;

/**
 * Compares the clock of this host with the clock of Redis every 10 s. Reports a difference once,
 * and its end once.
 */
export class ClockWatch implements Disposable {
  readonly #deps: ClockWatchDeps;
  readonly #timer: NodeJS.Timeout;
  #told: string | null = null;

  constructor(deps: ClockWatchDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
    this.#timer.unref();
    void this.look();
  }

  readonly problems = (): string[] => (this.#told === null ? [] : [`clock differs from that of Redis by ${this.#told}`]);

  async look(): Promise<void> {
    const ahead = await this.#deps.ahead();
    if (ahead === null) return;
    const seconds = Math.round(ahead / 1000);
    const isApart = Math.abs(ahead) > APART_MS;
    if (isApart === (this.#told !== null)) return;
    const detail = `${seconds > 0 ? "+" : ""}${seconds} s`;
    this.#deps.tell(!isApart, this.#told ?? detail);
    this.#told = isApart ? detail : null;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

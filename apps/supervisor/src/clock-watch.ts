/** Parts of {@link ClockWatch}. */
export interface ClockWatchDeps {
  /** How far our clock is ahead of the one of Redis, in milliseconds; null: Redis does not say. */
  readonly ahead: () => Promise<number | null>;
  /** `detail` such as `+86400 s`. */
  readonly tell: (over: boolean, detail: string) => void;
}

const LOOK_MS = 10_000;
/** So far apart, times in the chat mislead. */
const APART_MS = 30_000;

/** A change by less than this is how long Redis took to answer. */
const CHANGED_S = 5;

/** Compares the clock of this host with the one of Redis, which all hosts and the bot can see. Told when it changes, and once it is over. */
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

  /** For the health endpoint. */
  readonly problems = (): string[] =>
    this.#told === null ? [] : [`clock differs from that of Redis by ${detailOf(this.#told)}`];

  /** Looks now. */
  async look(): Promise<void> {
    const ahead = await this.#deps.ahead();
    // A Redis that does not say changes nothing.
    if (ahead === null) return;
    const seconds = Math.round(ahead / 1000);
    const told = this.#told;
    this.#told = Math.abs(ahead) > APART_MS ? seconds : null;
    if (this.#told === null) {
      if (told !== null) this.#deps.tell(true, detailOf(told));
    } else if (told === null || Math.abs(seconds - told) >= CHANGED_S) this.#deps.tell(false, detailOf(seconds));
    else this.#told = told;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

function detailOf(seconds: number): string {
  return `${seconds > 0 ? "+" : ""}${seconds} s`;
}

/** One thing that was broken. `at`: milliseconds of the sandbox's clock. */
export interface FaultNote {
  readonly at: number;
  readonly text: string;
  /** What came of it so far; null: nothing can be seen of it. */
  readonly effect: string | null;
}

/** So many of the latest are kept. */
const KEPT = 30;

/** What was broken, newest first, and what came of each. */
export class FaultLog {
  readonly #now: () => number;
  #notes: { readonly at: number; readonly text: string; readonly effect: () => string | null }[] =
    [];

  /** `now`: milliseconds of the sandbox's clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Returns the text, for the one who asked. `effect` is looked at again whenever the log is read.
   */
  note(text: string, effect: (at: number) => string | null = () => null): string {
    const at = this.#now();
    this.#notes = [{ at, text, effect: () => effect(at) }, ...this.#notes].slice(0, KEPT);
    return text;
  }

  entries(): FaultNote[] {
    return this.#notes.map(({ at, text, effect }) => ({ at, text, effect: effect() }));
  }

  clear(): void {
    this.#notes = [];
  }
}

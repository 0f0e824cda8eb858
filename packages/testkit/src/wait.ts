import { toError } from "@flotilla/kernel";
import { realSetTimeout } from "./real-timers.ts";

/** How long and for what {@link waitFor} waits. */
export interface WaitOptions {
  /** Fails after this long. Default 45,000; a generous value costs nothing when the test is green. */
  readonly timeoutMs?: number;
  /** Pause between two looks. Default 10. */
  readonly intervalMs?: number;
  /** Completes the sentence "waited for …". Default: the condition's source text. */
  readonly what?: string;
}

/** What is left of a type once it was found to be true in a condition. */
export type Truthy<T> = Exclude<T, null | undefined | false | 0 | "">;

/**
 * Looks at `condition` until it returns something truthy, and returns that. A condition that throws counts as "not yet".
 * Works under vitest's fake timers too. Prefer an event where there is one; never a fixed sleep.
 * @throws Error with what was waited for, the last value and the last error
 */
export async function waitFor<T>(condition: () => T | Promise<T>, options: WaitOptions = {}): Promise<Truthy<T>> {
  const { timeoutMs = 45_000, intervalMs = 10, what = condition.toString().replace(/\s+/g, " ").slice(0, 200) } = options;
  const started = process.hrtime.bigint();
  const elapsedMs = (): number => Number(process.hrtime.bigint() - started) / 1e6;
  let last: { value: unknown } | { error: Error };
  let late = false;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as Truthy<T>;
      last = { value };
    } catch (thrown) {
      last = { error: toError(thrown) };
    }
    if (late) break;
    await new Promise<void>((resolve) => realSetTimeout(resolve, intervalMs));
    // On a busy machine this process may be the one that was late: look once more after the deadline.
    late = elapsedMs() >= timeoutMs;
  }
  const seen = "error" in last ? `last error: ${last.error.message}` : `last value: ${String(last.value)}`;
  throw new Error(`waited ${timeoutMs} ms for ${what}; ${seen}`, "error" in last ? { cause: last.error } : undefined);
}

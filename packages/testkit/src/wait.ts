import { toError } from "@flotilla/kernel";
import { realSetTimeout } from "./real-timers.ts";

/** Time limits and error text of {@link waitFor}. Times: milliseconds. */
export interface WaitOptions {
  /** Rejects after this time. Default 45,000; a high value costs nothing in a green test. */
  readonly timeoutMs?: number;
  /** Pause between two checks. Default 10. */
  readonly intervalMs?: number;
  /** Completes the sentence "waited for …". Default: the condition's source text. */
  readonly what?: string;
}

/** `T` without its falsy members. */
export type Truthy<T> = Exclude<T, null | undefined | false | 0 | "">;

/**
 * Calls `condition` until it returns a truthy value, and resolves with it. A condition that throws
 * counts as "not yet". Works under vitest's fake timers. Prefer an event where there is one; never
 * a fixed sleep.
 * @throws Error with `what`, the last value and the last error
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<Truthy<T>> {
  const {
    timeoutMs = 45_000,
    intervalMs = 10,
    what = condition.toString().replace(/\s+/g, " ").slice(0, 200),
  } = options;
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
    // On a busy machine this process itself may be late: check once more after the deadline.
    late = elapsedMs() >= timeoutMs;
  }
  const seen =
    "error" in last ? `last error: ${last.error.message}` : `last value: ${String(last.value)}`;
  throw new Error(
    `waited ${timeoutMs} ms for ${what}; ${seen}`,
    "error" in last ? { cause: last.error } : undefined,
  );
}

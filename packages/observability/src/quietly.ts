import type { Logger } from "./logger.ts";

/** The same trouble is written once in this time, whatever comes between. */
const AGAIN_MS = 60_000;
/** Texts that are remembered: some have a number in them that changes. */
const MOST = 50;

/**
 * Writes errors of a connection as warnings `what`, each text at most once a minute: a Redis that refuses writes answers with the same one many times
 * a second. `monotonicMs`: the time of a monotonic clock.
 */
export function quietly(
  log: Pick<Logger, "warn">,
  what: string,
  monotonicMs = (): number => performance.now(),
): (error: unknown) => void {
  const written = new Map<string, number>();
  return (error) => {
    const text = error instanceof Error ? error.message : String(error);
    const now = monotonicMs();
    if (now - (written.get(text) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return;
    written.delete(text);
    written.set(text, now);
    for (const oldest of written.keys()) {
      if (written.size <= MOST) break;
      written.delete(oldest);
    }
    log.warn({ err: error }, what);
  };
}

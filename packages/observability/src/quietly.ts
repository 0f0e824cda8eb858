import { type Clock, systemClock } from "@flotilla/kernel";
import type { PlainLog } from "./logger.ts";

/** Milliseconds in which the same text is logged at most once, whatever texts come between. */
const AGAIN_MS = 60_000;
/** Texts that are remembered at most: some contain a number that changes. */
const MOST = 50;

/**
 * Logs errors of a connection as warnings `what`, each text at most once a minute: a Redis that
 * refuses writes repeats the same error many times a second.
 */
export function quietly(
  log: Pick<PlainLog, "warn">,
  what: string,
  clock: Clock = systemClock,
): (error: unknown) => void {
  const written = new Map<string, number>();
  return (error) => {
    const text = error instanceof Error ? error.message : String(error);
    const now = clock.monotonicMs();
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

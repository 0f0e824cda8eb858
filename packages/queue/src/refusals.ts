import type { JobRefusal } from "@flotilla/contracts";
import { type Clock, systemClock } from "@flotilla/kernel";
import type { QueuePlace } from "./place.ts";

/** Milliseconds between two reports of the same refusal. */
const QUIET_MS = 60_000;

const REFUSED = "⛔ jobs refused: this fleet did not write them";
const TAKEN_ALONG =
  "unsigned jobs of version 0.1 were moved; after the first signed job, unsigned ones are refused";

/** Counts refusals and reports them: the first at once, then once a minute with their number. */
export class Refusals {
  readonly #tell: (refusal: JobRefusal) => void;
  readonly #clock: Clock;
  readonly #open = new Map<string, { toldAt: number; times: number; timer?: NodeJS.Timeout }>();

  constructor(tell: (refusal: JobRefusal) => void, clock: Clock = systemClock) {
    this.#tell = tell;
    this.#clock = clock;
  }

  /** For `QueuePlace.onRefused`. */
  readonly add = ({ queue, why, times }: JobRefusal): void => {
    const key = `${queue} ${why}`;
    const known = this.#open.get(key) ?? { toldAt: Number.NEGATIVE_INFINITY, times: 0 };
    known.times += times;
    this.#open.set(key, known);
    const waitMs = known.toldAt + QUIET_MS - this.#clock.monotonicMs();
    if (waitMs <= 0) {
      this.#tellOf(key, queue, why);
      return;
    }
    // Reports the rest also when no further refusal comes.
    known.timer ??= setTimeout(() => this.#tellOf(key, queue, why), waitMs).unref();
  };

  #tellOf(key: string, queue: string, why: JobRefusal["why"]): void {
    const known = this.#open.get(key);
    if (!known || known.times === 0) return;
    clearTimeout(known.timer);
    this.#open.set(key, { toldAt: this.#clock.monotonicMs(), times: 0 });
    this.#tell({ queue, why, times: known.times });
  }
}

/**
 * A place whose refusals are reported through {@link Refusals}. Logs them, and unsigned jobs that
 * were moved.
 */
export function guarded(
  place: QueuePlace,
  tell: (refusal: JobRefusal) => void,
  log: { warn(fields: object, text: string): void },
): QueuePlace {
  const onTakenAlong: QueuePlace["onTakenAlong"] = (taken) => log.warn(taken, TAKEN_ALONG);
  const onRefused = (refusal: JobRefusal): void => {
    log.warn({ ...refusal }, REFUSED);
    tell(refusal);
  };
  return { ...place, onRefused: new Refusals(onRefused).add, onTakenAlong };
}

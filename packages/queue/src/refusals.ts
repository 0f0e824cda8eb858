import type { JobRefusal } from "@flotilla/contracts";
import type { QueuePlace } from "./place.ts";

/** The same refusal is told again at the earliest after this time. */
const QUIET_MS = 60_000;

const REFUSED = "⛔ jobs refused: this fleet did not write them";
const TAKEN_ALONG =
  "jobs of version 0.1 were taken along: they are not signed. From the first signed one on none is taken any more";

/** Counts what was refused, and tells of it: the first time at once, then once a minute with how often it was meanwhile. */
export class Refusals {
  readonly #tell: (refusal: JobRefusal) => void;
  readonly #now: () => number;
  readonly #open = new Map<string, { toldAt: number; times: number; timer?: NodeJS.Timeout }>();

  /** `now` in milliseconds, for what has to be counted in between. */
  constructor(tell: (refusal: JobRefusal) => void, now: () => number = () => performance.now()) {
    this.#tell = tell;
    this.#now = now;
  }

  /** For `QueuePlace.onRefused`. */
  readonly add = ({ queue, why, times }: JobRefusal): void => {
    const key = `${queue} ${why}`;
    const known = this.#open.get(key) ?? { toldAt: Number.NEGATIVE_INFINITY, times: 0 };
    known.times += times;
    this.#open.set(key, known);
    const waitMs = known.toldAt + QUIET_MS - this.#now();
    if (waitMs <= 0) {
      this.#tellOf(key, queue, why);
      return;
    }
    // The rest is told also when nothing more comes.
    known.timer ??= setTimeout(() => this.#tellOf(key, queue, why), waitMs).unref();
  };

  #tellOf(key: string, queue: string, why: JobRefusal["why"]): void {
    const known = this.#open.get(key);
    if (!known || known.times === 0) return;
    clearTimeout(known.timer);
    this.#open.set(key, { toldAt: this.#now(), times: 0 });
    this.#tell({ queue, why, times: known.times });
  }
}

/** The place, and who hears of what is refused there, as {@link Refusals} tells it; that, and what is taken along unsigned, is logged. */
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

import type { JobRefusal } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { say } from "../kit/words/said.ts";
import { alertBody } from "./alert-body.ts";
import type { Condition } from "./watch.ts";

/** What was refused in a queue lately. */
export interface RefusedSight extends JobRefusal {
  readonly at: number;
}

/** Milliseconds after the last one until the alert ends. */
const OVER_MS = 30 * 60_000;

/**
 * Jobs that processes of this fleet refused: a stranger wrote them, or a program of another
 * version.
 */
export class RefusedJobs {
  /** By queue and reason. */
  readonly #kinds = new Map<string, RefusedSight>();

  /** For the metrics. */
  onAdd: (refusal: JobRefusal) => void = () => {};

  /** Refused by any process of the fleet, this one too. */
  add(refusal: JobRefusal, at: number): void {
    const { queue, why, times } = refusal;
    this.onAdd(refusal);
    const key = `${queue} ${why}`;
    this.#kinds.set(key, { queue, why, times: times + (this.#kinds.get(key)?.times ?? 0), at });
  }

  /** Those of the last half hour, per queue and reason. */
  all(now: number): RefusedSight[] {
    for (const [key, { at }] of this.#kinds) if (now - at > OVER_MS) this.#kinds.delete(key);
    return [...this.#kinds.values()];
  }
}

/**
 * One alert per queue: each reason with its own count and what helps, the most frequent one first.
 */
export function refusedConditions(refused: readonly RefusedSight[], host: HostId): Condition[] {
  return [...Map.groupBy(refused, ({ queue }) => queue)].map(([queue, kinds]) => {
    const count = kinds.reduce((sum, { times }) => sum + times, 0);
    const whys = kinds
      .toSorted((one, other) => other.times - one.times)
      .map(({ why, times }) => say(`alert-refused-${why}`, { count: times }));
    const title = say("alert-refused-job", { queue, count });
    const details = [...whys, say("alert-refused-do")];
    return {
      subject: `wire:${queue}`,
      body: alertBody({
        kind: "refused-job",
        host,
        title,
        details,
        buttons: ["doctor", "health"],
      }),
    };
  });
}
